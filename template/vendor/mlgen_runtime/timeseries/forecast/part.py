"""The seam between a bundle and whichever forecaster is in it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from ..panel import Panel


class Part(Protocol):
    """A forecaster as it serves; it changes no state, so threads can share it."""

    @property
    def needs(self) -> int:
        """How many of the newest steps of a history it reads; more are welcome and not looked at."""

    def points(self, panel: Panel, horizon: int) -> npt.NDArray[Any]:
        """Forecasts [s, horizon] of the steps after each series' end; a row of NaN for a series it cannot forecast."""
