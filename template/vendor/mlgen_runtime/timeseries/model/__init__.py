"""The forecasters, by name: settings and how to fit them. A new model is a module, its server side, and a line here.

model.fit(backtest, config.model)    → a Candidate
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from ...usecase.parity import Parity
from . import candidate, ets, lightgbm, prophet, race, tft
from .backtest import Backtest
from .candidate import Candidate
from .training import Fitted, Training

# OpenMP's threads spin while they wait; on a machine with other work that made a fit 40 times slower. The libraries
# read it when they load, so it must be set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

#: name → (fit, its rough seconds on two cores, how often it is fitted in a backtest)
FAMILIES: dict[str, race.Family] = {
    "lightgbm": (lightgbm.fit, lightgbm.cost, "some"),
    "ets": (ets.fit, ets.cost, "some"),
    "prophet": (prophet.fit, prophet.cost, "each"),
    "tft": (tft.fit, tft.cost, "one"),
}

#: name → (the dataclass of conf/model/<name>.yaml, how to fit it to a backtest)
MODELS: dict[str, tuple[type[Any], Any]] = {
    "race": (race.RaceSettings, partial(race.fit, families=FAMILIES)),
    "lightgbm": (lightgbm.LightGBMSettings, None),
    "ets": (ets.EtsSettings, None),
    "prophet": (prophet.ProphetSettings, None),
    "tft": (tft.TftSettings, None),
    "blend": (race.RaceSettings, partial(race.blended, families=FAMILIES)),
}

__all__ = ["FAMILIES", "MODELS", "Backtest", "Candidate", "Fitted", "Parity", "Training", "fit", "settings_classes"]


def settings_classes() -> dict[str, type[Any]]:
    """The dataclass of each model's settings."""
    return {name: settings for name, (settings, _) in MODELS.items()}


def fit(backtest: Backtest, settings: Any) -> Candidate:
    """Backtest the model that the settings name, and fit it to everything."""
    own = MODELS[settings.name][1]
    if own is not None:
        found: Candidate = own(backtest, settings)
        return found
    make, _, often = FAMILIES[settings.name]
    fits = race.fits_of(backtest, often)
    return candidate.fit(settings.name, backtest, lambda training: make(training, settings), fits)
