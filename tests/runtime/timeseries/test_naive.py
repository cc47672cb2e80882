"""The seasonal naive forecast, the number to beat: it repeats a season and looks past gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlgen_runtime.timeseries import forecast
from mlgen_runtime.timeseries.baseline import SeasonalNaive
from mlgen_runtime.timeseries.forecast.naive import Naive
from mlgen_runtime.timeseries.panel import Panel

NAN = np.nan


def panel(*rows: list[float]) -> Panel:
    """A panel of the given values, right-aligned."""
    steps = max(len(row) for row in rows)
    target = np.array([[NAN] * (steps - len(row)) + row for row in rows])
    return Panel(tuple((str(number),) for number in range(len(rows))), np.full(len(rows), 100), target)


def test_the_newest_season_comes_again() -> None:
    """Each step repeats the value of one season before it, however far ahead it is."""
    found = Naive(3).points(panel([9, 9, 9, 1, 2, 3]), 7)

    assert found.tolist() == [[1, 2, 3, 1, 2, 3, 1]]


def test_gaps_are_looked_past() -> None:
    """Where the newest season has no value, the season before it speaks, and so on back."""
    found = Naive(3).points(panel([7, 8, 9, 4, NAN, 6, 1, NAN, NAN]), 3)

    assert found.tolist() == [[1, 8, 6]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([5.0], [5, 5, 5, 5]), ([1.0, 2.0], [2, 1, 2, 2]), ([3.0, NAN], [3, 3, 3, 3])],
    ids=["one value", "half a season", "ends in a gap"],
)
def test_a_short_series_repeats_its_newest_value(values: list[float], expected: list[float]) -> None:
    """Places in the season that were never seen get the newest value."""
    found = Naive(4).points(panel([0.0] * 8, values), 4)

    assert sorted(found[1].tolist()) == sorted(expected)


def test_a_series_without_values_is_no_number() -> None:
    """Nothing to repeat is NaN, not zero, and the other series do not mind."""
    found = Naive(2).points(panel([1, 2, 3, 4], [NAN] * 4), 3)

    assert found[0].tolist() == [3, 4, 3]
    assert np.isnan(found[1]).all()


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30),
    season=st.integers(1, 8),
    shift=st.floats(-1e3, 1e3),
    factor=st.floats(0.1, 10),
)
def test_it_follows_units_and_zero(values: list[float], season: int, shift: float, factor: float) -> None:
    """Values in another unit or from another zero give forecasts in that unit and from that zero."""
    plain, moved = (
        Naive(season).points(panel(row), 10) for row in (values, [factor * value + shift for value in values])
    )

    np.testing.assert_allclose(moved, factor * plain + shift, rtol=1e-9, atol=1e-9)


def test_the_bundle_needs_no_file(tmp_path: Path) -> None:
    """The entry alone says all, and what it loads forecasts the same."""
    fitted, history = SeasonalNaive(Naive(3)), panel([1, 2, 3, 4, 5, 6])

    parity = fitted.write(tmp_path, history, 4, 1e-5)
    part = forecast.load(tmp_path, fitted.entry())

    assert list(tmp_path.iterdir()) == []
    assert parity.largest == 0
    assert part.points(history, 4).tolist() == fitted.points(history, 4).tolist()
