"""What more rows would bring: the deciding metric by number of training rows, each point a fit to a part of them.

Every fit is judged by the same rows, which none of them saw. Where it still gets better at its end, more data helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...usecase import registry
from ..decision import threshold

if TYPE_CHECKING:
    from ..decision.rule import DecisionRule
    from ..metrics import Metric
    from ..preparation import Prepared
    from ..settings import RowsConfig
    from ..training import Training

#: Shares of the training rows, and resamples behind a standard error.
SHARES, RESAMPLES = (0.125, 0.25, 0.5, 1.0), 100
#: Fewer rows teach nothing worth a point.
LEAST = 50


@dataclass(frozen=True, kw_only=True)
class Point:
    """The metric of a fit to so many rows, with its 95 % interval."""

    rows: int
    value: float
    low: float
    high: float

    def figures(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self)}


def measure(
    config: RowsConfig, training: Training, prepared: Prepared, metric: Metric, rule: DecisionRule | None
) -> list[Point]:
    """Fit the configured model to growing parts of the rows; by time, the newest ones. `rule` is the one that is
    served."""
    models = registry.of(config).models
    if training.parts:
        learn, held = training.parts[0].learn, training.parts[0].held
        frame, truth = training.frame.iloc[held], training.target[held]
    else:
        learn, frame, truth = np.arange(len(training.target)), prepared.test, prepared.truth
    random = np.random.default_rng(config.seed)
    order = (
        np.argsort(-training.time[learn], kind="stable")
        if training.time is not None
        else random.permutation(len(learn))
    )
    found = []
    for share in SHARES:
        count = round(share * len(learn))
        rows = np.sort(learn[order[:count]])
        if count < LEAST or (training.classes and len(np.unique(training.target[rows])) < training.classes):
            continue
        fitted: Any = models.fit(training.take(rows), config.model)
        resample = metric.prepare(truth, threshold.answers(rule, fitted.scores(frame)))
        drawn = [
            resample(np.bincount(random.integers(len(truth), size=len(truth)), minlength=len(truth)))
            for _ in range(RESAMPLES)
        ]
        low, high = np.nanquantile(drawn, [0.025, 0.975]).tolist()
        found.append(Point(rows=count, value=resample(None), low=low, high=high))
    return found
