"""A blend of LightGBM (large trees, and small ones), XGBoost and a linear model, weighted by the held-out rows.

How large trees should be is what tables differ in most: on some a few leaves are best, on others a hundred. So both
kinds are members, and the weights decide. Margins are averaged, not probabilities: so the blend is one sum with one
link, a single quick graph. A member that would add less than a tenth is left out: it would cost every answer time.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...rows.training import Training
from . import cross_fitting, lightgbm, linear, xgboost
from .boosting import Ensemble
from .candidate import Fitted
from .cross_fitting import Crossed, Parted
from .lightgbm import LightGBMSettings

Array = npt.NDArray[Any]

#: Weights are tried in steps of a twentieth: finer ones fit the noise of the held-out rows. The least is two of them.
STEPS, LEAST = 20, 2
#: The member that is no tree.
LINE = "linear"


@dataclass(frozen=True, kw_only=True)
class BlendSettings:
    """conf/model/blend.yaml."""

    name: str
    lightgbm: LightGBMSettings
    lightgbm_small: LightGBMSettings
    xgboost: xgboost.XGBoostSettings
    linear: linear.LinearSettings


def fit(training: Training, settings: BlendSettings) -> Fitted:
    """Fit the members and blend them."""
    parted = cross_fitting.parted(training)
    found = members(parted, settings)
    return cross_fitting.finished("blend", parted, blended(parted, found), record(settings))


def members(parted: Parted, settings: BlendSettings) -> dict[str, Crossed]:
    """The members by name, each fitted to every part and to all rows."""
    large, small = settings.lightgbm, settings.lightgbm_small
    return {
        "lightgbm": cross_fitting.boosted(parted, lambda task: lightgbm.fitter(large, task), large.n_estimators),
        "lightgbm_small": cross_fitting.boosted(parted, lambda task: lightgbm.fitter(small, task), small.n_estimators),
        "xgboost": cross_fitting.boosted(
            parted, lambda task: xgboost.fitter(settings.xgboost, task), settings.xgboost.n_estimators
        ),
        LINE: linear.crossed(parted, settings.linear.l2, settings.linear.max_iterations),
    }


def record(settings: BlendSettings) -> dict[str, object]:
    """The members' settings for the run's record."""
    return {
        **{f"lightgbm.{name}": value for name, value in lightgbm.record(settings.lightgbm).items()},
        **{f"lightgbm_small.{name}": value for name, value in lightgbm.record(settings.lightgbm_small).items()},
        **{f"xgboost.{name}": value for name, value in xgboost.record(settings.xgboost).items()},
        "linear.l2": settings.linear.l2,
    }


def blended(parted: Parted, found: dict[str, Crossed]) -> Crossed:
    """The weighted sum of members. The weights of each share's margins are chosen by the others' rows."""
    margins = np.stack([member.margins for member in found.values()])
    table = losses(parted, margins)
    mixed = np.empty_like(margins[0])
    judging = []
    for number, (mine, _) in enumerate(parted.others()):
        judging.append(_best(table, without=number))
        mixed[mine] = np.tensordot(judging[-1], margins[:, mine], axes=1)
    weights = _best(table)
    if len(parted.folds) != len(judging):  # one part, whose shares have weights each: those of all are close to them
        judging = [weights] * len(parted.folds)
    kept = [(weight, member.scorer) for weight, member in zip(weights, found.values(), strict=True) if weight]
    named: dict[str, object] = {f"weight_{name}": weight for name, weight in zip(found, weights.tolist(), strict=True)}
    trees = {f"trees_{name}": member.record["trees"] for name, member in found.items() if "trees" in member.record}
    left = {"left_out": found[LINE].record["left_out"]} if LINE in found and "left_out" in found[LINE].record else {}
    judges = tuple(partial(_mixed, found, chosen, part) for part, chosen in enumerate(judging))
    told = {**named, **trees, **left}
    return Crossed(margins=mixed, scorer=Ensemble.of(kept), record=told, judges=judges)


def _mixed(found: dict[str, Crossed], weights: Array, part: int) -> Ensemble:
    """The members' fits of one part, by their weights."""
    pairs = zip(weights.tolist(), found.values(), strict=True)
    return Ensemble.of([(weight, member.judges[part]()) for weight, member in pairs if weight])


def weightings(count: int) -> Array:
    """All weights [combinations, count] in steps of a twentieth that sum to 1, none of them below a tenth but 0."""
    allowed = (0, *range(LEAST, STEPS + 1))
    steps = itertools.product(allowed, repeat=count - 1)
    found = ([*some, STEPS - sum(some)] for some in steps)
    return np.array([some for some in found if some[-1] in allowed]) / STEPS


def losses(parted: Parted, margins: Array) -> tuple[Array, Array]:
    """Weights [combinations, members], and the summed loss [combinations, shares] of each."""
    objective, truth, weight = parted.whole.task.objective, parted.truth, parted.weight
    shares = int(parted.share.max()) + 1
    tried = weightings(len(margins))
    sums = np.empty((len(tried), shares))
    for row, weights in enumerate(tried):
        loss = objective.losses(truth, np.tensordot(weights, margins, axes=1))
        sums[row] = np.bincount(parted.share, weights=loss * weight, minlength=shares)
    return tried, sums


def _best(table: tuple[Array, Array], without: int | None = None) -> Array:
    """The weights of the least mean loss, of all shares or of all but one."""
    tried, sums = table
    total = sums.sum(axis=1) - (sums[:, without] if without is not None else 0.0)
    found: Array = tried[int(np.argmin(total))]
    return found
