"""A small made-up table with a column of every kind, and the settings of a quick fit: what the model's tests share."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.settings import TargetSettings
from mlgen_runtime.rows.training import Training
from mlgen_runtime.tabular.model import auto, blend
from mlgen_runtime.tabular.model.auto import AutoSettings
from mlgen_runtime.tabular.model.blend import BlendSettings
from mlgen_runtime.tabular.model.lightgbm import LightGBMSettings
from mlgen_runtime.tabular.model.linear import LinearSettings
from mlgen_runtime.tabular.model.xgboost import XGBoostSettings
from mlgen_runtime.tabular.settings import TrainSettings

TASKS = ("binary", "multiclass", "regression")
LABELS = {"binary": ("no", "yes"), "multiclass": ("3", "4", "10"), "regression": ()}
SHARED: dict[str, Any] = {
    "n_estimators": 25,
    "learning_rate": 0.3,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "reg_alpha": 0.0,
    "reg_lambda": 1.0,
    "extra": {},
}
LIGHTGBM = LightGBMSettings(name="lightgbm", num_leaves=15, max_depth=-1, min_child_samples=5, **SHARED)
XGBOOST = XGBoostSettings(name="xgboost", max_depth=4, min_child_weight=1.0, **SHARED)
LINEAR = LinearSettings(name="linear", l2=1.0, max_iterations=200)
SINGLE: dict[str, Any] = {"lightgbm": LIGHTGBM, "xgboost": XGBOOST, "linear": LINEAR}
MEMBERS: dict[str, Any] = SINGLE | {"lightgbm_small": dataclasses.replace(LIGHTGBM, num_leaves=4)}
BLEND = BlendSettings(name="blend", **MEMBERS)
#: conf/target as it is.
LEARNT: dict[str, Any] = {
    "transform": "none",
    "objective": "squared_error",
    "tweedie_power": 1.5,
    "quantile": 0.5,
    "huber_delta": None,
}
#: The models by name, each with quick settings.
QUICK: dict[str, Any] = {**SINGLE, "blend": BLEND, "auto": AutoSettings(name="auto", **MEMBERS)}


def contract(task: str = "binary") -> Contract:
    """Six inputs of five types, and the target."""
    target = {"binary": "category", "multiclass": "integer", "regression": "number"}[task]
    return Contract(
        vocabulary=VOCABULARY,
        task=task,
        columns=(
            Column(name="amount", type="number", nullable=True),
            Column(name="size", type="integer"),
            Column(name="open", type="boolean", nullable=True),
            Column(name="kind", type="category", nullable=True, categories=("a", "b", "c", "rare")),
            Column(name="code", type="category"),
            Column(name="when", type="datetime", nullable=True),
            Column(name="goal", role="target", type=target, categories=LABELS[task]),
        ),
    )


def frame(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Conformed rows of the inputs."""
    random = np.random.default_rng(seed)
    kinds = random.choice(np.array(["a", "b", "c", None], dtype=object), rows)
    kinds[0] = "rare"
    hours = pd.to_datetime("2024-01-01") + pd.to_timedelta(random.integers(0, 9000, rows), unit="h")
    return pd.DataFrame(
        {
            "amount": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "size": random.integers(0, 50, rows).astype(np.float64),
            "open": np.where(random.random(rows) < 0.05, np.nan, random.integers(0, 2, rows)),
            "kind": pd.Series(kinds, dtype=object),
            "code": pd.Series([f"c{number}" for number in random.integers(0, 60, rows)], dtype=object),
            "when": pd.Series(hours).where(random.random(rows) > 0.05).astype("datetime64[ns]"),
        }
    )


def truth(rows: pd.DataFrame, task: str) -> np.ndarray:
    """A target that the inputs explain."""
    signal = (
        rows["amount"].fillna(0) + rows["size"] / 25 + (rows["kind"] == "a") + 0.02 * rows["when"].dt.hour.fillna(0)
    )
    values = signal.to_numpy(dtype=np.float64)
    if task == "regression":
        return 1000 * values
    return np.digitize(values, np.quantile(values, [0.5] if task == "binary" else [0.3, 0.7])).astype(np.int64)


def training(task: str = "binary", rows: int = 240, **changed: Any) -> Training:
    """Training rows and quick settings; `changed` overrides fields of Training, of its settings or of conf/target."""
    settings: dict[str, Any] = {
        "validation_size": 0.2,
        "class_weight": "none",
        "threads": 1,
        "early_stopping_rounds": 5,
        "refit": False,
        "words": 200,
    }
    settings |= {name: changed.pop(name) for name in list(changed) if name in settings}
    learnt = {name: changed.pop(name) for name in list(changed) if name in LEARNT}
    table = frame(rows)
    given: dict[str, Any] = {
        "frame": table,
        "contract": contract(task),
        "target": truth(table, task),
        "weight": None,
        "group": None,
        "time": None,
        "settings": TrainSettings(**settings),
        "learnt": TargetSettings(**LEARNT | learnt),
        "seed": 7,
        "threads": 1,
        "coverage": 0.9,
        "parts": (),
        "metric": metrics.main(task),
    }
    return Training(**given | changed)


def all_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a blend have all its members, and `auto` take it: the made-up rows alone would favour the line."""
    shares = np.array([0.3, 0.2, 0.3, 0.2])
    monkeypatch.setattr(blend, "_best", lambda table, without=None: shares[: table[0].shape[1]])
    monkeypatch.setattr(auto, "_best", lambda *asked: "blend")
