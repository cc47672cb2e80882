"""The project's own models (`mlgen_runtime.extend.model`) as candidates beside ours.

A scikit-learn estimator is served by its ONNX graph (skl2onnx), or not at all: it has no safe format of its own.
LightGBM's and XGBoost's wrappers are served as our own boosters are, bit for bit.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from ...core import extensions
from ...core.errors import InputError
from ...core.extensions import Extension
from ...rows.training import Candidate, Training
from .. import link as links
from . import cross_fitting
from .boosting import Ensemble, Prepared, Task, Trees
from .candidate import Fitted
from .estimator import Design, Estimator

Array = npt.NDArray[Any]
#: What a wrapper may differ by from its booster, as a share: more means another objective than the task's.
SAME = 1e-6


def models(ours: Collection[str]) -> dict[str, tuple[type[Any], Callable[[Training, Any], Candidate]]]:
    """name → (the dataclass of its settings, fit), as in `MODELS`. Raises InputError where one has a name of ours."""
    own = extensions.registered_beside(ours, "model")
    return {name: (_settings(found), partial(_fit, found)) for name, found in own.items()}


def _settings(found: Extension) -> type[Any]:
    """A dataclass with the function's parameters; one without an annotation takes what its default is."""
    hints = get_type_hints(found.function, include_extras=True)
    fields: list[tuple[str, Any]] = [("name", str)]
    fields += [
        (name, hints.get(name, object if default in (None, "???") else type(default)))
        for name, default in found.options["settings"].items()
    ]
    return dataclasses.make_dataclass(f"{found.name}_settings", fields, frozen=True, kw_only=True)


def _fit(found: Extension, training: Training, settings: Any) -> Candidate:
    """Fit the estimator to every part, and to all training rows."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    _check(found.name, training)
    estimator = _made(found, training, settings)
    record = {name: getattr(settings, name) for name in found.options["settings"]}
    kind = type(estimator).__module__.partition(".")[0]
    if kind in ("lightgbm", "xgboost"):
        return _boosted(found, training, settings, kind, record)
    return _estimated(found, training, settings, record)


def _check(name: str, training: Training) -> None:
    """Raise InputError for what a model of one's own is asked in vain."""
    objective = training.learnt.objective
    bound = [column.name for column in training.contract.columns if column.monotone]
    bound += [name for group in training.contract.interactions for name in group]
    if not training.classes and objective != "squared_error":
        raise InputError(
            f"model={name}: target.objective={objective} is for the models of conf/model; set the loss of the "
            "estimator in its own function, and gate.metric beside it"
        )
    if bound:
        raise InputError(
            f"model={name} is not known to keep what the contract says of {bound[0]!r} (monotone, interactions); use "
            "a model of conf/model, or take the entry out"
        )


def _made(found: Extension, training: Training, settings: Any) -> Any:
    """The estimator, not fitted yet. Raises InputError where the function gives something else."""
    wanted = inspect.signature(found.function).parameters
    given = {name: value for name, value in (("seed", training.seed), ("threads", training.threads)) if name in wanted}
    made = found.function(**{name: getattr(settings, name) for name in found.options["settings"]}, **given)
    needed = ("fit", "predict_proba") if training.classes else ("fit", "predict")
    if lacking := [name for name in needed if not callable(getattr(made, name, None))]:
        raise InputError(
            f"model={found.name}: {found.module} gives {type(made).__name__}, which has no {lacking[0]}; return an "
            f"estimator for {'classes' if training.classes else 'numbers'}, not fitted yet"
        )
    return made


def _estimated(found: Extension, training: Training, settings: Any, record: dict[str, object]) -> Fitted:
    parted = cross_fitting.parted(training)
    unweighted: list[bool] = []

    def learn(rows: Training, prepared: Prepared) -> tuple[Estimator, dict[str, object]]:
        matrix, estimator = prepared.rows.matrix, _made(found, training, settings)
        design = Design.of(prepared.preprocessing, matrix)
        if not _learn(found.name, estimator, design.columns(matrix), prepared.rows.target, prepared.rows.weight):
            unweighted.append(True)
        return Estimator(design, estimator, training.classes), {}

    return cross_fitting.finished(
        found.name,
        parted,
        cross_fitting.learnt(parted, learn),
        record,
        link="probabilities" if training.classes else None,
        notes=(f"{found.name} takes no weights of rows: each row counted once in its fit",) if unweighted else (),
    )


def _learn(name: str, estimator: Any, columns: Array, target: Array, weights: Array) -> bool:
    """Fit; return whether the weights of the rows counted: those that differ are handed to an estimator that takes
    them, and to the last step of a pipeline that does."""
    from sklearn.utils.validation import has_fit_parameter

    key, last = "sample_weight", estimator
    if hasattr(estimator, "steps"):
        step, last = estimator.steps[-1]
        key = f"{step}__sample_weight"
    differ = bool(np.ptp(weights))
    weighted = differ and has_fit_parameter(last, "sample_weight")
    _fitted(name, estimator, columns, target, {key: weights} if weighted else {})
    return weighted or not differ


def _fitted(name: str, estimator: Any, columns: Array, target: Array, more: dict[str, Array]) -> None:
    """Fit. Raises InputError with what the estimator says of its settings or of the rows."""
    try:
        estimator.fit(columns, target, **more)
    except (ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"model={name}: {type(estimator).__name__} cannot be fitted: {reason}") from error


def _boosted(found: Extension, training: Training, settings: Any, kind: str, record: dict[str, object]) -> Fitted:
    """A library's own wrapper: its booster is taken out, and served as our own boosters are."""
    parted = cross_fitting.parted(training)

    def learn(rows: Training, prepared: Prepared) -> tuple[Ensemble, dict[str, object]]:
        estimator = _made(found, training, settings)
        return Ensemble(((1.0, _fitted_trees(found.name, rows, prepared, estimator, kind)),)), {}

    return cross_fitting.finished(found.name, parted, cross_fitting.learnt(parted, learn), record)


def _fitted_trees(name: str, training: Training, prepared: Prepared, estimator: Any, kind: str) -> Trees:
    """The fitted booster of a wrapper. Raises InputError where its trees are not all that it predicts by."""
    rows, link = prepared.rows, prepared.task.link
    if training.classes and len(np.unique(rows.target)) < training.classes:
        raise InputError(
            f"model={name}: {type(estimator).__name__} must see every class, and the training rows lack one of the "
            f"{training.classes}; choose another split, or take the label out of the contract"
        )
    _fitted(name, estimator, rows.matrix, rows.target, {"sample_weight": rows.weight})
    trees = _trees(estimator, kind, prepared.task)
    few = rows.matrix[:200]
    expected = estimator.predict_proba(few) if training.classes else estimator.predict(few)
    margins = trees.margins(few)
    scores = links.scores(margins, link) if training.classes else margins[:, 0]  # it knows of no transform
    if scores.shape != expected.shape or not np.allclose(scores, expected, rtol=SAME, atol=SAME * 10):
        raise InputError(
            f"model={name}: its predictions are not what its trees add up to under the {link} link, so another "
            "objective than the task's was chosen; leave the objective out"
        )
    return trees


def _trees(estimator: Any, kind: str, task: Task) -> Trees:
    if kind == "lightgbm":
        from .lightgbm import LightGBMTrees

        booster = estimator.booster_
        return LightGBMTrees(booster=booster, rounds=booster.current_iteration(), history=(), task=task)
    from .xgboost import XGBoostTrees

    booster = estimator.get_booster()
    return XGBoostTrees(booster=booster, rounds=booster.num_boosted_rounds(), history=(), task=task)
