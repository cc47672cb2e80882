"""The bins of a reference: in which of them values fall, whoever counts them."""

from __future__ import annotations

import bisect
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlgen_runtime.bundle import reference
from mlgen_runtime.bundle.histogram import CategoryBins, NumberBins, NumberTable

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(finite, unique=True, max_size=6).map(sorted), st.lists(finite, max_size=20))
def test_a_value_at_an_edge_belongs_to_the_bin_above_it(edges: list[float], values: list[float]) -> None:
    """So do all others to the bin between the edges next to them, and none is left out."""
    expected = np.zeros(len(edges) + 1, dtype=int)
    for value in values:
        expected[bisect.bisect_right(edges, value)] += 1

    found = NumberBins(edges).counts(np.array(values))

    assert found.tolist() == expected.tolist()


@given(st.lists(st.lists(finite, unique=True, max_size=5).map(sorted), min_size=1, max_size=4), st.data())
def test_columns_together_are_counted_as_each_by_itself(edges: list[list[float]], data: st.DataObject) -> None:
    """Columns with more and with fewer bins, some values missing or endless: those have a place of their own."""
    cells = st.one_of(finite, st.sampled_from([np.nan, np.inf, -np.inf]))
    rows = data.draw(st.lists(st.lists(cells, min_size=len(edges), max_size=len(edges)), min_size=1, max_size=8))
    values = np.array(rows)
    columns = [NumberBins(each) for each in edges]

    found = NumberTable(columns).counts(values)

    for bins, counts, column in zip(columns, found, values.T, strict=True):
        known = column[np.isfinite(column)]
        assert counts.tolist() == [*bins.counts(known).tolist(), len(column) - len(known)]


def test_how_often_a_value_came_can_be_given() -> None:
    """As counts of distinct values."""
    assert NumberBins([1.0, 2.0]).counts(np.array([0.5, 1.0, 9.0]), [2, 3, 4]).tolist() == [2, 3, 4]


def test_a_reference_is_made_in_the_same_bins() -> None:
    """What training counted is what its bins say of the same values."""
    values = np.random.default_rng(0).gamma(2.0, size=500)

    entry = reference._numbers(values, "number")

    assert NumberBins(entry["edges"]).counts(values).tolist() == entry["counts"]


def entry(other: int = 0) -> dict[str, Any]:
    """The reference of a category."""
    return {"kind": "category", "rows": 9, "missing": 0.0, "counts": {"a": 5, "b": 3, "c": 1}, "other": other}


@pytest.mark.parametrize(
    ("name", "listed", "other", "place"),
    [
        ("a", (), 0, 0),
        ("c", (), 0, 2),  # training had it, and it is not among the most frequent two
        ("x", (), 0, 3),
        ("x", (), 4, 2),  # it may be one of those four, so nobody can call it new
        ("x", ("a", "b", "c", "x"), 4, 2),
        ("y", ("a", "b", "c", "x"), 4, 3),
    ],
)
def test_a_category_has_the_bin_of_its_name_or_of_others_or_of_new_ones(
    name: str, listed: tuple[str, ...], other: int, place: int
) -> None:
    """What the contract lists is known; where training had more names than are kept, an unknown one may be one of
    them."""
    bins = CategoryBins(entry(other), listed, most=2)

    assert bins.place(name) == place
    assert bins.reference(entry(other)) == [5, 3, 1 + other, 0]
    assert len(bins) == 4


@pytest.mark.parametrize(
    ("cell", "name"),
    [(3.0, "3"), (3, "3"), (3.5, "3.5"), (True, "True"), (None, None), (float("nan"), None), (" ", None), ("a ", "a")],
)
def test_a_cell_is_the_category_that_a_contract_writes(cell: Any, name: str | None) -> None:
    """What is known finds its name, blanks are missing."""
    assert CategoryBins(entry(0), ("3",)).name(cell) == name
