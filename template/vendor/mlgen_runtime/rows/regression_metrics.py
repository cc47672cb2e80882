"""The metrics of amounts, each ready for bootstrap resamples: `prepare(truth, values)`, both [n], to a Resample.

Two of them have a figure in their name: pinball_0.9 is the loss of the 0.9 quantile, tweedie_deviance_1.5 has variance
that grows as mean^1.5. By themselves (`gate.metric=pinball`) they take the figure of conf/target.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from .resample import Array, Resample, average

Prepare = Callable[[Array, Array], Resample]

#: A prediction is never taken for less where a logarithm needs it above 0 (or above -1: this much above).
SMALLEST = 1e-9


def rmse(truth: Array, values: Array) -> Resample:
    """Root of the mean squared error."""
    return _root(average((truth - values) ** 2))


def mae(truth: Array, values: Array) -> Resample:
    """Mean absolute error."""
    return average(np.abs(truth - values))


def r2(truth: Array, values: Array) -> Resample:
    """Share of the variance explained; NaN where the truth does not vary."""
    squared = (truth - values) ** 2

    def value(counts: Array | None) -> float:
        weights = np.ones(len(truth)) if counts is None else counts
        spread = (truth - truth @ weights / weights.sum()) ** 2 @ weights
        share = float(1 - squared @ weights / spread) if spread else float("nan")
        return 0.0 if abs(share) < 1e-9 else share  # the mean's own is none, not what rounding leaves of it

    return value


def wape(truth: Array, values: Array) -> Resample:
    """Absolute error as a share of the absolute truth: unlike MAPE it bears zeros."""
    errors, sizes = np.abs(truth - values), np.abs(truth)

    def value(counts: Array | None) -> float:
        weights = np.ones(len(truth)) if counts is None else counts
        size = float(sizes @ weights)
        return float(errors @ weights) / size if size else float("nan")

    return value


def rmsle(truth: Array, values: Array) -> Resample:
    """RMSE of log(1 + value): what target.transform=log1p makes small. Of amounts that are never negative, a negative
    prediction is taken for 0, as whoever uses it would cut it."""
    least = 0.0 if (truth >= 0).all() else SMALLEST - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        return _root(average((np.log1p(truth) - np.log1p(np.maximum(values, least))) ** 2))


def pinball(truth: Array, values: Array, level: float) -> Resample:
    """Loss of a quantile: an outcome above the prediction costs `level` a unit, one below it 1 - level."""
    above = truth - values
    return average(np.maximum(level * above, (level - 1) * above))


def poisson_deviance(truth: Array, values: Array) -> Resample:
    """Mean Poisson deviance, as scikit-learn's `mean_poisson_deviance`."""
    mean = np.maximum(values, SMALLEST)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(truth > 0, truth * np.log(np.where(truth > 0, truth, 1.0) / mean), 0.0)
    return average(2 * (logs - truth + mean))


def tweedie_deviance(truth: Array, values: Array, power: float) -> Resample:
    """Mean Tweedie deviance for 1 < power < 2, as scikit-learn's `mean_tweedie_deviance`."""
    mean = np.maximum(values, SMALLEST)
    one, two = 1 - power, 2 - power
    with np.errstate(invalid="ignore"):
        return average(2 * (np.maximum(truth, 0) ** two / (one * two) - truth * mean**one / one + mean**two / two))


#: The metrics with a figure in their name: what they are, and which figures there are (below the second).
FAMILIES: dict[str, tuple[Callable[..., Resample], tuple[float, float]]] = {
    "pinball": (pinball, (0.0, 1.0)),
    "tweedie_deviance": (tweedie_deviance, (1.0, 2.0)),
}


#: The least value of the truth that a metric is defined for.
LEAST = {"rmsle": np.nextafter(-1.0, 0.0), "poisson_deviance": 0.0}


def defined(name: str, truth: Array) -> bool:
    """Whether a metric means anything for these values [n]."""
    return name not in LEAST or bool((truth >= LEAST[name]).all())


def of_family(name: str) -> Prepare | None:
    """The metric of a name such as pinball_0.9; None where it is none of a family's."""
    family, _, figure = name.rpartition("_")
    if family not in FAMILIES:
        return None
    found, (low, high) = FAMILIES[family]
    try:
        value = float(figure)
    except ValueError:
        return None
    given = {"pinball": "level", "tweedie_deviance": "power"}[family]
    return functools.partial(found, **{given: value}) if low < value < high else None


def _root(mean: Resample) -> Resample:
    return lambda counts: float(np.sqrt(mean(counts)))
