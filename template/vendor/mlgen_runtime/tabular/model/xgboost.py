"""XGBoost through its native Booster: trees grown level by level on histograms, categories in sets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Count
from ...core.errors import InputError
from ...onnx.forest import Forest
from ...rows.training import Training
from . import single
from .boosting import Fit, Rows, Task, Trees, mistakes
from .candidate import Fitted

Array = npt.NDArray[Any]

#: Parameters that follow from the task, or that the answers' being repeatable rests on.
RESERVED = ("objective", "num_class", "tree_method", "seed", "nthread")


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


@dataclass(frozen=True)
class XGBoostTrees:
    """A fitted booster, cut to the trees that early stopping kept."""

    booster: Any
    rounds: int
    history: tuple[float, ...]
    task: Task
    format: str = "xgboost"
    dtype: Any = np.float32

    def margins(self, matrix: Array) -> Array:
        """Margins [n, 1 or k] of encoded rows."""
        rows = _matrix(matrix, self.task)
        raw = self.booster.predict(rows, output_margin=True)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), self.task.targets)

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
    return single.fit("xgboost", training, lambda task: fitter(settings, task), settings.n_estimators, record(settings))


def record(settings: XGBoostSettings) -> dict[str, object]:
    """The settings for the run's record."""
    values = {name: value for name, value in vars(settings).items() if name not in ("name", "extra")}
    return values | settings.extra


def fitter(settings: XGBoostSettings, task: Task) -> Fit:
    """Return the function that fits a booster; raises InputError for an `extra` that is not the user's to set."""
    params = parameters(settings, task)

    def fit(rows: Rows, rounds: int, held: Rows | None) -> Trees:
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
        kept = booster.best_iteration + 1
        return XGBoostTrees(booster[:kept], kept, tuple(next(iter(losses["held_out"].values()))), task)

    return fit


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
    for key in settings.extra:
        if key in RESERVED:
            raise InputError(f"model.extra: {key!r} follows from the task and the run; take it out")
    objective = {"logistic": "binary:logistic", "softmax": "multi:softprob"}.get(task.link, "reg:squarederror")
    return {
        "objective": objective,
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
