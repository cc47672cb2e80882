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
from .. import preprocessing as preparing
from . import boosting, interval, validation
from .boosting import Ensemble, Task, Trees
from .candidate import Fitted, decimals
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
    """Fit the estimator to a part, for the interval, and to all training rows."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    estimator = _made(found, training, settings)
    record = {name: getattr(settings, name) for name in found.options["settings"]}
    kind = type(estimator).__module__.partition(".")[0]
    if kind in ("lightgbm", "xgboost"):
        return _boosted(found.name, training, estimator, kind, record)
    return _estimated(found, training, settings, estimator, record)


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


def _estimated(
    found: Extension, training: Training, settings: Any, estimator: Any, record: dict[str, object]
) -> Fitted:
    prepared, matrix = preparing.learn(training)
    design = Design.of(prepared, matrix)
    columns, weights = design.columns(matrix), training.weights()
    offsets = None
    if not training.classes:
        learn, held = validation.holdout(training, training.settings.validation_size)
        part = _made(found, training, settings)
        _learn(found.name, part, columns[learn], training.target[learn], weights[learn])
        offsets = interval.offsets(training.target[held] - part.predict(columns[held]), training.coverage)
    weighted = _learn(found.name, estimator, columns, training.target, weights)
    return Fitted(
        name=found.name,
        preprocessing=prepared,
        scorer=Estimator(design, estimator, training.classes),
        link="probabilities" if training.classes else "identity",
        classes=training.classes,
        interval=offsets,
        decimals=decimals(training),
        record=record,
        notes=() if weighted else (f"{found.name} takes no weights of rows: each row counted once in its fit",),
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


def _boosted(name: str, training: Training, estimator: Any, kind: str, record: dict[str, object]) -> Fitted:
    """A library's own wrapper: its booster is taken out, and served as our own boosters are."""
    link = {0: "identity", 2: "logistic"}.get(training.classes, "softmax")
    prepared = boosting.prepare(training, link)
    rows, offsets = prepared.rows, None
    if training.classes and len(np.unique(rows.target)) < training.classes:
        raise InputError(
            f"model={name}: {type(estimator).__name__} must see every class, and the training rows lack one of the "
            f"{training.classes}; choose another split, or take the label out of the contract"
        )
    if not training.classes:
        learn, held = validation.holdout(training, training.settings.validation_size)
        _fitted(name, estimator, rows.matrix[learn], rows.target[learn], {"sample_weight": rows.weight[learn]})
        margins = _trees(estimator, kind, prepared.task).margins(rows.matrix[held])
        offsets = boosting.offsets(training, prepared, held, margins)
    _fitted(name, estimator, rows.matrix, rows.target, {"sample_weight": rows.weight})
    trees = _trees(estimator, kind, prepared.task)
    few = rows.matrix[:200]
    expected = estimator.predict_proba(few) if training.classes else estimator.predict(few)
    scores = links.scores(trees.margins(few), link)
    if scores.shape != expected.shape or not np.allclose(scores, expected, rtol=SAME, atol=SAME * 10):
        raise InputError(
            f"model={name}: its predictions are not what its trees add up to under the {link} link, so another "
            "objective than the task's was chosen; leave the objective out"
        )
    return boosting.fitted(name, training, prepared, Ensemble(((1.0, trees),)), offsets, record)


def _trees(estimator: Any, kind: str, task: Task) -> Trees:
    if kind == "lightgbm":
        from .lightgbm import LightGBMTrees

        booster = estimator.booster_
        return LightGBMTrees(booster=booster, rounds=booster.current_iteration(), history=(), task=task)
    from .xgboost import XGBoostTrees

    booster = estimator.get_booster()
    return XGBoostTrees(booster=booster, rounds=booster.num_boosted_rounds(), history=(), task=task)
