"""How good predictions are: one registry of metrics, each ready for thousands of bootstrap resamples.

    metric = METRICS["roc_auc"]
    metric.value(truth, scores)                      → 0.9312
    resample = metric.prepare(truth, scores)         sorts once
    [resample(counts) for counts in draws]           counts: how often each row was drawn

`truth` is [n] values for regression, else [n] codes 0..k-1; `scores` is [n] values or [n, k] probabilities. A bootstrap
resample is a weighted metric with whole weights, so that nothing is copied or sorted again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError, nearest
from . import regression_metrics as amounts
from .resample import Array, Resample, average

__all__ = ["BESIDE", "METRICS", "Array", "Metric", "Resample", "decide", "known_metrics", "main", "metric", "score"]

#: A probability is never taken for less than this in the logarithmic loss.
SMALLEST = 1e-15


#: Metrics shown beside the one that decides; the report holds all of them.
BESIDE = {
    "binary": ("roc_auc", "accuracy", "log_loss"),
    "multiclass": ("macro_f1", "accuracy", "log_loss"),
    "regression": ("rmse", "mae", "r2"),
}


@dataclass(frozen=True)
class Metric:
    """One metric: its name, its direction, the tasks it is for; `prepare` does the work common to resamples."""

    name: str
    greater_is_better: bool
    tasks: tuple[str, ...]
    prepare: Callable[[Array, Array], Resample]

    @property
    def needs(self) -> str:
        """What the scores must be: "values" or "probabilities"."""
        return "values" if self.tasks == ("regression",) else "probabilities"

    def value(self, truth: Array, scores: Array, counts: Array | None = None) -> float:
        """Return the metric of rows [n], each taken `counts` times; NaN where it is not defined (one class only)."""
        return self.prepare(truth, scores)(counts)


def known_metrics() -> dict[str, Metric]:
    """All metrics by name, the project's own among them."""
    from .own_metrics import metrics

    return {**METRICS, **metrics(METRICS)}


def main(task: str) -> Metric:
    """The metric that decides where none is named."""
    return METRICS[{"binary": "roc_auc", "multiclass": "macro_f1", "regression": "rmse"}[task]]


def metric(name: str | None, task: str) -> Metric:
    """The named metric, or the task's main one; raises InputError for a name that the task does not have."""
    if name is None:
        return main(task)
    if task == "regression" and (prepare := amounts.of_family(name)) is not None:
        return Metric(name, False, _VALUES, prepare)
    known = known_metrics()
    choices = [entry.name for entry in known.values() if task in entry.tasks]
    if name not in choices:
        families = [f"{family}_NUMBER" for family in amounts.FAMILIES] if task == "regression" else []
        raise InputError(
            f"metric {name!r} is none of a {task} task's; expected one of {', '.join([*choices, *families])}"
            f"{nearest(name, choices)}"
        )
    return known[name]


def score(
    task: str, truth: Array, scores: Array, labels: tuple[str, ...], decides: str | None = None
) -> dict[str, float]:
    """All metrics of the task that are defined for the truth, the one that `decides` among them, and precision, recall
    and F1 of each class as `f1_<label>`."""
    chosen = {entry.name: entry for entry in known_metrics().values() if task in entry.tasks}
    if task == "regression":
        chosen = {name: entry for name, entry in chosen.items() if amounts.defined(name, truth)}
    chosen |= {} if decides is None else {decides: metric(decides, task)}
    found = {name: entry.value(truth, scores) for name, entry in chosen.items()}
    if task != "regression":
        table = _confusion(truth, decide(scores), scores.shape[1], None)
        for name, values in _per_class(table).items():
            found |= {f"{name}_{label}": float(value) for label, value in zip(labels, values, strict=True)}
    return found


def decide(scores: Array) -> npt.NDArray[np.int64]:
    """The predicted codes [n] of probabilities [n, k]: the most probable class, the first of equals."""
    codes: npt.NDArray[np.int64] = scores.argmax(axis=1).astype(np.int64)
    return codes


def _ranked(truth: Array, scores: Array) -> tuple[Array, Array, Array]:
    """Rows from the highest score down, which of them are positive, and where each run of equal scores ends."""
    positive = scores[:, 1]
    order = np.argsort(-positive, kind="stable")
    ranked = positive[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    return order, truth[order] == 1, ends


def _cumulated(order: Array, hits: Array, ends: Array, counts: Array | None) -> tuple[Array, Array]:
    """True and false positives [runs] when everything down to the end of a run is called positive."""
    weights = np.ones(len(order)) if counts is None else np.asarray(counts, dtype=np.float64)[order]
    true = np.cumsum(weights * hits)[ends]
    return true, np.cumsum(weights)[ends] - true


def _roc_auc(truth: Array, scores: Array) -> Resample:
    """Area under the ROC curve by counting pairs: the chance that a positive outranks a negative, ties half.

    Ranked with the positives of a tie first, each tie is counted in full and half of its pairs are taken off again;
    whole numbers and no work on rows without a tie make a resample of 40,000 rows take a quarter of a millisecond.
    """
    positive = scores[:, 1]
    order = np.lexsort((-truth, -positive))
    ranked, hits = positive[order], (truth[order] == 1).astype(np.int64)
    same = ranked[1:] == ranked[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    starts = np.flatnonzero(np.append(True, np.diff(ranked[tied]) != 0)) if tied.size else tied

    def value(counts: Array | None) -> float:
        weights = np.ones(len(order), dtype=np.int64) if counts is None else counts[order]
        true = weights * hits
        false = weights - true
        above = np.cumsum(true)
        pairs = float(above[-1]) * float(false.sum())
        if not pairs:
            return float("nan")
        wins = float(false @ above)
        if starts.size:
            wins -= float(np.add.reduceat(true[tied], starts) @ np.add.reduceat(false[tied], starts)) / 2
        return wins / pairs

    return value


def _average_precision(truth: Array, scores: Array) -> Resample:
    """Mean precision over the recall gained at each threshold (no interpolation)."""
    order, hits, ends = _ranked(truth, scores)

    def value(counts: Array | None) -> float:
        true, false = _cumulated(order, hits, ends, counts)
        if not true[-1]:
            return float("nan")
        precision = true / np.maximum(true + false, SMALLEST)
        return float(np.diff(true, prepend=0.0) @ precision / true[-1])

    return value


def _roc_auc_ovr(truth: Array, scores: Array) -> Resample:
    """Mean over the classes of each class's area against the rest; classes without rows are left out."""
    parts = [
        _roc_auc((truth == code).astype(np.int64), np.stack([1 - scores[:, code], scores[:, code]], axis=1))
        for code in range(scores.shape[1])
    ]

    def value(counts: Array | None) -> float:
        areas = np.array([part(counts) for part in parts])
        known = areas[~np.isnan(areas)]
        return float(known.mean()) if known.size else float("nan")

    return value


def _log_loss(truth: Array, scores: Array) -> Resample:
    picked = np.clip(scores[np.arange(len(truth)), truth], SMALLEST, 1.0)
    return average(-np.log(picked))


def _brier(truth: Array, scores: Array) -> Resample:
    """Squared distance of the positive class's probability; summed over the classes where there are more than two."""
    if scores.shape[1] == 2:
        return average((scores[:, 1] - truth) ** 2)
    return average(((scores - (truth[:, None] == np.arange(scores.shape[1]))) ** 2).sum(axis=1))


def _accuracy(truth: Array, scores: Array) -> Resample:
    return average((decide(scores) == truth).astype(np.float64))


def _confusion(truth: Array, predicted: Array, classes: int, counts: Array | None) -> Array:
    """How often [true class, predicted class] occur."""
    table = np.bincount(truth * classes + predicted, weights=counts, minlength=classes * classes)
    return table.astype(np.float64).reshape(classes, classes)


def _per_class(table: Array) -> dict[str, Array]:
    """Precision, recall and F1 [k] of a confusion table; 0 where a class was neither there nor predicted."""
    hits, true, called = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    return {
        "precision": hits / np.maximum(called, 1),
        "recall": hits / np.maximum(true, 1),
        "f1": 2 * hits / np.maximum(true + called, 1),
    }


def _from_confusion(summary: Callable[[Array], float]) -> Callable[[Array, Array], Resample]:
    """A metric that depends on the table of true and predicted classes only."""

    def prepare(truth: Array, scores: Array) -> Resample:
        classes = scores.shape[1]
        cells = truth.astype(np.int64) * classes + decide(scores)

        def value(counts: Array | None) -> float:
            table = np.bincount(cells, weights=counts, minlength=classes * classes).reshape(classes, classes)
            return summary(table.astype(np.float64))

        return value

    return prepare


def _macro_f1(table: Array) -> float:
    """The plain mean of F1 over the classes that occur, as truth or as prediction."""
    present = table.sum(axis=1) + table.sum(axis=0) > 0
    return float(_per_class(table)["f1"][present].mean())


def _balanced_accuracy(table: Array) -> float:
    """The plain mean of recall over the classes that occur."""
    return float(_per_class(table)["recall"][table.sum(axis=1) > 0].mean())


def _positive(name: str) -> Callable[[Array], float]:
    return lambda table: float(_per_class(table)[name][1])


_BINARY, _CLASSES, _VALUES = ("binary",), ("binary", "multiclass"), ("regression",)

METRICS: dict[str, Metric] = {
    entry.name: entry
    for entry in (
        Metric("roc_auc", True, _BINARY, _roc_auc),
        Metric("average_precision", True, _BINARY, _average_precision),
        Metric("roc_auc_ovr", True, ("multiclass",), _roc_auc_ovr),
        Metric("macro_f1", True, _CLASSES, _from_confusion(_macro_f1)),
        Metric("accuracy", True, _CLASSES, _accuracy),
        Metric("balanced_accuracy", True, _CLASSES, _from_confusion(_balanced_accuracy)),
        Metric("f1", True, _BINARY, _from_confusion(_positive("f1"))),
        Metric("precision", True, _BINARY, _from_confusion(_positive("precision"))),
        Metric("recall", True, _BINARY, _from_confusion(_positive("recall"))),
        Metric("log_loss", False, _CLASSES, _log_loss),
        Metric("brier", False, _CLASSES, _brier),
        Metric("rmse", False, _VALUES, amounts.rmse),
        Metric("mae", False, _VALUES, amounts.mae),
        Metric("r2", True, _VALUES, amounts.r2),
        Metric("wape", False, _VALUES, amounts.wape),
        Metric("rmsle", False, _VALUES, amounts.rmsle),
        Metric("poisson_deviance", False, _VALUES, amounts.poisson_deviance),
    )
}
