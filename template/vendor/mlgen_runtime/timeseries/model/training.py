"""What goes into a fit and what comes out: the seam between the pipeline and every model and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from ...usecase.parity import Parity
from ..frequency import Frequency
from ..panel import Panel

if TYPE_CHECKING:
    from ..settings import TrainSettings

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The histories that a model learns from, and how.

    `horizon` is the number of steps to forecast, the gap included; `season` that of the seasonal naive forecast.
    `threads` bounds those of the libraries; `device` is "cpu" or "cuda".
    """

    panel: Panel
    frequency: Frequency
    horizon: int
    season: int
    settings: TrainSettings
    seed: int
    threads: int
    device: str


@dataclass(frozen=True)
class Size:
    """How much there is to fit: series, observed values in all of them, steps to forecast, the season's length."""

    series: int
    values: int
    horizon: int
    season: int


class Forecaster(Protocol):
    """What a backtest needs of a model."""

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon] of the steps after each series' end; a row of NaN for a series it cannot forecast."""


class Fitted(Forecaster, Protocol):
    """A model fitted to one panel."""

    @property
    def name(self) -> str:
        """The model's name in the registry, or the baseline's."""

    def parameters(self) -> dict[str, object]:
        """Settings and findings for the run's record."""

    def importance(self) -> dict[str, float]:
        """What each input contributes, as shares that sum to 1; empty where that means nothing."""

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write the model's files of a bundle, named after the model; `probe` is a panel to compare on."""

    def entry(self) -> dict[str, Any]:
        """What `inference.json` says of the model once it is written; `forecast.load` reads it."""
