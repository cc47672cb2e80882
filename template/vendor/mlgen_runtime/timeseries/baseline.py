"""The number to beat: the seasonal naive forecast, which many models do not beat at all.

baseline.fit(backtest, config.baseline)    → [a Candidate]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from ..usecase.parity import Parity
from .forecast.naive import Naive
from .model import candidate
from .model.backtest import Backtest
from .model.candidate import Candidate
from .panel import Panel

if TYPE_CHECKING:
    from .settings import BaselineSettings

NAME = "seasonal_naive"


def fit(backtest: Backtest, settings: BaselineSettings) -> list[Candidate]:
    """The seasonal naive forecast on every window, and to be served."""
    season = settings.season or backtest.season
    return [candidate.fit(NAME, backtest, lambda training: SeasonalNaive(Naive(season)))]


@dataclass(frozen=True)
class SeasonalNaive:
    """The baseline as a fitted model: nothing is learnt, and nothing has to be written."""

    part: Naive
    name: str = NAME

    def points(self, panel: Panel, horizon: int) -> npt.NDArray[Any]:
        """See `training.Fitted`."""
        return self.part.points(panel, horizon)

    def parameters(self) -> dict[str, object]:
        """The season, in steps."""
        return {"season": self.part.season}

    def importance(self) -> dict[str, float]:
        """Nothing but the past of the target."""
        return {}

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """There is no file: what is served is this very code."""
        return Parity(format="formula", largest=0.0, rows=probe.series * horizon)

    def entry(self) -> dict[str, Any]:
        """See `training.Fitted`."""
        return {"name": "naive", "season": self.part.season}
