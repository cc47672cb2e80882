"""LightGBM through its native Booster: trees grown leaf by leaf, categories and missing values as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Count
from ...onnx.forest import Forest
from ...rows.training import Training
from ...usecase.library_parameters import LIGHTGBM, Library, lightgbm_names
from . import cross_fitting
from .boosting import Fit, Rows, Task, Trees, mistakes
from .candidate import Fitted

Array = npt.NDArray[Any]

#: What is not for `extra`: what has a setting of its own here, follows from the task, or keeps answers repeatable.
LIBRARY = Library(
    "LightGBM",
    lightgbm_names,
    {
        **LIGHTGBM,
        "objective": "target.objective",
        "alpha": "target.quantile, or target.huber_delta,",
        "tweedie_variance_power": "target.tweedie_power",
        "monotone_constraints": "`monotone` of a column in the contract",
        "interaction_constraints": "`interactions` in the contract",
        "early_stopping_round": "train.early_stopping_rounds",
        "max_depth": "model.max_depth",
        "lambda_l1": "model.reg_alpha",
        "lambda_l2": "model.reg_lambda",
    },
)


@dataclass(frozen=True, kw_only=True)
class LightGBMSettings:
    """conf/model/lightgbm.yaml."""

    name: str
    n_estimators: Count
    learning_rate: Amount
    num_leaves: Count
    max_depth: int
    min_child_samples: Count
    subsample: Amount
    colsample_bytree: Amount
    reg_alpha: Amount
    reg_lambda: Amount
    extra: dict[str, Any]
    library: ClassVar[Library] = LIBRARY


@dataclass(frozen=True)
class LightGBMTrees:
    """A fitted booster, and to how many trees it is best cut."""

    booster: Any
    rounds: int
    history: tuple[float, ...]
    task: Task
    format: str = "lightgbm"
    dtype: Any = np.float64

    def margins(self, matrix: Array, rounds: int | None = None) -> Array:
        """Margins [n, 1 or k] of encoded rows, by the first `rounds` trees."""
        taken = self.rounds if rounds is None else rounds
        raw = self.booster.predict(matrix, raw_score=True, num_iteration=taken, num_threads=self.task.threads)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.task.targets)

    def cut(self, rounds: int) -> LightGBMTrees:
        """The booster without the trees beyond `rounds`."""
        import lightgbm

        text = self.booster.model_to_string(num_iteration=rounds)
        return replace(self, booster=lightgbm.Booster(model_str=text), rounds=rounds)

    def forest(self) -> Forest:
        """Its trees, for ONNX."""
        from ...onnx.lightgbm import forest

        return forest(self.booster.model_to_string(), self.task.targets)

    def gain(self) -> Array:
        """What the splits of each feature gained, in total."""
        return np.asarray(self.booster.feature_importance("gain"), dtype=np.float64)

    def write(self, folder: Path, stem: str) -> str:
        """Write LightGBM's model text."""
        (folder / f"{stem}.txt").write_text(self.booster.model_to_string(), "utf8")
        return f"{stem}.txt"


def fit(training: Training, settings: LightGBMSettings) -> Fitted:
    """Fit LightGBM to the training rows."""
    parted = cross_fitting.parted(training)
    crossed = cross_fitting.boosted(parted, lambda task: fitter(settings, task), settings.n_estimators)
    return cross_fitting.finished("lightgbm", parted, crossed, record(settings))


def record(settings: LightGBMSettings) -> dict[str, object]:
    """The settings for the run's record."""
    values = {name: value for name, value in vars(settings).items() if name not in ("name", "extra")}
    return values | settings.extra


def fitter(settings: LightGBMSettings, task: Task) -> Fit:
    """Return the function that fits a booster; it raises InputError for settings that LightGBM does not take."""
    LIBRARY.check(settings.extra)
    params = parameters(settings, task)
    untried = [settings.extra]

    def fit(rows: Rows, rounds: int, held: Rows | None) -> Trees:
        import lightgbm

        for extra in untried:
            LIBRARY.tried(extra, params, rows.matrix, rows.target, task.categorical)
        untried.clear()
        with LIBRARY.refusals(lightgbm.basic.LightGBMError):
            return _fitted(params, task, rows, rounds, held)

    return fit


def _fitted(params: dict[str, Any], task: Task, rows: Rows, rounds: int, held: Rows | None) -> Trees:
    """Fit one booster."""
    import lightgbm

    def dataset(part: Rows, reference: Any = None) -> Any:
        return lightgbm.Dataset(
            part.matrix,
            part.target,
            weight=part.weight,
            reference=reference,
            categorical_feature=list(task.categorical),
            params=params,
        )

    learn = dataset(rows)
    losses: dict[str, dict[str, list[float]]] = {}
    watch = [lightgbm.early_stopping(task.patience, verbose=False), lightgbm.record_evaluation(losses)]
    checks = [dataset(held, learn)] if held is not None else None
    booster = lightgbm.train(
        params,
        learn,
        rounds,
        valid_sets=checks,
        feval=_mistakes if params.get("metric") == "None" else None,
        callbacks=watch if checks else None,
        keep_training_booster=checks is not None,  # else the trees beyond the best one would be gone
    )
    if checks is None:
        return LightGBMTrees(booster, booster.current_iteration(), (), task)
    history = tuple(next(iter(losses["valid_0"].values())))
    return LightGBMTrees(booster, int(np.argmin(history)) + 1, history, task)


def _mistakes(probabilities: Array, rows: Any) -> tuple[str, float, bool]:
    """`boosting.mistakes` as LightGBM calls a metric."""
    return "mistakes", mistakes(probabilities, rows.get_label(), rows.get_weight()), False


def parameters(settings: LightGBMSettings, task: Task) -> dict[str, Any]:
    """LightGBM's own parameters. Equal seeds give equal trees on a machine: `deterministic` with one fixed layout."""
    return {
        **task.objective.lightgbm,
        **task.constraints.lightgbm,
        **({"num_class": task.classes, "metric": "None"} if task.link == "softmax" else {}),
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": settings.min_child_samples,
        "bagging_fraction": settings.subsample,
        "bagging_freq": int(settings.subsample < 1),
        "feature_fraction": settings.colsample_bytree,
        "lambda_l1": settings.reg_alpha,
        "lambda_l2": settings.reg_lambda,
        "seed": task.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": task.threads,
        "feature_pre_filter": False,
        "verbosity": -1,
        **settings.extra,
    }
