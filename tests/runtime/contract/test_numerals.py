"""How a column writes its numbers is found from all of its cells, noted, and asked about where two readings fit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from mlgen_runtime import contract
from mlgen_runtime.contract.numerals import Numerals
from mlgen_runtime.contract.profile import Told
from mlgen_runtime.contract.schema import Column
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows.contract.proposal import infer


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["4.606,39", "8,55", "1"], (",", ".", "")),
        (["4.606,39 €", "8,55 €"], (",", ".", "€")),
        (["$3,491.69", "$12.50"], (".", ",", "$")),
        (["€3,743.66", "€1"], (".", ",", "€")),
        (["18.5%", "3%"], (".", "", "%")),
        (["1,133", "2,004,117", "7"], (".", ",", "")),
        (["1\u00a0234", "17"], (".", " ", "")),
        (["1'234.5", "7.0"], (".", "'", "")),
        (["12 kg", "7.5 kg"], (".", "", "kg")),
        (["8,5", "7"], (",", ".", "")),
    ],
)
def test_marks_and_unit_are_found(cells: list[str], expected: tuple[str, str, str]) -> None:
    found = Numerals.of(cells)

    assert found is not None
    assert (found.decimal, found.thousands, found.unit) == expected


@pytest.mark.parametrize(
    "cells",
    [["A12", "B7"], ["12 kg", "7 lb"], ["1,2,3", "4"], ["10.11.12", "1.2.3"], ["12-34", "5"], ["", "NA"], ["red"]],
)
def test_what_is_no_number_has_no_numerals(cells: list[str]) -> None:
    """Codes, two units, lists, versions, ranges."""
    assert Numerals.of(cells) is None


def table(**columns: list[Any]) -> pd.DataFrame:
    """A table of text as a CSV holds it, with a target."""
    rows = max(map(len, columns.values()))
    return pd.DataFrame({**columns, "goal": (["no", "yes", "yes"] * rows)[:rows]}, dtype="str")


def proposed(frame: pd.DataFrame, **told: Any) -> dict[str, Column]:
    """The columns of the proposal, which accepts its own rows."""
    found = infer(frame, target="goal", told=Told(missing=("NA",), **told))
    contract.conform(frame, found)
    return {column.name: column for column in found.columns}


def test_a_column_that_speaks_for_itself_decides_for_the_others() -> None:
    """4.312 beside 4.606,39 is 4312; what only a point explains keeps it."""
    frame = table(a=["4.606,39", "8,55", "1,5"] * 10, b=["4.312", "8.100", "1.001"] * 10, c=["0.5", "1.25", "2.5"] * 10)
    found = proposed(frame)

    typed = contract.conform(frame, infer(frame, target="goal", told=Told()))
    assert typed["a"].tolist()[:3] == [4606.39, 8.55, 1.5]
    assert typed["b"].tolist()[:3] == [4312.0, 8100.0, 1001.0] and found["b"].type == "integer"
    assert typed["c"].tolist()[:3] == [0.5, 1.25, 2.5] and found["c"].decimal is None
    assert "'4.312' is read as 4312" in str(found["b"].note) or "'8.100' is read as 8100" in str(found["b"].note)


def test_a_comma_that_may_be_either_is_said_with_the_way_to_decide() -> None:
    """1,133 is read as most programs write it, and the note tells what to type."""
    frame = table(a=["1,133", "2,004", "7,500"] * 10)

    (one, other) = proposed(frame)["a"], proposed(frame, decimal=",")["a"]

    assert one.thousands == "," and """set 'data.decimal=","' and contract.write=true""" in str(one.note)
    assert (other.decimal, other.maximum) == (",", 7.5)


def test_plain_numbers_say_nothing() -> None:
    frame = table(a=["1.5", "2.25", "NA"] * 10, b=["1", "2", "2"] * 10, c=["007", "012", "007"] * 10)

    found = proposed(frame)

    assert [(column.type, column.decimal, column.thousands, column.unit) for column in list(found.values())[:3]] == [
        *(("number", None, None, None), ("integer", None, None, None), ("category", None, None, None))
    ]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["0.50", "0.5", "1"], ("0.5", "0.50", "1")),
        (["TRUE", "FALSE"], ("FALSE", "TRUE")),
        (["1.0", "0.0"], ("0.0", "1.0")),
        (["1", "0"], ("0", "1")),
        ([" >50K", " <=50K"], (" <=50K", " >50K")),
    ],
)
def test_labels_are_text_as_they_stand(labels: list[str], expected: tuple[str, ...]) -> None:
    """From the data to the contract and back; what it proposes keeps its own checks."""
    frame = pd.DataFrame({"x": ["1", "2", "2"] * 20, "goal": (labels * 60)[:60]}, dtype="str")

    found = infer(frame, target="goal")

    assert found.labels == expected
    truth = contract.truth(contract.conform(frame, found), found)
    assert [found.labels[code] for code in truth] == (labels * 60)[:60]


def test_categories_that_differ_in_blanks_or_capitals_are_noted() -> None:
    frame = table(plan=["Basic", "basic ", "Pro"] * 10)

    assert "'Basic' and 'basic ' are two categories" in str(proposed(frame)["plan"].note)


def test_a_table_that_says_nothing_is_refused_when_the_contract_is_made() -> None:
    """Only an id and a constant: there is nothing to predict from."""
    frame = pd.DataFrame({"id": range(30), "same": ["a"] * 30, "goal": ["no", "yes"] * 15})

    with pytest.raises(
        InputError, match=r"no column is left to predict 'goal' from \(id: id, .*; same: ignore, constant"
    ):
        infer(frame, target="goal")


def test_country_na_is_a_category_of_a_typed_file_and_a_gap_of_a_csv() -> None:
    """A CSV may say NA for nothing; Parquet has nothing for that."""
    frame = table(country=["NA", "DE", "FR"] * 10)

    assert proposed(frame, textual=False)["country"].categories == ("DE", "FR", "NA")
    assert proposed(frame)["country"].categories == ("DE", "FR") and proposed(frame)["country"].nullable
