"""A metric made ready for thousands of bootstrap resamples: a function of how often each row was drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
#: Takes counts [n], or None for each row once, and returns the metric's value.
Resample = Callable[[Array | None], float]


def average(losses: Array) -> Resample:
    """The mean of a loss of each row [n]."""

    def value(counts: Array | None) -> float:
        return float(losses.mean()) if counts is None else float(losses @ counts / counts.sum())

    return value
