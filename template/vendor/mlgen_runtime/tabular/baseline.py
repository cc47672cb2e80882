"""The number to beat, fitted before any model: the majority or the mean, and a linear model on the same inputs.

Where boosted trees are no better than the linear model, the linear model is promoted: so it is a full Candidate with
its own bundle, not a figure on a scorecard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import InputError
from ..rows.training import Candidate, Training
from .linear import Linear
from .model import cross_fitting, linear
from .model.boosting import Prepared
from .model.linear_fit import LEAST_SHARE

if TYPE_CHECKING:
    from .settings import BaselineSettings


def fit(training: Training, settings: BaselineSettings) -> list[Candidate]:
    """Fit the constant and the linear baseline. Raises InputError where the training rows hold only one class."""
    if training.classes and len(np.unique(training.target)) < 2:
        raise InputError(
            f"the training rows hold only one class of {training.contract.target.name!r}; "
            f"give data with at least two, or another split"
        )
    parted = cross_fitting.parted(training)
    constant = cross_fitting.learnt(parted, _constant)
    line = linear.crossed(parted, settings.l2, settings.max_iterations)
    return [
        cross_fitting.finished("majority" if training.classes else "mean", parted, constant, {}),
        cross_fitting.finished("logistic" if training.classes else "ridge", parted, line, {}),
    ]


def _constant(training: Training, prepared: Prepared) -> tuple[Linear, dict[str, object]]:
    """The same answer for every row: the classes' shares, or the mean."""
    weights = prepared.rows.weight
    if training.classes:
        totals = np.bincount(training.target, weights=weights, minlength=training.classes)
        logs = np.log(np.maximum(totals / totals.sum(), LEAST_SHARE))
        intercept = logs[1:] - logs[:1] if training.classes == 2 else logs
        return Linear.constant(len(prepared.preprocessing.features), intercept), {}
    mean = np.array([np.average(prepared.rows.target, weights=weights)])
    return Linear.constant(len(prepared.preprocessing.features), mean), {}
