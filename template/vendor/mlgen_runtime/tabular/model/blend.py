"""A blend of LightGBM and XGBoost: each is fitted once for each fold, and all of them add up with weights.

The rows that a fold leaves out stop its boosters, measure each kind's error, and so choose the weights: no row judges a
booster that learnt from it. The folds' boosters are kept and averaged, which steadies them more than a refit would.
Margins are averaged, not probabilities: so the blend is one sum of trees with one link, a single quick graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...config.schema import Count
from ...rows.training import Training
from . import boosting, lightgbm, validation, xgboost
from .boosting import Ensemble, Prepared, Trees
from .candidate import Fitted

Array = npt.NDArray[Any]

#: Weights are tried in steps of a twentieth: finer ones fit the noise of the held-out rows.
STEPS = 20


@dataclass(frozen=True, kw_only=True)
class BlendSettings:
    """conf/model/blend.yaml."""

    name: str
    folds: Count
    lightgbm: lightgbm.LightGBMSettings
    xgboost: xgboost.XGBoostSettings


def fit(training: Training, settings: BlendSettings) -> Fitted:
    """Fit the blend to the training rows."""
    prepared = boosting.prepare(training, boosting.link(training))
    fitters = (
        (lightgbm.fitter(settings.lightgbm, prepared.task), settings.lightgbm.n_estimators),
        (xgboost.fitter(settings.xgboost, prepared.task), settings.xgboost.n_estimators),
    )
    fold = validation.folds(training, max(2, settings.folds))
    rows = prepared.rows
    margins = np.empty((len(fitters), len(fold), prepared.task.targets))
    kinds: list[list[Trees]] = [[] for _ in fitters]
    for number in range(int(fold.max()) + 1):
        learn, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        for kind, (fitter, most) in enumerate(fitters):
            trees = fitter(rows.take(learn), most, rows.take(held))
            margins[kind, held] = trees.margins(rows.matrix[held])
            kinds[kind].append(trees)
    share = best_share(prepared, margins)
    weights = (share, 1 - share)
    members = [
        (weight / len(trees), booster)
        for weight, trees in zip(weights, kinds, strict=True)
        for booster in trees
        if weight
    ]
    held_out = np.tensordot(np.array(weights), margins, axes=1)
    offsets = boosting.offsets(training, prepared, np.arange(len(fold)), held_out)
    record: dict[str, object] = {
        "folds": len(kinds[0]),
        "weight_lightgbm": share,
        "trees": sum(booster.rounds for _, booster in members),
        **{f"lightgbm_{name}": value for name, value in lightgbm.record(settings.lightgbm).items()},
        **{f"xgboost_{name}": value for name, value in xgboost.record(settings.xgboost).items()},
    }
    return boosting.fitted("blend", training, prepared, Ensemble(tuple(members)), offsets, record)


def best_share(prepared: Prepared, margins: Array) -> float:
    """LightGBM's share of the weight, from the margins [2, n, 1 or k] of rows while they were held out."""
    weight, objective = prepared.rows.weight, prepared.task.objective
    shares = np.arange(STEPS + 1) / STEPS
    losses = []
    for share in shares:
        loss = objective.losses(prepared.rows.target, share * margins[0] + (1 - share) * margins[1])
        losses.append(np.average(loss, weights=weight))
    return float(shares[int(np.argmin(losses))])
