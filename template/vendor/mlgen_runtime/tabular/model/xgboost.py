"""XGBoost through its native Booster: trees grown level by level on histograms, categories in sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Count
from ...onnx.forest import Forest
from ...rows.training import Training
from ...usecase.library_parameters import Library
from . import cross_fitting
from .boosting import Fit, Rows, Task, Trees, mistakes
from .candidate import Fitted

Array = npt.NDArray[Any]

#: Names of XGBoost's that mean the same.
ALIASES = {
    "eta": "learning_rate",
    "gamma": "min_split_loss",
    "alpha": "reg_alpha",
    "lambda": "reg_lambda",
    "n_jobs": "nthread",
    "random_state": "seed",
}


def _names() -> dict[str, str]:
    """Every name of a parameter, as the installed release lists them for boosters of trees."""
    import xgboost

    found = {"eval_metric", "verbosity", *OF_OBJECTIVES}
    for booster in ("gbtree", "dart"):
        trees = xgboost.train({"booster": booster}, xgboost.DMatrix(np.zeros((2, 1)), np.array([0.0, 1.0])), 1)
        found |= set(_listed(json.loads(trees.save_config())))
    return {name: ALIASES.get(name, name) for name in found}


def _listed(entries: Any) -> Iterator[str]:
    """The names of what is no group of others in XGBoost's own JSON."""
    for name, value in entries.items():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                yield from _listed(entry)
            else:
                yield name


#: Parameters of objectives, which a booster of trees lists under its own only: where they stand in conf/target.
OF_OBJECTIVES = {
    "quantile_alpha": "target.quantile",
    "huber_slope": "target.huber_delta",
    "tweedie_variance_power": "target.tweedie_power",
}
#: What is not for `extra`: what has a setting of its own here, follows from the task, or keeps answers repeatable.
LIBRARY = Library(
    "XGBoost",
    _names,
    {
        **dict.fromkeys(("num_class", "tree_method", "seed", "nthread", "eval_metric", "verbosity")),
        **dict.fromkeys(("name", "num_feature", "num_target", "num_trees", "disable_default_eval_metric")),
        "objective": "target.objective",
        **OF_OBJECTIVES,
        "monotone_constraints": "`monotone` of a column in the contract",
        "interaction_constraints": "`interactions` in the contract",
        **{
            name: f"model.{name}"
            for name in (
                "learning_rate",
                "max_depth",
                "min_child_weight",
                "subsample",
                "colsample_bytree",
                "reg_alpha",
                "reg_lambda",
            )
        },
    },
)


@dataclass(frozen=True, kw_only=True)
class XGBoostSettings:
    """conf/model/xgboost.yaml."""

    name: str
    n_estimators: Count
    learning_rate: Amount
    max_depth: int
    min_child_weight: Amount
    subsample: Amount
    colsample_bytree: Amount
    reg_alpha: Amount
    reg_lambda: Amount
    extra: dict[str, Any]
    library: ClassVar[Library] = LIBRARY


@dataclass(frozen=True)
class XGBoostTrees:
    """A fitted booster, and to how many trees it is best cut."""

    booster: Any
    rounds: int
    history: tuple[float, ...]
    task: Task
    format: str = "xgboost"
    dtype: Any = np.float32

    def margins(self, matrix: Array, rounds: int | None = None) -> Array:
        """Margins [n, 1 or k] of encoded rows, by the first `rounds` trees."""
        taken = min(self.rounds if rounds is None else rounds, self.booster.num_boosted_rounds())
        raw = self.booster.predict(_matrix(matrix, self.task), output_margin=True, iteration_range=(0, taken))
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.task.targets)

    def cut(self, rounds: int) -> XGBoostTrees:
        """The booster without the trees beyond `rounds`."""
        kept = min(rounds, self.booster.num_boosted_rounds())
        return replace(self, booster=self.booster[:kept], rounds=kept)

    def forest(self) -> Forest:
        """Its trees, for ONNX."""
        from ...onnx.xgboost import forest

        return forest(bytes(self.booster.save_raw("json")), self.task.targets)

    def gain(self) -> Array:
        """What the splits of each feature gained, in total; XGBoost calls feature 3 "f3"."""
        found = self.booster.get_score(importance_type="total_gain")
        return np.array([found.get(f"f{number}", 0.0) for number in range(self.booster.num_features())])

    def write(self, folder: Path, stem: str) -> str:
        """Write XGBoost's UBJSON file."""
        (folder / f"{stem}.ubj").write_bytes(bytes(self.booster.save_raw("ubj")))
        return f"{stem}.ubj"


def fit(training: Training, settings: XGBoostSettings) -> Fitted:
    """Fit XGBoost to the training rows."""
    parted = cross_fitting.parted(training)
    crossed = cross_fitting.boosted(parted, lambda task: fitter(settings, task), settings.n_estimators)
    return cross_fitting.finished("xgboost", parted, crossed, record(settings))


def record(settings: XGBoostSettings) -> dict[str, object]:
    """The settings for the run's record."""
    values = {name: value for name, value in vars(settings).items() if name not in ("name", "extra")}
    return values | settings.extra


def fitter(settings: XGBoostSettings, task: Task) -> Fit:
    """Return the function that fits a booster; it raises InputError for settings that XGBoost does not take."""
    LIBRARY.check(settings.extra)
    params = parameters(settings, task)
    untried = [settings.extra]

    def fit(rows: Rows, rounds: int, held: Rows | None) -> Trees:
        import xgboost

        for extra in untried:
            LIBRARY.tried(extra, params, rows.matrix, rows.target, task.categorical)
        untried.clear()
        with LIBRARY.refusals(xgboost.core.XGBoostError):
            return _fitted(params, task, rows, rounds, held)

    return fit


def _fitted(params: dict[str, Any], task: Task, rows: Rows, rounds: int, held: Rows | None) -> Trees:
    """Fit one booster."""
    import xgboost

    bins = {"max_bin": int(params.get("max_bin", 256))}
    learn = _matrix(rows.matrix, task, rows, quantile=bins)
    if held is None:
        booster = xgboost.train(params, learn, rounds, verbose_eval=False)
        return XGBoostTrees(booster, rounds, (), task)
    checks = [(_matrix(held.matrix, task, held, quantile=bins | {"ref": learn}), "held_out")]
    losses: dict[str, dict[str, list[float]]] = {}
    booster = xgboost.train(
        params,
        learn,
        rounds,
        evals=checks,
        evals_result=losses,
        custom_metric=_mistakes if params.get("disable_default_eval_metric") else None,
        early_stopping_rounds=task.patience,
        verbose_eval=False,
    )
    history = tuple(next(iter(losses["held_out"].values())))
    return XGBoostTrees(booster, int(np.argmin(history)) + 1, history, task)


def _matrix(matrix: Array, task: Task, rows: Rows | None = None, quantile: dict[str, Any] | None = None) -> Any:
    """The library's own matrix; with `quantile`, how its values are binned, the compact one for fitting."""
    import xgboost

    kinds = ["c" if position in task.categorical else "q" for position in range(matrix.shape[1])]
    given: dict[str, Any] = {"feature_types": kinds, "enable_categorical": True, "nthread": task.threads}
    if rows is not None:
        given |= {"label": rows.target, "weight": rows.weight}
    if quantile is not None:
        return xgboost.QuantileDMatrix(matrix, **given, **quantile)
    return xgboost.DMatrix(matrix, **given)


def _mistakes(probabilities: Array, rows: Any) -> tuple[str, float]:
    """`boosting.mistakes` as XGBoost calls a metric."""
    return "mistakes", mistakes(probabilities, rows.get_label(), rows.get_weight())


def parameters(settings: XGBoostSettings, task: Task) -> dict[str, Any]:
    """XGBoost's own parameters."""
    return {
        **task.objective.xgboost,
        **task.constraints.xgboost,
        **({"num_class": task.classes, "disable_default_eval_metric": True} if task.link == "softmax" else {}),
        "tree_method": "hist",
        "learning_rate": settings.learning_rate,
        "max_depth": settings.max_depth,
        "min_child_weight": settings.min_child_weight,
        "subsample": settings.subsample,
        "colsample_bytree": settings.colsample_bytree,
        "reg_alpha": settings.reg_alpha,
        "reg_lambda": settings.reg_lambda,
        "seed": task.seed,
        "nthread": task.threads,
        "verbosity": 0,
        **settings.extra,
    }
