"""The models for tables, by name: settings and how to fit them. A new model is a module and a line here.

    model.fit(training, config.model)    → a Candidate
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import lightgbm, xgboost
from .training import Candidate, Parity, Training

#: name → (the dataclass of conf/model/<name>.yaml, fit)
MODELS: dict[str, tuple[type[Any], Callable[[Training, Any], Candidate]]] = {
    "lightgbm": (lightgbm.LightGBMSettings, lightgbm.fit),
    "xgboost": (xgboost.XGBoostSettings, xgboost.fit),
}

__all__ = ["MODELS", "Candidate", "Parity", "Training", "fit"]


def fit(training: Training, settings: Any) -> Candidate:
    """Fit the model that the settings name to the training rows."""
    return MODELS[settings.name][1](training, settings)
