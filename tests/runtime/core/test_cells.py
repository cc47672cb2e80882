"""One cell, one reader: whole columns, single cells and the exported readers take a cell for the same thing."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.contract.schema import Column
from mlgen_runtime.contract.typed import parse
from mlgen_runtime.core import cells
from mlgen_runtime.core.cells import Keys, Levels, Unreadable, Writing, number
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.tabular import column_reading, portable
from mlgen_runtime.tabular.encoding import Encoding
from mlgen_runtime.tabular.encoding import Levels as Codes
from mlgen_runtime.tabular.encoding import boolean as read_boolean
from mlgen_runtime.tabular.encoding import number as read_number
from mlgen_runtime.tabular.portable import reader

WORDS = ("NA", "null", "-999")


@pytest.mark.parametrize(
    ("text", "writing", "expected"),
    [
        ("4.606,39", {"decimal": ",", "thousands": "."}, 4606.39),
        ("8,55", {"decimal": ",", "thousands": "."}, 8.55),
        ("4.312", {"decimal": ",", "thousands": "."}, 4312.0),
        ("-4.312", {"decimal": ",", "thousands": "."}, -4312.0),
        ("$3,491.69", {"thousands": ",", "unit": "$"}, 3491.69),
        ("-$5", {"unit": "$"}, -5.0),
        ("$-5", {"unit": "$"}, -5.0),
        ("€3,743.66", {"thousands": ",", "unit": "€"}, 3743.66),
        ("18.5%", {"unit": "%"}, 18.5),
        ("18.5 %", {"unit": "%"}, 18.5),
        ("1,133", {"thousands": ","}, 1133.0),
        ("1\u00a0234,5", {"decimal": ",", "thousands": " "}, 1234.5),
        ("\u202f1\u202f234", {"thousands": " "}, 1234.0),
        ("1'234.5", {"thousands": "'"}, 1234.5),
        ("1\u2019234", {"thousands": "'"}, 1234.0),
        ("\u22123", {"unit": "%"}, -3.0),
        (" 12.5 ", {}, 12.5),
        ("1e3", {}, 1000.0),
        ("NA", {"missing": frozenset({"NA"})}, math.nan),
        ("-999.0", {"missing": frozenset({"-999"})}, math.nan),
        (-999, {"missing": frozenset({"-999"})}, math.nan),
    ],
)
def test_numbers_are_read_as_their_column_writes_them(text: Any, writing: dict[str, Any], expected: float) -> None:
    """Decimal mark, thousands, unit, blanks of all kinds, and words for missing."""
    found = number(text, Writing(**writing))

    assert found == expected or (math.isnan(found) and math.isnan(expected))


@pytest.mark.parametrize(
    ("text", "writing"),
    [
        ("4.606,39", {}),
        ("1,133", {}),
        ("12,34", {"thousands": ","}),
        ("1.2.3", {"decimal": ",", "thousands": "."}),
        ("3.5 kg", {"unit": "%"}),
        ("1_000", {}),
        ("0x10", {}),
        ("٣", {}),
        (True, {}),
        ([1], {}),
        (1e39, {}),
        (2.5, {"whole": True}),
    ],
)
def test_what_is_no_number_is_unreadable(text: Any, writing: dict[str, Any]) -> None:
    """A mark that the column does not have, groups of other than three digits, a truth value, a list."""
    with pytest.raises(Unreadable):
        number(text, Writing(**writing))


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        ("NA", "NA"),
        ("null", None),
        ("", None),
        ("\u00a0", None),
        ("0.50", "0.50"),
        (0.5, "0.5"),
        (True, "TRUE"),
        ("true", "TRUE"),
        (1, "1.0"),
        (1.0, "1.0"),
        ("basic ", "basic"),
        ("Basic", "Basic"),
        ("007", "007"),
        (None, None),
        (math.nan, None),
    ],
)
def test_a_category_is_text_as_it_stands(cell: Any, level: str | None) -> None:
    """A word for missing that is a category is one; programs write one value in several ways, people mean several."""
    assert Levels(("NA", "0.50", "TRUE", "1.0", "basic"), WORDS).read(cell) == level


def test_two_spellings_that_are_both_categories_stay_apart() -> None:
    assert [Levels(("1", "1.0", "b", "b ")).read(cell) for cell in ("1", "1.0", "b", "b ", " b")] == [
        *("1", "1.0", "b", "b ", " b")
    ]


@pytest.mark.parametrize("number", [9007199254740993, 2**63 - 1, 10**25])
def test_a_key_is_exact(number: int) -> None:
    """Above 2^53, where a float holds every second whole number only; 3, 3.0 and "3" are one key."""
    assert Keys("integer").read(number) == Keys("integer").read(str(number)) == str(number)
    assert {Keys("integer").read(cell) for cell in (3, 3.0, "3", " 3 ", "3.0")} == {"3"}
    assert Keys("text").read("NA") == "NA"


def columns() -> dict[str, Column]:
    """A column of every kind that has something to say about its cells."""
    german = {"decimal": ",", "thousands": ".", "unit": "€"}
    plain = {name: Column(name=name, type=name, nullable=True, missing=WORDS) for name in ("number", "integer")}
    listed = ("NA", "0.50", "1.0", "TRUE", "b", " c", "2024-01-31")
    return {
        **plain,
        "boolean": Column(name="boolean", type="boolean", nullable=True, missing=WORDS),
        "amount": Column(name="amount", type="number", nullable=True, missing=WORDS, **german),
        "blank": Column(name="blank", type="number", nullable=True, missing=WORDS, thousands=" "),
        "category": Column(name="category", type="category", nullable=True, categories=listed, missing=WORDS),
        "open": Column(name="open", type="category", nullable=True, missing=WORDS),
    }


def encoding(column: Column) -> Encoding:
    """How preprocessing encodes a column that training saw all of."""
    kind = "boolean" if column.type == "boolean" else "number" if column.is_number else "category"
    writing = column.writing
    marks = {name: getattr(writing, name) for name in ("decimal", "thousands", "unit", "whole")}
    levels = column.categories or ("a", "1", "2.5", "True")
    rest = {"levels": levels, "other": len(levels), "missing": len(levels) + 1} if kind == "category" else {}
    words = tuple(word for word in column.missing or () if word not in column.categories)
    return Encoding(column=column.name, kind=kind, words=words, **marks, **rest)


COLUMNS = columns()
ENCODINGS = {name: encoding(column) for name, column in COLUMNS.items()}
DIGITS = st.from_regex(r"[-+]?[0-9]{1,7}([.,][0-9]{1,3}){0,3}( ?[€%])?", fullmatch=True)
ODD = st.sampled_from(
    (
        *("", " ", "\u00a0", "NA", "na", "null", "-999", "-999.0", "?", "inf", "-Infinity", "nan", "1_000", "0x10"),
        *("1e5", "true", "TRUE ", "False", "0", "1", "1.0", "0.50", "0.5", "b", " b ", " c", "c", "2024-01-31", "a"),
        *("٣", "€", "2.50"),
    )
)
TEXTS = st.one_of(DIGITS, ODD, st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5))
SCALARS = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(-1e300, 1e300))


def of_a_cell(entry: Encoding, cell: Any) -> float | None:
    """The feature that a server makes of one cell; None where it refuses."""
    try:
        if entry.kind == "category":
            return Codes(entry).read(cell)
        return (read_boolean if entry.kind == "boolean" else read_number)(cell, entry)
    except InputError:
        return None


def of_a_column(name: str, given: list[Any]) -> list[float | None]:
    """The features of cells that were read as a column of a file."""
    entry = ENCODINGS[name]
    texts = all(cell is None or isinstance(cell, str) for cell in given)
    values, bad = parse(pd.Series(given, dtype="str" if texts else object), COLUMNS[name])
    found = column_reading.READERS[entry.kind](np.asarray(values), entry)
    return [None if wrong else value for value, wrong in zip(found.tolist(), bad.tolist(), strict=True)]


def same(one: list[float | None], other: list[float | None]) -> bool:
    """Equal features, NaN and refusals at the same places."""
    return [repr(value) for value in one] == [repr(value) for value in other]


@pytest.mark.parametrize("name", COLUMNS)
@settings(max_examples=200, deadline=None)
@given(given_cells=st.one_of(st.lists(TEXTS | st.none(), max_size=12), st.lists(SCALARS, max_size=12)))
def test_a_column_is_read_as_its_cells_are(name: str, given_cells: list[Any]) -> None:
    """Whatever stands in them: the same number, category or gap, refused by both or by none."""
    entry = ENCODINGS[name]
    alone = [of_a_cell(entry, cell) for cell in given_cells]
    copied, _ = reader._reader({field: getattr(entry, field) for field in Encoding.__dataclass_fields__})

    def exported(cell: Any) -> float | None:
        try:
            return copied(cell)[0]
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
            return None

    assert same(of_a_column(name, given_cells), alone)
    assert same([exported(cell) for cell in given_cells], alone)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_reader_in_javascript_reads_the_same(tmp_path: Path) -> None:
    """Thousands of cells, and the odd ones, in every kind of column."""
    source = Path(portable.__file__).with_name("reader.mjs").read_text("utf8")
    shutil.copy(Path(portable.__file__).with_name("words.mjs"), tmp_path)
    (tmp_path / "cells.mjs").write_text(source + "\nexport { reader, spread };\n", "utf8")
    drawn: list[Any] = []

    @settings(max_examples=800, deadline=None, database=None, derandomize=True)
    @given(SCALARS)
    def draw(cell: Any) -> None:
        drawn.append(cell)

    draw()
    asked = {name: {"entry": entry.__dict__ | {}, "cells": drawn} for name, entry in ENCODINGS.items()}
    for one in asked.values():
        one["entry"] = {field: one["entry"][field] for field in Encoding.__dataclass_fields__}
    (tmp_path / "asked.json").write_text(json.dumps(asked), "utf8")
    (tmp_path / "ask.mjs").write_text(
        'import { readFileSync } from "node:fs"; import { reader } from "./cells.mjs";\n'
        'const asked = JSON.parse(readFileSync("asked.json", "utf8"));\n'
        "const none = (found) => found === null || Number.isNaN(found[0]);\n"
        "const told = (found) => found === undefined ? 'refused' : none(found) ? 'nan' : found[0] ?? 'nan';\n"
        "const all = Object.entries(asked).map(([name, { entry, cells }]) =>\n"
        "  [name, cells.map((cell) => told(reader(entry).read(cell)))]);\n"
        "console.log(JSON.stringify(Object.fromEntries(all)));\n",
        "utf8",
    )

    done = subprocess.run(["node", "ask.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True)

    found = json.loads(done.stdout)
    for name, entry in ENCODINGS.items():
        expected = [of_a_cell(entry, cell) for cell in drawn]
        for cell, there, here in zip(drawn, found[name], expected, strict=True):
            told = "refused" if here is None else "nan" if math.isnan(here) else here
            assert (there if isinstance(there, str) else float(there)) == told, (name, cell)


def test_objects_in_a_row_are_columns_with_dotted_names() -> None:
    assert cells.spread({"id": 1, "at": {"city": "Ulm", "zone": {"code": 7}}, "tags": ["a"], "none": {}}) == {
        "id": 1,
        "at.city": "Ulm",
        "at.zone.code": 7,
        "tags": ["a"],
    }
