"""The models for tables, by name: settings and how to fit them. A new model is a module and a line here.

model.fit(training, config.model)    → a Candidate
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ...rows.training import Candidate, Training
from . import auto, blend, lightgbm, linear, own, xgboost

# OpenMP's threads spin while they wait; on a machine with other work that made a fit 40 times slower. The libraries
# read it when they load, so it must be set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

#: name → (the dataclass of conf/model/<name>.yaml, fit)
MODELS: dict[str, tuple[type[Any], Callable[[Training, Any], Candidate]]] = {
    "auto": (auto.AutoSettings, auto.fit),
    "lightgbm": (lightgbm.LightGBMSettings, lightgbm.fit),
    "xgboost": (xgboost.XGBoostSettings, xgboost.fit),
    "linear": (linear.LinearSettings, linear.fit),
    "blend": (blend.BlendSettings, blend.fit),
}

__all__ = ["MODELS", "fit", "settings_classes"]


def settings_classes() -> dict[str, type[Any]]:
    """The dataclass of each model's settings, the project's own models among them."""
    return {name: settings for name, (settings, _) in {**MODELS, **own.models(MODELS)}.items()}


def fit(training: Training, settings: Any) -> Candidate:
    """Fit the model that the settings name to the training rows."""
    found: Candidate = {**MODELS, **own.models(MODELS)}[settings.name][1](training, settings)
    return found
