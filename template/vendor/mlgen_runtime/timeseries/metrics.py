"""How good forecasts are: one registry of metrics over cases, each ready for thousands of bootstrap resamples.

    metric = METRICS["mase"]
    metric.value(cases, forecasts)                      → 0.4873
    resample = metric.prepare(cases, forecasts)         adds up each case once
    [resample(counts) for counts in draws]              counts: how often each case was drawn

`forecasts` is [c, horizon, 1 + q]: the point, then the quantiles. Each case counts the same, whatever its series' size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError, nearest
from .cases import Cases

Array = npt.NDArray[Any]
#: Takes counts [c], or None for each case once, and returns the metric's value.
Resample = Callable[[Array | None], float]

#: Metrics shown beside the one that decides; the report holds all of them.
BESIDE = {"forecasting": ("mase", "smape", "coverage")}


@dataclass(frozen=True)
class Metric:
    """One metric: its name, its direction; `prepare` does the work common to resamples."""

    name: str
    greater_is_better: bool
    prepare: Callable[[Cases, Array], Resample]

    def value(self, truth: Cases, scores: Array, counts: Array | None = None) -> float:
        """Return the metric of the cases, each taken `counts` times."""
        return self.prepare(truth, scores)(counts)


def main(task: str) -> Metric:
    """The metric that decides where none is named."""
    return METRICS["mase"]


def metric(name: str | None, task: str) -> Metric:
    """The named metric, or the main one; raises InputError for a name that is none."""
    if name is None:
        return main(task)
    if name not in METRICS:
        raise InputError(
            f"metric {name!r} is none of a {task} task's; expected one of {', '.join(METRICS)}{nearest(name, METRICS)}"
        )
    return METRICS[name]


def score(truth: Cases, forecasts: Array) -> dict[str, float]:
    """All metrics, and the coverage of the outermost quantiles where there are two."""
    found = {name: entry.value(truth, forecasts) for name, entry in METRICS.items()}
    if len(truth.quantiles) > 1:
        found["coverage"] = coverage(truth, forecasts)
    return found


def coverage(truth: Cases, forecasts: Array) -> float:
    """The share of values between the lowest and the highest quantile; NaN without two."""
    known = ~np.isnan(truth.actual)
    inside = (forecasts[:, :, 1] <= truth.actual) & (truth.actual <= forecasts[:, :, -1])
    return float(inside[known].mean()) if known.any() else float("nan")


def by_step(truth: Cases, forecasts: Array) -> Array:
    """The mean absolute scaled error [horizon] of each step ahead."""
    return np.asarray(_mean(np.abs(truth.actual - forecasts[:, :, 0]) / truth.scale[:, None], axis=0))


def by_series(truth: Cases, forecasts: Array) -> Array:
    """MASE [s] of each series over its windows; NaN for a series without a case."""
    errors = _mean(np.abs(truth.actual - forecasts[:, :, 0]) / truth.scale[:, None], axis=1)
    totals = np.bincount(truth.series, weights=np.nan_to_num(errors), minlength=len(truth.keys))
    counts = np.bincount(truth.series, weights=~np.isnan(errors), minlength=len(truth.keys))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(totals / counts)


def _mean(values: Array, axis: int) -> Array:
    """The mean of what is there; NaN where nothing is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=axis) / np.where(counts, counts, np.nan))


def _average(losses: Array) -> Resample:
    """The mean of a loss [c]; cases without one do not count."""
    known = ~np.isnan(losses)
    filled = np.where(known, losses, 0.0)

    def value(counts: Array | None) -> float:
        weights = known if counts is None else counts * known
        total = weights.sum()
        return float(filled @ weights / total) if total else float("nan")

    return value


def _mase(truth: Cases, forecasts: Array) -> Resample:
    """Mean absolute scaled error. Source: Hyndman & Koehler (2006)."""
    return _average(_mean(np.abs(truth.actual - forecasts[:, :, 0]), axis=1) / truth.scale)


def _smape(truth: Cases, forecasts: Array) -> Resample:
    """Symmetric mean absolute percentage error in percent, 200 |y - f| / (|y| + |f|); 0 where both are 0."""
    points = forecasts[:, :, 0]
    size = np.abs(truth.actual) + np.abs(points)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(size > 0, 200 * np.abs(truth.actual - points) / size, 0 * truth.actual)
    return _average(_mean(errors, axis=1))


def _mae(truth: Cases, forecasts: Array) -> Resample:
    return _average(_mean(np.abs(truth.actual - forecasts[:, :, 0]), axis=1))


def _rmse(truth: Cases, forecasts: Array) -> Resample:
    """The root mean squared error of each case, averaged over the cases."""
    return _average(np.sqrt(_mean((truth.actual - forecasts[:, :, 0]) ** 2, axis=1)))


def _quantile_loss(truth: Cases, forecasts: Array) -> Resample:
    """The weighted quantile loss: twice the pinball losses over all levels' mean, relative to the size of the values.

    Source: Salinas et al. (2020), "DeepAR"; without quantiles the point stands for the median.
    """
    levels = np.array(truth.quantiles or (0.5,))
    bands = forecasts[:, :, 1:] if truth.quantiles else forecasts[:, :, :1]
    short = truth.actual[:, :, None] - bands
    pinball = 2 * np.maximum(levels * short, (levels - 1) * short).mean(axis=2)
    losses = np.nansum(pinball, axis=1)
    sizes = np.nansum(np.abs(truth.actual), axis=1)

    def value(counts: Array | None) -> float:
        weights = np.ones(len(losses)) if counts is None else counts
        total = float(sizes @ weights)
        return float(losses @ weights) / total if total else float("nan")

    return value


METRICS: dict[str, Metric] = {
    "mase": Metric("mase", greater_is_better=False, prepare=_mase),
    "smape": Metric("smape", greater_is_better=False, prepare=_smape),
    "rmse": Metric("rmse", greater_is_better=False, prepare=_rmse),
    "mae": Metric("mae", greater_is_better=False, prepare=_mae),
    "wql": Metric("wql", greater_is_better=False, prepare=_quantile_loss),
}
