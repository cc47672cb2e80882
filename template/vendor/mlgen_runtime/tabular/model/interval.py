"""Prediction intervals by split conformal prediction (Vovk et al. 2005; Lei et al. 2018).

The residuals of rows that the calibrating model did not train on tell how far off it is: their quantiles, with the
finite sample correction, give an interval that covers a new row of the same kind with at least the wanted chance.
Residuals are taken where the model adds up (link space), so with a log target the interval widens with the value.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Offsets = tuple[float, float]


def offsets(residuals: npt.NDArray[Any], coverage: float, weights: npt.NDArray[Any] | None = None) -> Offsets:
    """Return what to add to a margin for the ends of the interval; each end misses (1 - coverage) / 2 of the rows.

    `residuals` [n] are truth minus prediction, as `link.residuals` has them; of rows with `weights` [n], the share is
    one of the weight. With too few rows for that share the extremes are taken.
    """
    if weights is not None and np.ptp(weights):
        return _weighted(residuals, coverage, weights)
    ordered = np.sort(residuals)
    rows = len(ordered)
    beyond = math.floor((1 - coverage) / 2 * (rows + 1) + 1e-9)  # 1 - 0.9 is a little less than 0.1
    low = ordered[max(beyond - 1, 0)]
    high = ordered[min(rows - beyond, rows - 1)]
    return float(min(low, 0.0)), float(max(high, 0.0))


def _weighted(residuals: npt.NDArray[Any], coverage: float, weights: npt.NDArray[Any]) -> Offsets:
    """The same of rows that stand for several: a new row weighs as much as they do on average."""
    order = np.argsort(residuals, kind="stable")
    ordered, reached = residuals[order], np.cumsum(weights[order])
    total = reached[-1]
    beyond = (1 - coverage) / 2 * (total + weights.mean())
    below, above = reached - weights[order], total - reached
    low = ordered[np.flatnonzero(below <= beyond - weights.mean() + 1e-9 * total)[-1:]]
    high = ordered[np.flatnonzero(above <= beyond - weights.mean() + 1e-9 * total)[:1]]
    ends = (low[0] if len(low) else ordered[0], high[0] if len(high) else ordered[-1])
    return float(min(ends[0], 0.0)), float(max(ends[1], 0.0))
