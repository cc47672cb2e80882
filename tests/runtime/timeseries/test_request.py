"""The rows that come with a request: laid over what is kept, and kept within bounds."""

from __future__ import annotations

import numpy as np
import pytest
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.panel import Panel
from mlgen_runtime.timeseries.request import Request, gather
from series import contract

NOTHING = Panel((), np.zeros(0, dtype=np.int64), np.zeros((0, 1)))


def rows(frequency: str, *days: str) -> Request:
    """A request with a value of shop `a` at each moment."""
    columns = {"shop": ["a"] * len(days), "day": list(days), "sold": [1.0] * len(days)}
    return gather(columns, contract(), Frequency(frequency), {})


def test_a_gap_is_no_fault() -> None:
    """Two values a fortnight apart are a series of fifteen days."""
    panel = rows("D", "2024-03-15", "2024-03-01").over(NOTHING, [("a",)])

    assert panel.steps == 15
    assert np.isfinite(panel.target).sum() == 2


def test_a_moment_of_another_century_does_not_fill_the_memory() -> None:
    """Billions of seconds between two rows are refused in words, before anything is laid out."""
    with pytest.raises(InputError, match="a has rows from 1700-01-01.*steps of s.*closer together"):
        rows("s", "1700-01-01", "2024-01-01").over(NOTHING, [("a",)])
