"""Moments as whole numbers: every frequency counts its steps, and is found again in its own moments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries.contract import cadence
from mlgen_runtime.timeseries.frequency import Frequency

NAMES = ("s", "min", "15min", "h", "6h", "D", "B", "W", "W-WED", "MS", "ME", "QS", "QE", "QS-FEB", "YS", "YE", "YS-APR")
#: Before 2200, so that years fit into nanoseconds.
STEPS = 100


def stamps(name: str, start: str = "2019-03-31", count: int = STEPS) -> np.ndarray:
    """Moments as pandas makes them for a frequency."""
    return pd.date_range(start, periods=count, freq=name).to_numpy().astype("M8[ns]")


@pytest.mark.parametrize("name", NAMES)
def test_the_moments_of_a_frequency_are_consecutive_steps_and_come_back(name: str) -> None:
    """pandas' own moments lie on the grid, one step apart, and an ordinal gives the moment again."""
    moments = stamps(name)
    frequency = Frequency(name)

    ordinals, fits = frequency.ordinals(moments)

    assert fits.all()
    assert (np.diff(ordinals) == 1).all()
    assert (frequency.times(ordinals) == moments).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_frequency_is_found_in_its_moments_whatever_their_order_and_gaps(name: str) -> None:
    """Shuffled, with a tenth missing, and as two series, the moments still tell their frequency."""
    random = np.random.default_rng(5)
    moments = stamps(name)
    kept = np.sort(random.permutation(STEPS)[: STEPS * 9 // 10])
    both = np.concatenate([moments[kept], moments])
    codes = np.repeat([0, 1], [len(kept), STEPS])
    order = random.permutation(len(both))

    found = cadence.find(codes[order], both[order])

    assert found.parsed == Frequency(name).parsed


def test_a_grid_may_begin_at_half_past() -> None:
    """Hours that begin at half past are hours, with an offset that puts them on the grid."""
    moments = stamps("h", "2024-01-01 00:30")

    found = cadence.find(np.zeros(STEPS, dtype=int), moments)

    assert (found.name, found.offset) == ("h", 1800)
    assert found.ordinals(moments)[1].all()
    assert (found.times(found.ordinals(moments)[0]) == moments).all()


def test_moments_without_a_frequency_are_refused_with_their_distances() -> None:
    """Irregular moments say what was seen and what to do."""
    random = np.random.default_rng(2)
    moments = np.datetime64("2024-01-01", "ns") + np.cumsum(random.integers(1, 9999, 50)).astype("m8[s]")

    with pytest.raises(InputError, match=r"no frequency.*set data\.frequency"):
        cadence.find(np.zeros(50, dtype=int), moments)


@pytest.mark.parametrize("name", ["fortnight", "0h", "MS-JAN", "W-XYZ", "", "5"])
def test_an_unknown_frequency_is_refused_by_name(name: str) -> None:
    """The line names what was given and what is known."""
    with pytest.raises(InputError, match="frequency"):
        Frequency(name)


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.integers(-3000, 3000))
def test_every_step_has_a_moment_on_its_grid(name: str, ordinal: int) -> None:
    """An ordinal and its moment stand for each other, long before 1970 too."""
    frequency = Frequency(name)
    ordinal = ordinal // 20 if name.startswith(("Y", "Q")) else ordinal

    back, fits = frequency.ordinals(frequency.times(np.array([ordinal])))

    assert fits.all()
    assert back.tolist() == [ordinal]


@pytest.mark.parametrize(("name", "season"), [("h", 24), ("15min", 96), ("D", 7), ("MS", 12), ("QS", 4), ("W", 52)])
def test_the_season_is_the_frequency_s_own(name: str, season: int) -> None:
    """Days for hours, weeks for days, years for months."""
    assert Frequency(name).season == season
