"""What boosted trees make small, and in which words the libraries know it: conf/target as a task is fitted.

found = of(training)                Objective(name="poisson", link="log:1.0", figure=None)
found.labels(target)                what a library is given, [n]
found.lightgbm, found.xgboost       its parameters there
found.losses(labels, margins)       [n], the same loss, where weights of a blend are chosen
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...rows.settings import TargetSettings
from ...rows.target import COUNTS
from ...rows.training import Training
from .. import link as links

Array = npt.NDArray[Any]

#: Robust standard deviations from which on an error counts linearly under Huber's loss: the usual 95 % efficiency.
HUBER = 1.345
#: The median absolute deviation of a normal distribution is so much of its standard deviation.
NORMAL = 0.6745
#: The least probability in a logarithm.
SMALLEST = 1e-15

#: name → the objective in LightGBM and in XGBoost, and what its figure is called there.
NAMES: dict[str, tuple[str, str, str, str]] = {
    "squared_error": ("regression", "reg:squarederror", "", ""),
    "mae": ("regression_l1", "reg:absoluteerror", "", ""),
    "huber": ("huber", "reg:pseudohubererror", "alpha", "huber_slope"),
    "quantile": ("quantile", "reg:quantileerror", "alpha", "quantile_alpha"),
    "poisson": ("poisson", "count:poisson", "", ""),
    "tweedie": ("tweedie", "reg:tweedie", "tweedie_variance_power", "tweedie_variance_power"),
    "logistic": ("binary", "binary:logistic", "", ""),
    "softmax": ("multiclass", "multi:softprob", "", ""),
}


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The loss by `name`, on margins that a `link` turns into scores; `figure` is its level, power or delta."""

    name: str
    link: str
    figure: float | None = None

    @property
    def lightgbm(self) -> dict[str, Any]:
        """LightGBM's parameters."""
        return self._parameters(0)

    @property
    def xgboost(self) -> dict[str, Any]:
        """XGBoost's parameters."""
        return self._parameters(1)

    def _parameters(self, library: int) -> dict[str, Any]:
        names = NAMES[self.name]
        return {"objective": names[library]} | ({} if self.figure is None else {names[2 + library]: self.figure})

    def labels(self, target: Array) -> Array:
        """What a library learns from, [n]: the target on the scale of the margins; as it is, where that is log mean."""
        return links.margins(target, self.link)

    def losses(self, labels: Array, margins: Array) -> Array:
        """The loss [n] of margins [n, 1 or k] for labels [n]."""
        if self.name in ("logistic", "softmax"):
            scores = links.scores(margins, self.link)
            found: Array = -np.log(np.maximum(scores[np.arange(len(scores)), labels], SMALLEST))
            return found
        return _LOSSES[self.name](labels, margins[:, 0], self.figure)


def of(training: Training, link: str) -> Objective:
    """The objective of a task whose link is known."""
    word, power = links.named(link)
    if training.classes:
        return Objective(name=word, link=link)
    settings = training.learnt
    figures = {"quantile": settings.quantile, "tweedie": power, "huber": settings.huber_delta}
    figure = figures.get(settings.objective)
    if settings.objective == "huber" and figure is None:
        figure = _delta(links.margins(training.target, link), training.weights())
    return Objective(name=settings.objective, link=link, figure=figure)


def link(training: Training) -> str:
    """The link of the task: of classes, of a mean whose logarithm is learnt, or of the transform of an amount."""
    if training.classes:
        return "logistic" if training.classes == 2 else "softmax"
    settings: TargetSettings = training.learnt
    if settings.objective in COUNTS:
        return f"log:{settings.tweedie_power if settings.objective == 'tweedie' else 1.0!r}"
    if settings.transform == "log1p":
        return "log1p"
    if settings.transform == "box_cox":
        from .power import fit

        return fit(training.target, training.weights())
    return "identity"


def quantile(values: Array, weights: Array, level: float) -> float:
    """The value [n] below which a share of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, level * reached[-1]))
    return float(values[order[min(at, len(order) - 1)]])


def _delta(labels: Array, weights: Array) -> float:
    """Huber's delta by the spread of the labels [n]; of labels that hardly vary, 1."""
    middle = quantile(labels, weights, 0.5)
    return HUBER * quantile(np.abs(labels - middle), weights, 0.5) / NORMAL or 1.0


def _squared(labels: Array, margins: Array, figure: float | None) -> Array:
    found: Array = (labels - margins) ** 2
    return found


def _absolute(labels: Array, margins: Array, figure: float | None) -> Array:
    found: Array = np.abs(labels - margins)
    return found


def _huber(labels: Array, margins: Array, figure: float | None) -> Array:
    assert figure is not None
    away = np.abs(labels - margins)
    found: Array = np.where(away <= figure, away**2 / 2, figure * (away - figure / 2))
    return found


def _quantile(labels: Array, margins: Array, figure: float | None) -> Array:
    assert figure is not None
    above = labels - margins
    found: Array = np.maximum(figure * above, (figure - 1) * above)
    return found


def _poisson(labels: Array, margins: Array, figure: float | None) -> Array:
    found: Array = np.exp(margins) - labels * margins
    return found


def _tweedie(labels: Array, margins: Array, figure: float | None) -> Array:
    assert figure is not None
    one, two = 1 - figure, 2 - figure
    found: Array = np.exp(margins * two) / two - labels * np.exp(margins * one) / one
    return found


_LOSSES = {
    "squared_error": _squared,
    "mae": _absolute,
    "huber": _huber,
    "quantile": _quantile,
    "poisson": _poisson,
    "tweedie": _tweedie,
}
