"""How much of a difference is luck: the paired bootstrap on the test rows.

Every resample draws the rows once, with replacement, and scores all models on the same draw, so that what is hard
about a draw cancels in the difference (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13, 16).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ..core import cpu_quota as quota

if TYPE_CHECKING:
    import numpy as np

    from ..usecase.protocol import Metric

#: Draws held in memory at a time; the models are scored on them in threads (numpy lets go of the interpreter).
CHUNK = 50


def resample(metric: Metric, truth: Any, scores: Sequence[Any], resamples: int, seed: int) -> np.ndarray:
    """Return the metric [models, resamples] of every model on every draw.

    `truth` and each of `scores` hold n cases, as the use case's metrics take them. A draw is given to the
    metric as counts per row, so no row is copied. NaN where the metric is not defined on a draw (one class only).
    """
    import numpy as np

    random = np.random.default_rng(seed)
    prepared = [metric.prepare(truth, found) for found in scores]
    values = np.empty((len(scores), resamples))
    rows = len(truth)
    with ThreadPoolExecutor(quota.threads()) as pool:
        for start in range(0, resamples, CHUNK):
            draws = range(start, min(start + CHUNK, resamples))
            drawn = [random.integers(rows, size=rows, dtype=np.int32) for _ in draws]
            counts = list(pool.map(functools.partial(np.bincount, minlength=rows), drawn))
            scored = pool.map(lambda value, drawn=counts: [value(count) for count in drawn], prepared)
            values[:, start : draws.stop] = list(scored)
    return values


def interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the two-sided percentile interval of `values` [resamples]; NaNs where fewer than half are defined."""
    import numpy as np

    known = values[~np.isnan(values)]
    if 2 * known.size < values.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def error(values: np.ndarray) -> float:
    """Return the standard error that the resamples [resamples] show; infinite where fewer than half are defined."""
    import numpy as np

    known = values[~np.isnan(values)]
    return float(np.std(known)) if 2 * known.size >= values.size else float("inf")


def widening(folds: int) -> float:
    """Return by how much an interval of answers of so many folds is too narrow to tell a signal from none.

    Each fold's fit learns from the rows that the others are judged by, so a chance correlation of the whole table shows
    in every fold, and the spread of the rows does not tell: the variance is 1 + (held / learnt) * folds times as large
    (Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 52, 2003).
    """
    return math.sqrt(1 + folds / (folds - 1)) if folds > 1 else 1.0
