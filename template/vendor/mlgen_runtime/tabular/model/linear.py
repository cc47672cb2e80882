"""The linear model as a candidate: `model=linear`, and a member of what `model=auto` chooses from."""

from __future__ import annotations

from dataclasses import dataclass

from ...config.schema import Amount, Count
from ...rows.training import Training
from . import cross_fitting, linear_fit
from .candidate import Fitted
from .cross_fitting import Crossed, Parted


@dataclass(frozen=True, kw_only=True)
class LinearSettings:
    """conf/model/linear.yaml; `l2` is the strength of the penalty on standardised columns."""

    name: str
    l2: Amount
    max_iterations: Count


def fit(training: Training, settings: LinearSettings) -> Fitted:
    """Fit the linear model of the task to the training rows."""
    parted = cross_fitting.parted(training)
    return cross_fitting.finished("linear", parted, crossed(parted, settings.l2, settings.max_iterations), {})


def crossed(parted: Parted, l2: float, iterations: int) -> Crossed:
    """Fit it to each part and to all rows; once, where baseline and candidate ask for the same."""
    kept, key = parted.training.kept, f"linear {l2} {iterations}"
    if key not in kept:
        kept[key] = cross_fitting.learnt(parted, lambda rows, prepared: linear_fit.fit(rows, prepared, l2, iterations))
    found = kept[key]
    assert isinstance(found, Crossed)
    return found
