"""One booster: how many trees it should have, and a fit on all rows with that many.

Few rows are judged by cross-validation: every row is held out once, so neither the number of trees nor the interval
hangs on a lucky handful of rows. Many rows need no such care, and a single held-out part does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ...rows.training import Training
from . import boosting, validation
from .boosting import Ensemble, Fit, Task, Trees
from .candidate import Fitted

Array = npt.NDArray[Any]

#: Up to this many training rows the number of trees comes from cross-validation (FOLDS fits).
FEW_ROWS = 20_000
#: Up to this many a second fit, on all training rows, is cheap.
SOME_ROWS = 50_000
FOLDS = 5


def fit(name: str, training: Training, library: Callable[[Task], Fit], trees: int, record: dict[str, object]) -> Fitted:
    """Fit one booster of a library to the training rows, with at most `trees` trees (for each class)."""
    prepared = boosting.prepare(training, boosting.link(training))
    fitter = library(prepared.task)
    again = training.settings.refit
    refit = again == "true" or (again == "auto" and len(training.target) <= SOME_ROWS)
    tried: list[tuple[Array, Trees]] = []
    for learn, held in _parts(training, folded=refit and len(training.target) <= FEW_ROWS):
        tried.append((held, fitter(prepared.rows.take(learn), trees, prepared.rows.take(held))))
    final = fitter(prepared.rows, best_rounds([booster for _, booster in tried]), None) if refit else tried[0][1]
    margins = [booster.margins(prepared.rows.matrix[held]) for held, booster in tried]
    ends = boosting.offsets(training, prepared, np.concatenate([held for held, _ in tried]), np.concatenate(margins))
    return boosting.fitted(name, training, prepared, Ensemble(((1.0, final),)), ends, record | {"trees": final.rounds})


def _parts(training: Training, folded: bool) -> Iterator[tuple[Array, Array]]:
    """Rows to learn from and to hold out: each fold in turn, or one part (folds would break the order of time)."""
    if not folded or training.time is not None:
        yield validation.holdout(training, training.settings.validation_size)
        return
    fold = validation.folds(training, FOLDS)
    for number in range(int(fold.max()) + 1):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def best_rounds(tried: list[Trees]) -> int:
    """The number of trees at which the mean loss of the held-out parts is least, as far as all of them went."""
    length = min(len(booster.history) for booster in tried)
    return int(np.mean([booster.history[:length] for booster in tried], axis=0).argmin()) + 1
