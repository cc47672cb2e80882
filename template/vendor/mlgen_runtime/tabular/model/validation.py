"""Which training rows a model may not see while it learns: what teaches it the number of trees, weights and intervals.

Rows of one group stay together and later rows are held out where the contract names a group or a time column, as in the
outer split: a model stopped by rows that leak would be stopped too late.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...rows.split import FEW_ROWS, FOLDS, Part
from ...rows.training import Training

Index = npt.NDArray[np.int64]


def parts(training: Training) -> tuple[Part, ...]:
    """The parts whose answers judge the model; where rows held apart do, parts that only teach it."""
    if training.parts:
        return training.parts
    if training.settings.refit and training.time is None and FOLDS <= len(training.target) <= FEW_ROWS:
        fold = folds(training, FOLDS)
        found = range(int(fold.max()) + 1)
        return tuple(Part(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in found)
    return (Part(*holdout(training, training.settings.validation_size)),)


def holdout(training: Training, share: float) -> tuple[Index, Index]:
    """Return the rows to learn from and the rows to hold out (about `share` of all, at least one row each)."""
    if training.time is not None:
        order = np.argsort(training.time, kind="stable")
        cut = len(order) - max(1, round(share * len(order)))
        return np.sort(order[:cut]), np.sort(order[cut:])
    parts = max(2, round(1 / share))
    fold = folds(training, parts)
    return np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)


def folds(training: Training, count: int) -> npt.NDArray[np.int64]:
    """Return the fold 0..count-1 of each row: whole groups, classes in equal shares, shuffled by the seed."""
    random = np.random.default_rng(training.seed)
    if training.group is not None:
        _, group = np.unique(np.asarray(training.group, dtype=str), return_inverse=True)
        return _dealt(random.permutation(int(group.max()) + 1), count)[group]
    shuffled = random.permutation(len(training.target))
    if training.classes:
        shuffled = shuffled[np.argsort(training.target[shuffled], kind="stable")]
    fold = np.empty(len(shuffled), dtype=np.int64)
    fold[shuffled] = np.arange(len(shuffled)) % count
    return fold


def _dealt(order: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """Deal the items out like cards, in the shuffled order."""
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % count
    return fold
