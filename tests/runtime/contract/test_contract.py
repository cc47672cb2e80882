"""The contract: proposed from rows, kept as YAML, obeyed by typed columns, and checked with all problems at once."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, assume, example, given, reject, settings
from mlgen_runtime import contract
from mlgen_runtime.cli.contract import run
from mlgen_runtime.contract import Column, Contract, checks, leakage, report_page
from mlgen_runtime.contract.data_profile import profile
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.jsonable import plain
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.settings import ContractSettings
from mlgen_runtime.rows.split import Part, Split
from mlgen_runtime.tabular.use_case import USE_CASE
from sample_projects import TEMPLATE

CHECKS = USE_CASE.checks
CONF = TEMPLATE / "{{rows}}" / "conf" / "contract" / "default.yaml"
SETTINGS = ContractSettings(**yaml.safe_load(CONF.read_text("utf8")))


def customers(rows: int = 200) -> pd.DataFrame:
    """A small table with one column of each kind."""
    random = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "customer_id": [f"C-{i:05d}" for i in range(rows)],
            "plan": random.choice(["basic", "plus", "pro"], rows),
            "months": random.integers(0, 72, rows),
            "charges": np.round(random.normal(50, 10, rows), 2),
            "active": random.random(rows) < 0.5,
            "since": pd.date_range("2020-01-01", periods=rows, freq="D").strftime("%Y-%m-%d"),
            "churn": random.choice(["no", "yes"], rows),
        }
    )


def column(found: Contract, name: str) -> Column:
    """The entry of one column."""
    return next(entry for entry in found.columns if entry.name == name)


def problems(frame: pd.DataFrame, found: Contract, **changes: Any) -> dict[str, list[contract.Problem]]:
    """The problems of some rows by check."""
    split = changes.pop("split", None)
    listed: dict[str, list[contract.Problem]] = {}
    for problem in contract.check(frame, found, dataclasses.replace(SETTINGS, **changes), CHECKS, split):
        listed.setdefault(problem.check, []).append(problem)
    return listed


# Proposing


def test_roles_and_types_are_proposed_from_names_and_values() -> None:
    found = infer(customers(), target="churn")

    assert [(c.name, c.role, c.type) for c in found.columns] == [
        ("customer_id", "id", "text"),
        ("plan", "feature", "category"),
        ("months", "feature", "integer"),
        ("charges", "feature", "number"),
        ("active", "feature", "boolean"),
        ("since", "time", "datetime"),
        ("churn", "target", "category"),
    ]
    assert found.task == "binary" and found.labels == ("no", "yes")
    assert column(found, "plan").categories == ("basic", "plus", "pro")


def test_every_column_that_the_model_does_not_see_says_why() -> None:
    frame = customers().assign(
        same=1,
        empty=None,
        codes=[f"{i}-{7919 * i} {i * i + 1000}" for i in range(200)],
        copy=lambda f: f.churn.str.upper(),
    )

    found = infer(frame, target="churn")

    assert {c.name for c in found.columns if c.role == "ignore"} == {"same", "empty", "codes", "copy"}
    assert all(c.note for c in found.columns if c.role in ("ignore", "id"))


def test_numbers_written_as_text_with_blanks_are_numbers_with_a_note() -> None:
    frame = customers().assign(total=[" ", " ", *(f"{i}.5" for i in range(198))])

    found = column(infer(frame, target="churn"), "total")

    assert (found.type, found.written_as_text, found.nullable) == ("number", True, True)
    assert found.note is not None and "2 cells" in found.note


def test_codes_with_leading_zeros_stay_text() -> None:
    frame = customers().assign(zone=["007", "012"] * 100)

    assert column(infer(frame, target="churn"), "zone").categories == ("007", "012")


@pytest.mark.parametrize(
    ("cells", "task"),
    [
        ([0, 1] * 100, "binary"),
        (["a", "b", "c", "d"] * 50, "multiclass"),
        ([3, 4, 5, 6, 7] * 40, "multiclass"),
        (list(range(200)), "regression"),
        ([0.5, 1.5, 2.5, 9.25] * 50, "regression"),
        ([True, False] * 100, "binary"),
    ],
)
def test_the_task_is_read_from_the_target(cells: list[Any], task: str) -> None:
    assert infer(customers().assign(goal=cells), target="goal").task == task


def test_the_task_can_be_overruled() -> None:
    frame = customers().assign(goal=[3, 4, 5, 6, 7] * 40)

    assert infer(frame, target="goal", task="regression").labels == ()
    with pytest.raises(InputError, match="expected 2 for task=binary"):
        infer(frame, target="goal", task="binary")


def test_labels_of_whole_numbers_are_sorted_by_size() -> None:
    found = infer(customers().assign(goal=[2, 10] * 100), target="goal")

    assert found.labels == ("2", "10") and found.label_values == (2, 10)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"target": "chrun"}, "did you mean 'churn'"),
        ({"target": None}, "data.target is not set"),
        ({"target": "churn", "key": ["custmer_id"]}, "did you mean 'customer_id'"),
        ({"target": "churn", "drop": ["churn"]}, "also in data.drop"),
        ({"target": "customer_id"}, "too many for classes"),
        ({"target": "since"}, "holds dates"),
    ],
)
def test_a_target_that_cannot_be_is_refused_with_a_next_step(names: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        infer(customers(), **names)


def test_dates_in_other_ways_of_writing_keep_their_format() -> None:
    days = pd.date_range("2023-01-20", periods=200, freq="D")
    frame = customers().drop(columns="since").assign(day=days.strftime("%d.%m.%Y"))

    found = infer(frame, target="churn")

    assert column(found, "day").format == "%d.%m.%Y"
    assert contract.conform(frame, found)["day"].tolist() == days.tolist()


def test_rows_of_one_customer_are_proposed_as_a_group() -> None:
    frame = customers().assign(customer_id=[f"C-{i // 4}" for i in range(200)])

    assert column(infer(frame, target="churn"), "customer_id").role == "group"


# Leakage


def test_columns_that_add_up_to_the_target_are_ignored_with_the_sum_as_reason() -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"casual": random.integers(0, 99, 300), "registered": random.integers(0, 500, 300)})
    frame = frame.assign(temp=random.normal(size=300), count=frame.casual + frame.registered)

    found = infer(frame, target="count")

    assert [c.role for c in found.columns] == ["ignore", "ignore", "feature", "target"]
    assert "count = casual + registered" in str(column(found, "casual").note)


def test_an_exact_leak_made_a_feature_again_is_an_error() -> None:
    frame = customers().assign(copy=lambda f: f.churn.map({"no": "N", "yes": "Y"}))
    found = infer(frame, target="churn")
    forced = dataclasses.replace(
        found, columns=tuple(dataclasses.replace(c, role="feature") if c.name == "copy" else c for c in found.columns)
    )

    (problem,) = problems(frame, forced)["exact_leaks"]

    assert problem.severity == "error" and problem.column == "copy"


def test_a_feature_that_alone_tells_the_target_is_a_warning() -> None:
    random = np.random.default_rng(3)
    frame = customers().assign(hint=lambda f: (f.churn == "yes") + random.normal(0, 0.1, 200))
    found = infer(frame, target="churn")

    (problem,) = problems(frame, found)["suspicious_features"]

    assert column(found, "hint").role == "feature"
    assert problem.severity == "warning" and problem.figure is not None and problem.figure > 0.99


def test_a_noisy_feature_and_a_key_are_no_suspects() -> None:
    random = np.random.default_rng(4)
    truth = leakage.Seen("y", None, random.integers(0, 2, 400))

    assert leakage.strength(truth, leakage.Seen("noise", random.normal(size=400)), "binary") < 0.7
    assert leakage.strength(truth, leakage.Seen("key", None, np.arange(400)), "binary") < 0.7


@pytest.mark.parametrize("scale", [1.0, 0.001, 1000.0])
def test_a_target_in_other_units_is_an_identity(scale: float) -> None:
    values = np.random.default_rng(5).normal(size=200)

    found = leakage.identity(leakage.Seen("y", values), [leakage.Seen("x", values * scale + 3)])

    assert found is not None and found.columns == ("x",)


# The file


def test_a_contract_survives_its_file(tmp_path: Path) -> None:
    found = infer(customers(), target="churn", source="data/customers.csv")

    contract.dump(found, tmp_path / "data" / "contract.yaml")

    assert contract.load(tmp_path / "data" / "contract.yaml", VOCABULARY) == found
    assert (tmp_path / "data" / "contract.yaml").read_text("utf8").startswith("# The data contract")
    assert Contract.from_dict(json.loads(json.dumps(found.to_dict())), VOCABULARY) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: binary\ncolumns: [", "line 2: not valid YAML"),
        ("just words", "holds no contract"),
        ("task: binery\ncolumns: {}", "did you mean 'binary'"),
        ("task: binary\ncolumns: {a: {role: featur, type: number}}", "did you mean 'feature'"),
        ("task: binary\ncolumns: {a: {rle: feature}}", "did you mean 'role'"),
        ("task: binary\ncolumns: {a: {minimum: low}}", "expected a number"),
        ("task: binary\ncolumns: {a: {minimum: 5, maximum: 1}}", "minimum 5 above maximum 1"),
        ("task: binary\ncolumns: {a: {categories: [x, x]}}", "more than once"),
        ("task: binary\ncolumns: {a: {}, a: {}}", "'a' is given twice"),
    ],
)
def test_a_contract_that_a_reviewer_broke_says_where(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text(text, "utf8")

    with pytest.raises(InputError, match=message):
        contract.load(tmp_path / "contract.yaml", VOCABULARY)


# Typed columns


def test_typed_rows_hold_floats_dates_and_text() -> None:
    typed = contract.conform(customers().astype({"months": "str"}), infer(customers(), target="churn"))

    kinds = {name: str(kind) for name, kind in typed.dtypes.items()}
    assert kinds["months"] == kinds["charges"] == kinds["active"] == "float64"
    assert kinds["since"] == "datetime64[ns]" and kinds["plan"] == kinds["customer_id"] == "object"


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.uint64])
def test_numbers_of_any_width_keep_their_value(dtype: Any) -> None:
    """A float32 is the same float64, a whole number too; infinite ones are missing."""
    charges = np.array([0.1, 3.5, 7.0, 120.0]).astype(dtype)
    found = infer(customers(), target="churn")
    rows = pd.DataFrame({name: customers(4)[name] for name in customers()} | {"charges": charges})

    read = contract.conform(rows, found)["charges"].to_numpy()

    assert read.dtype == np.float64
    assert read.tolist() == [float(value) for value in charges]
    if np.issubdtype(dtype, np.floating):
        rows["charges"] = np.array([np.inf, 1.5, -np.inf, np.nan], dtype=dtype)
        assert np.array_equal(contract.conform(rows, found)["charges"], [np.nan, 1.5, np.nan, np.nan], equal_nan=True)


def test_bytes_are_the_text_that_they_spell() -> None:
    """Parquet of an older Spark holds texts as bytes; they are the categories that a CSV has, not unseen ones."""
    found = infer(customers(), target="churn")
    rows = customers()
    spelt = rows.assign(plan=[None if pd.isna(cell) else str(cell).encode() for cell in rows["plan"]])

    assert contract.conform(spelt, found)["plan"].equals(contract.conform(rows, found)["plan"])


def test_typed_rows_are_one_s_own() -> None:
    """Whoever changes them does not change the rows that they were read from, nor is refused."""
    rows = customers(3)
    found = infer(customers(), target="churn")
    before = rows["charges"].tolist()

    read = contract.conform(rows, found)
    read.loc[0, "charges"] = -1.0

    assert read["charges"].iloc[0] == -1.0
    assert rows["charges"].tolist() == before


def test_a_cell_that_cannot_be_read_is_refused_by_column_value_and_row() -> None:
    frame = customers()
    found = infer(frame, target="churn")
    frame["months"] = frame["months"].astype(object)
    frame.loc[4, "months"] = "many"

    with pytest.raises(InputError, match="column 'months' holds 'many' in row 5, expected a whole number"):
        contract.conform(frame, found)
    assert np.isnan(contract.conform(frame, found, lenient=True)["months"][4])


@pytest.mark.parametrize("cells", [[3, None, 7], [3.0, None, 7.0], ["3", "", "7.0"]])
def test_a_number_is_the_category_that_says_the_same(cells: list[Any]) -> None:
    """A file of whole numbers, of floats and of text mean the same, where the contract lists what there is."""
    code = Column(name="code", type="category", categories=("3", "7"))
    entries = (code, Column(name="y", role="target", type="number"))
    found = Contract(vocabulary=VOCABULARY, task="regression", columns=entries)
    given = pd.Series(cells, dtype="Int64" if cells[0] == 3 and type(cells[0]) is int else None)

    typed = contract.conform(pd.DataFrame({"code": given, "y": [1, 2, 3]}), found)

    assert typed["code"].tolist() == ["3", None, "7"]


@pytest.mark.parametrize(
    ("cells", "codes"),
    [(["no", "yes", "no"] * 10, [0, 1, 0]), ([5, 3, 5] * 10, [0, 1, 0]), ([True, False, True] * 10, [1, 0, 1])],
)
def test_labels_become_codes_in_the_order_of_the_contract(cells: list[Any], codes: list[int]) -> None:
    """The positive class is 1: yes, true, or the rarer number."""
    frame = pd.DataFrame({"x": [1, 2, 2] * 10, "y": cells})
    found = infer(frame, target="y")

    truth = contract.truth(contract.conform(frame, found), found)

    assert truth[:3].tolist() == codes
    assert [found.label_values[code] for code in truth[:3]] == cells[:3]


# Checks


def test_rows_keep_the_contract_that_was_inferred_from_them() -> None:
    assert problems(customers(), infer(customers(), target="churn")) == {}


def test_all_problems_are_told_at_once() -> None:
    frame = customers()
    found = infer(frame, target="churn")
    broken = frame.drop(columns="plan").rename(columns={"active": "activ"}).assign(months=500, charges="cheap")
    broken.loc[:30, "since"] = None
    broken.loc[:2, "churn"] = "maybe"

    listed = problems(broken, found)

    assert {entry.column for entry in listed["missing_columns"]} == {"plan", "active"}
    assert listed["extra_columns"][0].column == "activ"
    assert listed["column_types"][0].message.startswith("charges holds 200 cells that are not a number")
    assert listed["out_of_range"][0].severity == "error" and listed["nulls"][0].column == "since"
    assert "'maybe'" in listed["unknown_labels"][0].message
    assert listed["constant_columns"][0].column == "months"


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("out_of_range", lambda f: f.assign(months=[900, *f.months[1:]])),
        ("new_categories", lambda f: f.assign(plan=["giant", *f.plan[1:]])),
        ("nulls", lambda f: f.assign(plan=[None, *f.plan[1:]])),
    ],
)
def test_few_bad_rows_are_a_warning_and_many_an_error(
    check: str, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    found = infer(customers(), target="churn")
    none = {"out_of_range_share": 0.0, "new_category_share": 0.0, "null_share": 0.0}

    assert problems(change(customers()), found)[check][0].severity == "warning"
    assert problems(change(customers()), found, **none)[check][0].severity == "error"
    assert check not in problems(change(customers()), found, severity={check: "off"})


def test_infinite_values_and_blank_numbers_are_named() -> None:
    frame = customers().astype({"charges": object})
    found = infer(customers(), target="churn")
    frame.loc[0, "charges"], frame.loc[1, "charges"] = "inf", " "

    listed = problems(frame, found)

    assert listed["infinite_values"][0].column == listed["blank_numbers"][0].column == "charges"


def test_repeats_thin_classes_and_ids_are_warned_of() -> None:
    frame = pd.concat([customers(), customers().head(20)], ignore_index=True)
    frame.loc[0, "churn"] = "perhaps"
    found = infer(frame.assign(churn=frame.churn), target="churn")
    keyed = dataclasses.replace(
        found,
        columns=tuple(
            dataclasses.replace(c, role="feature", type="category") if c.name == "customer_id" else c
            for c in found.columns
        ),
    )

    listed = problems(frame, keyed, split=Split((Part(np.arange(200), np.arange(200, 220)),), np.arange(200), "file"))

    assert listed["few_class_rows"][0].figure == 1
    assert listed["duplicate_rows"][0].figure == pytest.approx(19 / 220)
    assert listed["duplicates_across_split"][0].figure == pytest.approx(19 / 20)
    assert listed["id_like_features"][0].column == "customer_id"


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ({"no": 970, "yes": 30}, ["yes"]),
        ({"no": 900, "yes": 100}, ["yes"]),
        ({"no": 750, "yes": 250}, []),
        ({"no": 995, "yes": 5}, []),  # too few to learn from at all: few_class_rows says so
        (dict.fromkeys("abcdefghijklmnopqrst", 50), []),  # one of twenty classes has few rows by nature
        ({"a": 480, "b": 480, "c": 20, "d": 20}, ["c", "d"]),
    ],
)
def test_rare_classes_are_warned_of(counts: dict[str, int], named: list[str]) -> None:
    """A label of few rows, held against what an even share would be; with settings that weigh it like the others."""
    labels = np.repeat(list(counts), list(counts.values()))
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(labels)), "y": labels})

    listed = problems(frame, infer(frame, target="y")).get("rare_classes", [])

    assert bool(listed) == bool(named)
    for problem in listed:
        assert all(f"{label!r} in {counts[label] / len(labels):.1%} of the rows" in problem.message for label in named)
        advice = "decision.threshold=auto" if len(counts) == 2 else "gate.metric=balanced_accuracy"
        assert advice in problem.message
        assert "train.class_weight=balanced" in problem.message


def test_a_misspelt_check_in_the_severities_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'nulls'"):
        problems(customers(), infer(customers(), target="churn"), severity={"null": "off"})


def test_errors_stop_a_run_with_one_line() -> None:
    found = infer(customers(), target="churn")
    listed = contract.check(customers().drop(columns=["plan", "months"]), found, SETTINGS, CHECKS)

    with pytest.raises(InputError, match=r"column 'plan'.*and 1 more error"):
        contract.refuse(listed)


def test_every_check_has_a_severity_and_a_message_in_words() -> None:
    assert set(CHECKS) == set(SETTINGS.severity)
    assert all(len(check.title) > 10 and len(check.message) > 30 for check in CHECKS.values())


def test_all_that_is_wrong_with_columns_is_collected_at_once() -> None:
    """A number below its minimum and a category that nobody knows are both told."""
    found = infer(customers(), target="churn")
    typed = contract.conform(customers(), found)

    broken = typed.assign(months=-1.0, plan=pd.Series(["none"] * 200, dtype=object))

    assert not {problem.check for problem in contract.check(typed, found, SETTINGS, CHECKS)} & {"out_of_range"}
    ids = {problem.check for problem in contract.check(broken, found, SETTINGS, CHECKS)}
    assert {"out_of_range", "new_categories"} <= ids


# The verb


def test_the_verb_writes_a_contract_once_and_then_checks(configure: Any, capsys: pytest.CaptureFixture[str]) -> None:
    customers().to_csv(configure().root / "data" / "own.csv", index=False)
    config = configure("data.path=data/own.csv", "data.target=churn")

    first, second = run(config), run(config)

    assert (first.summary["inferred"], second.summary["inferred"]) == (True, False)
    assert first.exit_code == second.exit_code == 0
    assert contract.load(config.root / "data" / "contract.yaml", VOCABULARY).source == "data/own.csv"
    assert "customer_id" in capsys.readouterr().out
    assert "<h2>Columns</h2>" in (config.root / "reports" / "contract.html").read_text("utf8")


def test_the_verb_exits_with_2_and_the_whole_report_where_rows_break_the_contract(configure: Any) -> None:
    config = configure("data.path=data/own.csv", "data.target=churn")
    customers().to_csv(config.root / "data" / "own.csv", index=False)
    run(config)
    customers().assign(months="x").drop(columns="plan").to_csv(config.root / "data" / "own.csv", index=False)

    report = run(config)

    assert report.exit_code == 2
    assert {problem["check"] for problem in report.summary["problems"]} >= {"column_types", "missing_columns"}


def test_the_sample_s_contract_steps_aside_for_other_data(configure: Any) -> None:
    run(configure())
    config = configure("data.path=data/own.csv", "data.target=churn")
    customers().to_csv(config.root / "data" / "own.csv", index=False)

    report = run(config)

    assert report.summary["inferred"] and "contract.sample.yaml" in report.summary["notes"][0]
    assert contract.load(config.root / "data" / "contract.sample.yaml", VOCABULARY).source == "data/sample.csv"
    assert contract.load(config.root / "data" / "contract.yaml", VOCABULARY).target.name == "churn"


def test_another_target_needs_an_explicit_new_contract(configure: Any) -> None:
    customers().to_csv(configure().root / "data" / "own.csv", index=False)
    run(configure("data.path=data/own.csv", "data.target=churn"))
    other = ("data.path=data/own.csv", "data.target=plan")

    with pytest.raises(InputError, match=r"contract.write=true"):
        run(configure(*other))
    assert run(configure(*other, "contract.write=true")).summary["target"] == "plan"


def test_dropped_columns_leave_the_contract_for_one_run(configure: Any) -> None:
    customers().to_csv(configure().root / "data" / "own.csv", index=False)
    own = ("data.path=data/own.csv", "data.target=churn")
    run(configure(*own))

    report = run(configure(*own, "data.drop=[plan]"))

    assert report.exit_code == 0 and "plan" not in report.summary["contract"]["columns"]
    assert "plan" in (configure().root / "data" / "contract.yaml").read_text("utf8")


# Whatever the rows: odd names, empty strings, mixed types, infinities, single rows

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(lambda name: name != "target")
#: What fits a float32, and what is read as missing.
FLOATS = st.floats(-3e38, 3e38) | st.sampled_from([float("nan"), float("inf"), -float("inf")])
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    FLOATS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.sampled_from(["", " ", "NA", "1", "2.5", "007", "true", "2024-01-31", "?", "1e400", "-0"]),
    st.datetimes().map(pd.Timestamp),
)
KINDS = st.one_of(
    st.lists(CELLS, min_size=1, max_size=30),
    st.lists(FLOATS, min_size=1, max_size=30),
    st.lists(st.integers(-9, 9), min_size=1, max_size=30),
    st.lists(st.sampled_from(["a", "b", "ä", ""]), min_size=1, max_size=30),
)


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Some columns of any cells, and a target of two labels (or one row)."""
    columns = draw(st.dictionaries(NAMES, KINDS, min_size=1, max_size=4))
    rows = min(map(len, columns.values()))
    goal = draw(st.lists(st.sampled_from(["no", "yes"]), min_size=rows, max_size=rows))
    frame = pd.DataFrame({name: cells[:rows] for name, cells in columns.items()})
    return frame.assign(target=goal)


def proposed(frame: pd.DataFrame) -> Contract:
    """The contract of rows that something can be learnt from."""
    assume(frame["target"].nunique() == 2)
    try:
        return infer(frame, target="target")
    except InputError as error:
        assert "no column is left to predict 'target' from" in str(error)
        reject()


EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@EXAMPLES
@example(
    pd.DataFrame(
        {"when": [pd.Timestamp("2000-01-01"), pd.Timestamp("2263-01-01")] * 2, "target": ["no", "no", "no", "yes"]}
    )
)
@given(frames())
def test_whatever_the_rows_a_proposal_survives_and_accepts_them(frame: pd.DataFrame) -> None:
    found = proposed(frame)
    typed = contract.conform(frame, found)
    listed = contract.check(frame, found, SETTINGS, CHECKS)

    assert Contract.from_dict(yaml.safe_load(contract.dumps(found)), VOCABULARY) == found
    assert Contract.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)), VOCABULARY) == found
    assert not [problem for problem in listed if problem.severity == "error" and problem.check != "exact_leaks"]
    pd.testing.assert_frame_equal(contract.conform(typed, found), typed)
    assert len(contract.truth(typed, found)) == len(frame)


@EXAMPLES
@given(frames(), frames())
def test_rows_of_another_table_are_reported_and_never_crash(frame: pd.DataFrame, other: pd.DataFrame) -> None:
    found = proposed(frame)

    listed = contract.check(other, found, SETTINGS, CHECKS)

    assert all(problem.message for problem in listed)
    assert json.dumps([problem.to_dict() for problem in listed])


@EXAMPLES
@given(frames(), frames())
def test_whatever_the_rows_there_is_a_profile_of_them(frame: pd.DataFrame, other: pd.DataFrame) -> None:
    """Rows that keep their contract and those of another table: every row is counted once, on a page and as JSON."""
    made = proposed(frame)

    for rows in (frame, other):
        found = profile(checks.view(rows, made, SETTINGS, CHECKS))

        assert "</html>" in report_page.page(made, [], found, "data/contract.yaml")
        assert json.dumps(plain(found.to_dict()), allow_nan=False)
        for one in found.columns:
            shape = one.distribution
            counted = sum(shape.counts) + shape.rest + int((shape.codes < 0).sum())
            assert counted == len(rows) and one.missing + one.unreadable <= len(rows)


@EXAMPLES
@given(st.lists(st.one_of(st.floats(), st.integers(-(10**400), 10**400), CELLS), min_size=2, max_size=30))
def test_any_target_is_either_learnt_or_refused_in_words(cells: list[Any]) -> None:
    frame = pd.DataFrame({"x": range(len(cells)), "goal": pd.Series(cells, dtype=object)})

    try:
        found = infer(frame, target="goal")
    except InputError as error:
        assert "goal" in str(error)
        return

    assert found.task in ("binary", "multiclass", "regression")
    assert len(found.labels) == (0 if found.task == "regression" else len(set(found.labels)))
