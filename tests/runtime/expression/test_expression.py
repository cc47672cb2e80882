"""The language of derived features: what expressions give, what is wrong with others, and that all readers agree."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.contract.features import resolve
from mlgen_runtime.contract.schema import Column
from mlgen_runtime.core import cells
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.expression import evaluation
from mlgen_runtime.expression.functions import FUNCTIONS, LEARNT
from mlgen_runtime.tabular import derivation, portable
from mlgen_runtime.tabular.derivation import Derivation, Step

COLUMNS = (
    Column(name="income", nullable=True),
    Column(name="size", type="integer", nullable=True),
    Column(name="site", type="category", categories=("A", "B c"), nullable=True),
    Column(name="note", type="text", role="ignore", nullable=True),
    Column(name="open", type="boolean", nullable=True),
    Column(name="start", type="datetime", zone="Europe/Berlin", nullable=True),
    Column(name="end", type="datetime", nullable=True),
    Column(name="hours-per-week", nullable=True),
    Column(name="goal", role="target", type="category", categories=("no", "yes")),
    Column(name="customer", role="id", type="text"),
)
#: 2024-06-30 12:00 UTC in microseconds.
NOW = 1_719_748_800_000_000
ROW: dict[str, Any] = {
    "income": 1200.0,
    "size": 3,
    "site": "B c",
    "note": "Große Freude  am Meer",
    "open": True,
    "start": "2024-06-29T23:30:00Z",
    "end": "2024-01-31",
    "hours-per-week": 38.5,
}
EMPTY: dict[str, Any] = dict.fromkeys(ROW)
READER = Path(portable.__file__).parent


def derived(expressions: dict[str, str], task: str = "binary") -> Derivation:
    """What computes some expressions, none of which learns."""
    features = resolve({name: {"expression": text} for name, text in expressions.items()}, COLUMNS, task)
    taken = {name for feature in features for name in feature.columns}
    steps = tuple(Step(feature.name, feature.type, feature.tree) for feature in features)
    return Derivation(tuple(derivation.source(column) for column in COLUMNS if column.name in taken), steps)


def value(expression: str, row: dict[str, Any] = ROW) -> Any:
    """What an expression is of one row: a number, None or NaN, a text, a moment."""
    (found,) = derived({"x": expression}).columns({name: [cell] for name, cell in row.items()}, NOW)["x"].tolist()
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("income / (size + 1)", 300.0),
        ("-size ** 2", -9.0),
        ("2 ** -1 * size", 1.5),
        ("income - 200 - 1", 999.0),
        ("7 % size + -7 % size", 3.0),
        ("`hours-per-week` * 2", 77.0),
        ("1e3 + .5 * size", 1001.5),
        ("size > 2 and not income < 100", 1.0),
        ("size == 3 or size / 0 > 1", 1.0),
        ("size / 0 > 1 and size == 4", 0.0),
        ("where(open, site, 'none')", "B c"),
        ("where(size in [1, 2], 'few', 'many')", "many"),
        ("site in ['A', 'B c']", 1.0),
        ("site != 'A'", 1.0),
        ("note == 'x'", 0.0),
        ("missing(income) or missing(site)", 0.0),
        ("coalesce(null, size)", 3.0),
        ("abs(-size) + sqrt(16) + log(exp(size)) + log1p(0 * size)", 10.0),
        ("floor(size / 2) * 100 + ceil(size / 2) * 10 + round(size / 2)", 122.0),
        ("round(income / 7, 2)", 171.43),
        ("round(income, -3)", 1000.0),
        ("min(size, 2, 5) + max(size, income)", 1202.0),
        ("clip(income, 0, 1000)", 1000.0),
        ("bucket(size, [1, 3, 7.5])", "3 to 7.5"),
        ("bucket(-size, [1])", "below 1"),
        ("cross(site, open, bucket(income, [1e3]))", "B c × true × from 1000"),
        ("lower(note)", "große freude  am meer"),
        ("length(note)", 21.0),
        ("words(note)", 4.0),
        ("contains(note, 'Meer')", 1.0),
        ('contains(note, "it\'s")', 0.0),
        ("day(start) * 100 + hour(start)", 3001.0),
        ("weekday(start)", 6.0),
        ("month(end) + year(end) + minute(end)", 2025.0),
        ("days(end, '2024-03-01')", 30.0),
        ("hours(start, now)", 12.5),
        ("minutes(now, start)", -750.0),
        ("start < now and start > '2024-06-29'", 1.0),
        ("open * 2 + open", 3.0),
    ],
)
def test_an_expression_gives(expression: str, expected: Any) -> None:
    """Operators by their precedence, every function, texts, categories, dates by the clocks of their zone."""
    found = value(expression)

    assert found == (pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected)


@pytest.mark.parametrize(
    "expression",
    [
        *("size / 0", "size % 0", "0 * size / 0", "sqrt(-size)", "log(size - 3)", "log1p(-size)", "exp(income)"),
        *(
            "income ** 400",
            "(-size) ** 0.5",
            "1e308 * income",
            "1e308 * 1e308 - size",
            "(size - 3) ** -1",
            "1e39 * size",
        ),
    ],
)
def test_what_has_no_value_is_missing(expression: str) -> None:
    """Division by zero, a root of less than nothing, overflow, also of the 32 bits that models compute in."""
    assert math.isnan(value(expression))
    assert value(f"missing({expression})") == (expression != "1e39 * size")  # in 64 bits it is there


@pytest.mark.parametrize(
    "expression",
    [
        *("income + 1", "income ** 0", "min(income, 1)", "income > 1", "income == income", "not open", "open and true"),
        *("where(open, 1, 2)", "bucket(income, [1])", "cross(site, open)", "lower(note)", "words(note)"),
        *("site in ['A']", "days(start, now)", "weekday(start)", "round(income)", "clip(income, 0, 1)", "start < end"),
        *("where(open, start, end)", "where(true, site, 'x')", "contains(note, 'x')"),
    ],
)
def test_missing_stays_missing(expression: str) -> None:
    """Whatever is computed from a missing value is missing, whichever its type."""
    found = value(expression, EMPTY)

    assert found is None or found != found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("missing(note)", 1.0),
        ("coalesce(income, size, 7)", 7.0),
        ("coalesce(site, 'none')", "none"),
        ("open and false", 0.0),
        ("open or true", 1.0),
        ("where(missing(income), 0, income)", 0.0),
    ],
)
def test_what_asks_for_missing_values_gets_an_answer(expression: str, expected: Any) -> None:
    """These functions say what becomes of a gap; and, or are sure where one side decides."""
    assert value(expression, EMPTY) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("income / (famly_size + 1)", r"there is no column 'famly_size'.* \(at character 11\)"),
        ("incme + 1", r"no column 'incme' \(did you mean 'income'\?\) \(at character 1\)"),
        ("lenght(note)", r"no function 'lenght' \(did you mean 'length'\?\)"),
        ("log", "no column 'log'"),
        ("log(site)", r"log takes a number, and site is a category \(at character 5\)"),
        ("site + 1", r"\+ takes a number, and site is a category"),
        ("not income", "not takes true or false, and income is a number"),
        ("where(income, 1, 2)", "where takes true or false"),
        ("where(open, 1, 'a')", "where takes values of one type"),
        ("site == 3", "== takes values of one type"),
        ("site < 'b'", "< compares numbers and dates, and this is a category"),
        ("cross(site, income)", r"income is a number; put it into buckets first: bucket\(x, \[10, 20\]\)"),
        ("group_mean(income, note)", "group_mean takes a category or a truth value, and note is a text"),
        ("bucket(income, [3, 2])", "a list of numbers that rise"),
        ("bucket(income, 3)", "a list of numbers that rise"),
        ("round(income, size)", "a number as it stands there"),
        ("round(income, 1.5)", "a whole number of digits"),
        ("contains(note, site)", "a text in quotes there"),
        ("start > 'soon'", r"'soon' is no date; expected one like '2024-01-31'"),
        ("log(income, 2)", r"log takes 1 argument, and has 2: log\(x\)"),
        ("max(income)", "max takes at least 2 arguments, and has 1"),
        ("site in []", "in takes a list"),
        ("[1] + income", "a list stands only behind in"),
        ("income +", r"it ends where a column.*belongs; see docs/features.md \(at character 9\)"),
        ("(income", r"'\)' is missing before the end"),
        ("income)", r"'\)' does not belong there"),
        ("income = 3", "'=' has no meaning; compare with =="),
        ("open & open", "'&' has no meaning; write and"),
        ("1 < income < 3", "one comparison cannot follow another"),
        ("income.__class__", "no column 'income.__class__'"),
        ("__import__('os')", "no function '__import__'"),
        ("lambda: 1", "':' has no meaning"),
        ("'open", "has no meaning"),
        ("and", "'and' stands where a value belongs"),
        ("3 + 4", "takes no column, so it says nothing"),
        ("null", "takes no column"),
        ("coalesce(null, null)", "nothing but null to give"),
        ("where(size > 1, hour(now), 0)", "asks for now, and takes no date"),
        ("1e999 * size", "the number is too large"),
        ("goal == 'yes'", "goal is the target, which no prediction knows before"),
        ("customer == 'x'", r"customer names rows \(role id\)"),
        ("(" * 50 + "size" + ")" * 50, "nested more than 40 deep"),
        ("+".join(["size"] * 300), "more than 400 words and marks"),
    ],
)
def test_a_wrong_expression_is_one_line_with_its_place(expression: str, words: str) -> None:
    """The feature, what was written, what is wrong and where, with the nearest name; nothing of it is Python."""
    with pytest.raises(InputError, match=words) as refused:
        derived({"x": expression})

    assert str(refused.value).startswith("features.x: ") and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"a": "b + 1", "b": "c", "c": "a * 2"}, r"features.a: it takes itself, a → b → c → a; break the circle"),
        ({"a": "a + 1"}, "it takes itself, a → a"),
        ({"income": "size"}, "features.income: the contract has a column of that name"),
        ({" ": "size"}, "a feature has no name"),
    ],
)
def test_features_that_cannot_stand_together_are_refused(wanted: dict[str, str], words: str) -> None:
    """A cycle names its members; a feature cannot have the name of a column."""
    with pytest.raises(InputError, match=words):
        derived(wanted)


def test_features_may_use_features_in_any_order() -> None:
    """They are computed one after the other, whatever the order in which they were written."""
    found = derived({"c": "a + b", "a": "b * 2", "b": "size + 1"}).columns({"size": [3, None]}, NOW)

    assert list(found) == ["b", "a", "c"]
    assert found["c"].tolist()[0] == 12.0 and math.isnan(found["c"][1])


def test_target_mean_is_refused_for_several_classes() -> None:
    """There is no one mean of three labels."""
    with pytest.raises(InputError, match="the task is multiclass"):
        derived({"x": "target_mean(site)"}, "multiclass")


# Random expressions. What libraries round by their own lights (log, exp, powers) stands at the top only: a floor or a
# comparison of two numbers that differ in the last bit is another value.


def numbers(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["income", "size", "open", "2", "0.5", "0", "1e3", "`hours-per-week`"])
    if not depth:
        return leaves
    less, words = numbers(depth - 1), texts(depth - 1)
    two = st.builds("({} {} {})".format, less, st.sampled_from("+-*/%"), less)
    function = st.sampled_from(["abs", "sqrt", "floor", "ceil", "round", "-"])
    one = st.builds("{}({})".format, function, less)
    several = st.builds("{}({}, {}, {})".format, st.sampled_from(["min", "max", "clip"]), less, less, less)
    chosen = st.builds("where({}, {}, {})".format, booleans(depth - 1), less, less | st.just("null"))
    of_texts = st.builds("{}({})".format, st.sampled_from(["length", "words"]), words)
    part = st.sampled_from(["year", "month", "day", "weekday", "hour", "minute"])
    parts = st.builds("{}({})".format, part, moments())
    spans = st.builds("{}({}, {})".format, st.sampled_from(["days", "hours", "minutes"]), moments(), moments())
    rounded = st.builds("round({}, {})".format, less, st.integers(-3, 4))
    filled = st.builds("coalesce({}, {})".format, less, less)
    return leaves | two | one | several | chosen | of_texts | parts | spans | rounded | filled


def booleans(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["open", "true", "missing(income)", "missing(note)", "missing(end)", "site in ['A', 'q']"])
    if not depth:
        return leaves
    less = booleans(depth - 1)
    comparison = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    compared = st.builds("({} {} {})".format, numbers(depth - 1), comparison, numbers(depth - 1))
    dated = st.builds("({} {} {})".format, moments(), comparison, moments())
    joined = st.builds("({} {} {})".format, less, st.sampled_from(["and", "or"]), less)
    same = st.builds("({} {} {})".format, texts(depth - 1), st.sampled_from(["==", "!="]), st.just("'B c'"))
    found = st.builds("contains({}, {})".format, texts(depth - 1), st.sampled_from(["'c'", "'ß'", "' '"]))
    return leaves | compared | dated | joined | same | found | st.builds("(not {})".format, less)


def texts(depth: int) -> st.SearchStrategy[str]:
    leaves = st.sampled_from(["site", "note", "lower(note)", "'a × b'", "bucket(size, [0, 2.5])"])
    if not depth:
        return leaves
    chosen = st.builds("where({}, {}, {})".format, booleans(depth - 1), leaves, leaves)
    return leaves | chosen | st.builds("cross(site, {})".format, booleans(depth - 1)) | st.just("coalesce(note, 'x')")


def moments() -> st.SearchStrategy[str]:
    return st.sampled_from(["start", "end", "now", "where(open, start, null)", "coalesce(end, now)"])


EXPRESSIONS = (
    numbers(3)
    | booleans(3)
    | texts(2)
    | moments()
    | st.builds("{}({})".format, st.sampled_from(["log", "log1p", "exp"]), numbers(2))
    | st.builds("({}) ** ({})".format, numbers(1), numbers(1))
)
NUMBERS = st.none() | st.integers(-5, 5) | st.floats(-1e6, 1e6, width=32) | st.sampled_from([1e300, -0.0, 1e-300, ""])
ROWS = st.fixed_dictionaries(
    {
        "income": NUMBERS.map(lambda cell: cell if cell is None or cell == "" or abs(cell) < 1e38 else 1e38),
        "size": st.none() | st.integers(-9, 9),
        "site": st.sampled_from([None, "A", "B c", "new", " ", "ÄΣ"]),
        "note": st.none() | st.text(st.sampled_from("aB ßÄΣ\t\u00a0\U0001f600"), max_size=9),
        "open": st.sampled_from([None, True, False, "true"]),
        "start": st.sampled_from(
            [None, "2024-06-29T23:30:00Z", "1969-12-31", "2024-10-27T03:30:00.25+01:00", "9999-12-31"]
        ),
        "end": st.sampled_from([None, "2024-01-31", "1700-02-28T05:06:07.123456", "2024-02-29 23:59"]),
        "hours-per-week": NUMBERS.map(lambda cell: cell if cell is None or cell == "" or abs(cell) < 1e38 else -1e38),
    }
)


def collected(count: int) -> list[tuple[str, list[dict[str, Any]]]]:
    """Random expressions that say something, each with rows."""
    found: list[tuple[str, list[dict[str, Any]]]] = []

    @given(EXPRESSIONS, st.lists(ROWS, min_size=1, max_size=4))
    @settings(max_examples=count, deadline=None, database=None, derandomize=True)
    def collect(expression: str, rows: list[dict[str, Any]]) -> None:
        found.append((expression, rows))

    collect()
    return found


def plain(values: np.ndarray) -> list[Any]:
    """Values as JSON would hold them, moments in microseconds."""
    if values.dtype.kind == "M":
        return [None if np.isnat(each) else int(each.astype(np.int64)) for each in values]
    return [None if each is None or each != each else each for each in values.tolist()]


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same, up to the last bits of a number."""
    if isinstance(one, float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-300)
    return bool(one == other)


@pytest.fixture(scope="module")
def asked() -> list[tuple[str, dict[str, Any], list[dict[str, Any]], list[Any]]]:
    """Expressions, their tables, rows, and what is derived from these here."""
    found = []
    for expression, rows in collected(600):
        try:
            held = derived({"x": expression})
        except InputError as refused:
            assert "takes no column" in str(refused) or "asks for now" in str(refused)
            continue
        columns = {name: [row[name] for row in rows] for name in ROW}
        found.append((expression, held.to_dict(), rows, plain(held.columns(columns, NOW)["x"])))
    assert len(found) > 300
    return found


def test_one_row_is_derived_as_many_are(asked: list[Any]) -> None:
    """A row's features do not depend on the rows beside it."""
    for expression, _, rows, expected in asked:
        held = derived({"x": expression})
        single = [plain(held.columns({name: [row[name]] for name in ROW}, NOW)["x"])[0] for row in rows]
        assert single == expected, expression


def test_the_copied_reader_derives_alike(asked: list[Any], tmp_path: Path) -> None:
    """Random expressions and rows: derived.py in an exported folder gives the very same values."""
    for name in ("derived.py", "moments.py"):
        shutil.copy(READER / name, tmp_path)
    shutil.copy(evaluation.__file__, tmp_path)
    shutil.copy(cells.__file__, tmp_path)
    (tmp_path / "asked.json").write_text(json.dumps([[tables, rows] for _, tables, rows, _ in asked]), "utf8")
    (tmp_path / "ask.py").write_text(
        "import json, derived\n"
        "def told(cell): return int(cell.astype('int64')) if hasattr(cell, 'astype') else cell\n"
        "def asked(tables, rows):\n"
        "    held = derived.Derivation(tables, set(), lambda *why: ValueError(why))\n"
        f"    found = [told(row['x']) for row in held.added(rows, 1, {NOW})]\n"
        "    return [None if cell is None or cell != cell else cell for cell in found]\n"
        "print(json.dumps([asked(*each) for each in json.load(open('asked.json'))]))\n",
        "utf8",
    )
    done = subprocess.run([sys.executable, "ask.py"], cwd=tmp_path, capture_output=True, text=True, check=True)

    for (expression, _, rows, expected), found in zip(asked, json.loads(done.stdout), strict=True):
        assert found == expected, (expression, rows)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_derives_alike(asked: list[Any], tmp_path: Path) -> None:
    """Random expressions and rows: derived.mjs gives the same texts and dates, and numbers up to their last bits."""
    source = (READER / "reader.mjs").read_text("utf8")
    (tmp_path / "cells.mjs").write_text(source + "\nexport { reader, clockOf };\n", "utf8")
    for name in ("derived.mjs", "words.mjs"):
        shutil.copy(READER / name, tmp_path)
    (tmp_path / "asked.json").write_text(json.dumps([[tables, rows] for _, tables, rows, _ in asked]), "utf8")
    (tmp_path / "ask.mjs").write_text(
        'import { readFileSync } from "node:fs"; import { reader, clockOf } from "./cells.mjs";\n'
        'import { Derivation } from "./derived.mjs";\n'
        "const refuse = (...why) => { throw new Error(why.join()); };\n"
        "const told = (cell) => (cell instanceof Object ? cell.at : typeof cell === 'boolean' ? Number(cell) : cell);\n"
        "const asked = ([tables, rows]) => {\n"
        "  const held = new Derivation(tables, reader, clockOf);\n"
        f"  return rows.map((row) => told(held.of(row, {NOW}, refuse).x));\n"
        "};\n"
        'console.log(JSON.stringify(JSON.parse(readFileSync("asked.json", "utf8")).map(asked)));\n',
        "utf8",
    )
    done = subprocess.run(["node", "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)

    for (expression, _, rows, expected), found in zip(asked, json.loads(done.stdout), strict=True):
        assert all(map(alike, expected, found)), (expression, rows, expected, found)


def test_the_project_s_page_has_every_function() -> None:
    """The table of docs/features.md is that of the language, word for word."""
    page = (READER.parents[3] / "{{rows}}" / "docs" / "features.md").read_text("utf8")

    for function in FUNCTIONS.values():
        assert f"| `{function.form}` | " in page and f" | {function.says} |" in page


def test_every_function_is_tried_here() -> None:
    """A new function comes with its tests: the table above names each of them."""
    text = Path(__file__).read_text("utf8")

    assert [name for name in FUNCTIONS if name not in LEARNT and f"{name}(" not in text] == []
