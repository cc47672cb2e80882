"""The number to beat, fitted before any model: the majority, the mean or a quantile, and a linear model.

Where boosted trees are no better than the linear model, the linear model is promoted: so it is a full Candidate with
its own bundle, not a figure on a scorecard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import InputError
from ..rows.target import COUNTS
from ..rows.training import Candidate, Training
from .linear import Linear
from .model import cross_fitting, linear
from .model.boosting import Prepared
from .model.linear_fit import LEAST_SHARE
from .model.objective import quantile

if TYPE_CHECKING:
    from .settings import BaselineSettings


#: What the constant and the line are called, by objective.
_CONSTANTS = {
    **dict.fromkeys(("logistic", "softmax"), "majority"),
    **dict.fromkeys(("squared_error", "poisson", "tweedie"), "mean"),
    **dict.fromkeys(("mae", "huber"), "median"),
    "quantile": "quantile",
}
_LINES = {"logistic": "logistic", "softmax": "logistic", "poisson": "poisson", "tweedie": "tweedie"}


def fit(training: Training, settings: BaselineSettings) -> list[Candidate]:
    """Fit the constant and the linear baseline. Raises InputError where the training rows hold only one class."""
    if training.classes and len(np.unique(training.target)) < 2:
        raise InputError(
            f"the training rows hold only one class of {training.contract.target.name!r}; "
            f"give data with at least two, or another split"
        )
    parted = cross_fitting.parted(training)
    constant = cross_fitting.alike(cross_fitting.learnt(parted, _constant), parted)
    line = linear.crossed(parted, settings.l2, settings.max_iterations)
    objective = parted.whole.task.objective.name
    return [
        cross_fitting.finished(_CONSTANTS[objective], parted, constant, {}),
        cross_fitting.finished(_LINES.get(objective, "ridge"), parted, line, {}),
    ]


def _constant(training: Training, prepared: Prepared) -> tuple[Linear, dict[str, object]]:
    """The same answer for every row: the classes' shares, the mean, or the quantile that is learnt."""
    weights = prepared.rows.weight
    if training.classes:
        totals = np.bincount(training.target, weights=weights, minlength=training.classes)
        logs = np.log(np.maximum(totals / totals.sum(), LEAST_SHARE))
        intercept = logs[1:] - logs[:1] if training.classes == 2 else logs
        return Linear.constant(len(prepared.preprocessing.features), intercept), {}
    objective, target = prepared.task.objective, prepared.rows.target
    if objective.name in ("mae", "huber", "quantile"):
        level = objective.figure if objective.name == "quantile" else None
        value = quantile(target, weights, 0.5 if level is None else level)
    else:
        value = float(np.average(target, weights=weights))
        value = float(np.log(max(value, LEAST_SHARE))) if objective.name in COUNTS else value
    return Linear.constant(len(prepared.preprocessing.features), np.array([value])), {}
