"""A forecaster as the pipeline knows it: how it did in the backtest, and the model fitted to everything since.

model files        as its family writes them
inference.json     which family, what its forecasts are moved by to give the bands, how many decimals are printed
history.npz        the newest steps of every series, so that a forecast needs nothing but its key
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...usecase.parity import Parity
from .. import history
from ..forecast import naive
from ..panel import seasonal_error
from . import bands
from .backtest import Backtest, Fit
from .training import Fitted, Training

Array = npt.NDArray[Any]
#: Forecasts are printed with about so many digits, relative to the typical size of the values.
DIGITS = 7


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One forecaster. `forecasts` [cases, horizon, 1 + q] are honest: no window saw its own truth.

    `fitted` has learnt from all history; `shifts` [horizon, q] make its bands, relative to a series' scale.
    `raced` holds the forecasts of others that were considered on the way; `notes` are for the reader.
    """

    name: str
    backtest: Backtest
    forecasts: Array
    fitted: Fitted
    shifts: Array
    record: Mapping[str, object] = field(default_factory=dict)
    raced: Mapping[str, Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def native(self) -> Any:
        """None: a forecaster is more than one library's booster, so MLflow keeps its bundle."""
        return None

    def parameters(self) -> dict[str, object]:
        """Settings and findings for the run's record."""
        return {**self.fitted.parameters(), **self.record}

    def importance(self) -> dict[str, float]:
        """What each input contributes, as shares that sum to 1; empty where that means nothing."""
        return self.fitted.importance()

    def write(self, folder: Path, keep: int, tolerance: float, described: Mapping[str, Any]) -> Parity:
        """Write the files that the module's docstring names; `described` are further entries of inference.json.

        `keep` is the least number of newest steps of history; the written model is compared on the whole panel.
        """
        panel, test = self.backtest.panel, self.backtest
        parity = self.fitted.write(folder, panel, test.steps, tolerance)
        entry = self.fitted.entry()
        entries = {
            "forecaster": entry,
            "horizon": test.horizon,
            "gap": test.gap,
            "season": test.season,
            "quantiles": list(test.quantiles),
            "shifts": [[float(f"{value:.9g}") for value in row] for row in self.shifts],
            "decimals": decimals(panel.target),
            **described,
        }
        text = json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (folder / "inference.json").write_text(text, "utf8")
        kept = max(keep, history.needs(folder, entry), 2 * test.season + 1)
        history.write(folder, panel.tail(min(kept, panel.steps)), seasonal_error(panel, test.season))
        return parity


def of(name: str, backtest: Backtest, points: Array, fitted: Fitted, **more: Any) -> Candidate:
    """A candidate from its backtest's points [cases, horizon] and the final fit."""
    truth = backtest.cases
    forecasts = bands.honest(truth, points)
    if backtest.floor is not None:
        forecasts = np.maximum(forecasts, backtest.floor)
    errors = (truth.actual - points) / truth.scale[:, None]
    shifts = bands.offsets(errors, truth.quantiles)
    return Candidate(name=name, backtest=backtest, forecasts=forecasts, fitted=fitted, shifts=shifts, **more)


def fit(name: str, backtest: Backtest, make: Callable[[Training], Fitted], fits: int | None = None) -> Candidate:
    """Backtest one model with so many fits (None: one for each window) and fit it to everything."""
    return of(name, backtest, points(backtest, make, fits), make(backtest.training(backtest.panel)))


def points(backtest: Backtest, make: Fit, fits: int | None = None) -> Array:
    """The backtest's forecasts [cases, horizon]; what a model cannot forecast is the seasonal naive forecast's."""
    found = backtest.points(make, fits)
    if not np.isnan(found).any():
        return found
    plain = backtest.points(lambda training: naive.Naive(training.season))
    return np.where(np.isnan(found), plain, found)


def decimals(values: Array) -> int:
    """How many decimals of a forecast are worth printing: seven digits of the typical size, none for large numbers."""
    typical = float(np.nanmedian(np.abs(values)))
    return min(12, max(0, DIGITS - 1 - math.floor(math.log10(typical)))) if typical > 0 else DIGITS
