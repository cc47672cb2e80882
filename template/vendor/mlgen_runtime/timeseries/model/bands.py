"""Bands around point forecasts, from the errors of a backtest: split-conformal, so their coverage needs no model.

An error counts relative to its series' scale, so that all series teach all. Steps ahead differ, and neighbours are
alike: each step pools the errors of the steps around it until there are enough. Errors of one window err together,
so what a quantile does not know is reckoned by the number of cases, not of errors.
Source: Vovk et al. (2005), "Algorithmic learning in a random world"; the finite-sample rank is (n + 1) q.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..cases import Cases

Array = npt.NDArray[Any]
#: Errors that a step's quantiles should rest on, and the widest share of the horizon that is pooled for it.
ENOUGH = 200
WIDEST = 0.25


def offsets(errors: Array, quantiles: Sequence[float]) -> Array:
    """The quantiles [horizon, q] of scaled errors [c, horizon], NaN where no value came; 0 where none is known.

    Levels are taken at their finite-sample rank, and the rows never cross. The point stays where it is, as the median,
    and within its bands: with few windows it is chance to which side their errors lean.
    """
    cases, horizon = int((~np.isnan(errors).all(axis=1)).sum()), errors.shape[1]
    found = np.zeros((horizon, len(quantiles)))
    for step in range(horizon):
        pool = _pool(errors, step)
        if pool.size:
            found[step] = [_quantile(pool, level, cases) for level in quantiles]
    side = np.sign(np.array(quantiles) - 0.5)
    return np.sort(np.where(side < 0, np.minimum(found, 0.0), np.where(side > 0, np.maximum(found, 0.0), 0.0)), axis=1)


def honest(truth: Cases, points: Array) -> Array:
    """Forecasts [c, horizon, 1 + q]: the points, and bands that each window takes from the errors of the others.

    With a single window its own errors are all there is.
    """
    errors = (truth.actual - points) / truth.scale[:, None]
    forecasts = np.empty((*points.shape, 1 + len(truth.quantiles)))
    forecasts[:, :, 0] = points
    windows = truth.windows
    for window in windows:
        mine = truth.window == window
        others = ~mine if len(windows) > 1 else mine
        forecasts[mine, :, 1:] = around(points[mine], truth.scale[mine], offsets(errors[others], truth.quantiles))
    return forecasts


def around(points: Array, scale: Array, shifts: Array) -> Array:
    """Quantiles [c, horizon, q] around points [c, horizon] of series with a scale [c]; `shifts` are [horizon, q]."""
    return np.asarray(points[:, :, None] + scale[:, None, None] * shifts[None, : points.shape[1]])


def _pool(errors: Array, step: int) -> Array:
    """The known errors of a step and of as many around it as are needed."""
    horizon = errors.shape[1]
    widest = max(1, int(WIDEST * horizon))
    for width in range(widest + 1):
        pool = errors[:, max(0, step - width) : step + width + 1]
        known = pool[~np.isnan(pool)]
        if known.size >= ENOUGH or width == widest:
            return np.asarray(known)
    return np.empty(0)


def _quantile(pool: Array, level: float, cases: int) -> float:
    """The empirical quantile at the conformal rank, moved away from the middle by what n cases do not tell."""
    rank = level * (cases + 1) / cases - 0.5 / cases
    return float(np.quantile(pool, min(1.0, max(0.0, rank))))
