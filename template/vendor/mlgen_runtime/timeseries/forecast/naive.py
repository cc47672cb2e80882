"""The seasonal naive forecast: each step repeats the value of one season before it.

Where that one is missing, the season before it counts, and so on back; a series without any repeats its newest value.
Source: Hyndman & Athanasopoulos, "Forecasting: principles and practice", 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..panel import Panel

Array = npt.NDArray[Any]
#: Seasons of history that are kept, so that gaps can be looked past.
KEPT = 3


@dataclass(frozen=True)
class Naive:
    """The forecast that repeats what was `season` steps ago."""

    season: int

    @property
    def needs(self) -> int:
        """Some seasons of history, so that gaps can be looked past."""
        return KEPT * self.season

    def points(self, panel: Panel, horizon: int) -> Array:
        """See `part.Part`: [s, horizon]; NaN only for a series without any value."""
        phase = np.arange(horizon) % self.season
        found = np.full((panel.series, horizon), np.nan)
        for back in range(1, panel.steps // self.season + 1):
            values = panel.target[:, panel.steps - back * self.season + phase]
            found = np.where(np.isnan(found), values, found)
            if not np.isnan(found).any():
                return found
        return np.where(np.isnan(found), newest(panel.target)[:, None], found)


def load(folder: Path, entry: Mapping[str, Any]) -> Naive:
    """The forecaster that an entry of `inference.json` describes; it has no files."""
    return Naive(int(entry["season"]))


def newest(target: Array) -> Array:
    """The newest value [s] of each series; NaN where it has none."""
    known = ~np.isnan(target)
    last = target.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    return np.asarray(target[np.arange(len(target)), last])
