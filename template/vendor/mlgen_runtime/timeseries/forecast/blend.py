"""The weighted mean of several forecasters of one bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..panel import Panel
from .part import Part

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Mean:
    """Forecasters with their weights."""

    members: tuple[tuple[float, Part], ...]

    @property
    def needs(self) -> int:
        """The most that a member needs."""
        return max(member.needs for _, member in self.members)

    def points(self, panel: Panel, horizon: int) -> Array:
        """See `part.Part`."""
        return mean([(weight, member.points(panel, horizon)) for weight, member in self.members])


def load(folder: Path, entry: Mapping[str, Any]) -> Mean:
    """Load the members that an entry of `inference.json` lists."""
    from . import load as load_part

    return Mean(tuple((float(member["weight"]), load_part(folder, member)) for member in entry["members"]))


def mean(weighted: Sequence[tuple[float, Array]]) -> Array:
    """The weighted mean of forecasts [s, horizon]; where a member has none, the weights of the others count alone."""
    total = np.zeros_like(weighted[0][1])
    weights = np.zeros_like(total)
    for weight, points in weighted:
        known = ~np.isnan(points)
        total = total + np.where(known, weight * points, 0.0)
        weights = weights + weight * known
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weights > 0, total / weights, np.nan))
