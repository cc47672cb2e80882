"""Metrics of the labels that are answered: what depends on how often each true class met each answer, and on no more.

A summary takes tables [..., true class, answered class] of counts, so that one table, or one for each threshold, is the
same arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .decision.decided import Scores, decide, probabilities, worth

Array = npt.NDArray[Any]
Summary = Callable[[Array], Array]


def confusion(truth: Array, answered: Array, classes: int, counts: Array | None = None) -> Array:
    """How often [true class, answered class] occur, each row `counts` times."""
    table = np.bincount(truth * classes + answered, weights=counts, minlength=classes * classes)
    return table.astype(np.float64).reshape(classes, classes)


def per_class(table: Array) -> dict[str, Array]:
    """Precision, recall and F1 [..., k] of tables; 0 where a class was neither there nor answered."""
    hits, true, called = np.diagonal(table, axis1=-2, axis2=-1), table.sum(axis=-1), table.sum(axis=-2)
    return {
        "precision": hits / np.maximum(called, 1),
        "recall": hits / np.maximum(true, 1),
        "f1": 2 * hits / np.maximum(true + called, 1),
    }


def accuracy(table: Array) -> Array:
    """The share of right answers."""
    found: Array = np.trace(table, axis1=-2, axis2=-1) / np.maximum(table.sum(axis=(-2, -1)), 1)
    return found


def macro_f1(table: Array) -> Array:
    """The plain mean of F1 over the classes that occur, as truth or as answer."""
    present = table.sum(axis=-1) + table.sum(axis=-2) > 0
    return _mean(per_class(table)["f1"], present)


def balanced_accuracy(table: Array) -> Array:
    """The plain mean of recall over the classes that occur."""
    return _mean(per_class(table)["recall"], table.sum(axis=-1) > 0)


def positive(name: str) -> Summary:
    """Precision, recall or F1 of the positive class of two."""

    def summary(table: Array) -> Array:
        found: Array = per_class(table)[name][..., 1]
        return found

    return summary


#: The summaries by the names of their metrics.
SUMMARIES: dict[str, Summary] = {
    "macro_f1": macro_f1,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": positive("f1"),
    "precision": positive("precision"),
    "recall": positive("recall"),
}


def valued(each: Array) -> Summary:
    """What a row is worth on average, by what each [true class, answered class] is."""

    def summary(table: Array) -> Array:
        found: Array = (table * each).sum(axis=(-2, -1)) / np.maximum(table.sum(axis=(-2, -1)), 1)
        return found

    return summary


def of_labels(summary: Summary) -> Callable[[Array, Scores], Callable[[Array | None], float]]:
    """A summary as the registry of metrics takes it."""
    return lambda truth, scores: _resample(summary, truth, scores)


def value(truth: Array, scores: Scores) -> Callable[[Array | None], float]:
    """The value of a row on average; NaN without a table of values."""
    each = worth(scores)
    return (lambda counts: float("nan")) if each is None else _resample(valued(each), truth, scores)


def _resample(summary: Summary, truth: Array, scores: Scores) -> Callable[[Array | None], float]:
    classes = probabilities(scores).shape[1]
    cells = truth.astype(np.int64) * classes + decide(scores)

    def figure(counts: Array | None) -> float:
        table = np.bincount(cells, weights=counts, minlength=classes * classes).reshape(classes, classes)
        return float(summary(table.astype(np.float64)))

    return figure


def _mean(values: Array, present: Array) -> Array:
    """The mean over the last axis of what is present."""
    found: Array = (values * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return found
