"""A weighted mean of several forecasters.

The weights come from the backtest by greedy selection: again and again the member is added that lowers the error of the
mean most, and a member's weight is how often it was. Half of each weight is then an equal share among the members that
are not far behind: what a few windows say about weights is mostly noise, and equal weights are hard to beat.
Sources: Caruana et al. (2004), "Ensemble selection from libraries of models"; Diebold & Pauly (1990), "The use of prior
information in forecast combination".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...usecase.parity import Parity
from ..cases import Cases
from ..forecast.blend import mean
from ..metrics import METRICS
from ..panel import Panel
from .training import Fitted

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Blend:
    """The mean of fitted members; weights sum to 1."""

    members: tuple[tuple[float, Fitted], ...]
    name: str = "blend"

    def points(self, panel: Panel, horizon: int) -> Array:
        """See `training.Fitted`; a series is forecast by the members that can."""
        return mean([(weight, member.points(panel, horizon)) for weight, member in self.members])

    def parameters(self) -> dict[str, object]:
        """The weights, and each member's own parameters."""
        found: dict[str, object] = {f"weight.{member.name}": round(weight, 4) for weight, member in self.members}
        for _, member in self.members:
            found |= {f"{member.name}.{name}": value for name, value in member.parameters().items()}
        return found

    def importance(self) -> dict[str, float]:
        """The members' importances, as far as they have any, by weight."""
        found: dict[str, float] = {}
        for weight, member in self.members:
            for name, share in member.importance().items():
                found[name] = found.get(name, 0.0) + weight * share
        total = sum(found.values()) or 1.0
        return {name: share / total for name, share in found.items()}

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write every member; the parity is that of the worst."""
        parities = [member.write(folder, probe, horizon, tolerance) for _, member in self.members]
        worst = max(parities, key=lambda parity: parity.largest)
        reasons = "; ".join(parity.reason for parity in parities if parity.reason)
        formats = "+".join(dict.fromkeys(parity.format for parity in parities))
        return Parity(format=formats, largest=worst.largest, rows=worst.rows, reason=reasons or None)

    def entry(self) -> dict[str, Any]:
        """See `training.Fitted`."""
        return {"name": "blend", "members": [{"weight": weight, **member.entry()} for weight, member in self.members]}


#: The part of a weight that is an equal share, and how far behind the best a member may be to have one.
EQUAL, BEHIND = 0.5, 1.2


def weigh(truth: Cases, points: Mapping[str, Array], rounds: int) -> dict[str, float]:
    """The members' weights, half greedy and half equal, by the mean absolute scaled error; those above zero, sum 1."""
    greedy = select(truth, points, rounds)
    alone = {name: loss(truth, values) for name, values in points.items()}
    near = [name for name, value in alone.items() if value <= BEHIND * min(alone.values())]
    weights = {
        name: (1 - EQUAL) * greedy.get(name, 0.0) + (EQUAL / len(near) if name in near else 0.0) for name in points
    }
    return {name: weight for name, weight in weights.items() if weight}


def select(truth: Cases, points: Mapping[str, Array], rounds: int) -> dict[str, float]:
    """The members' weights by greedy selection; those above zero, sum 1."""
    names = list(points)
    errors_of = [points[name] for name in names]
    counts = np.zeros(len(names))
    total = np.zeros_like(truth.actual)
    for chosen in range(1, rounds + 1):
        losses = [loss(truth, (total + candidate) / chosen) for candidate in errors_of]
        best = int(np.argmin(losses))
        counts[best] += 1
        total = total + errors_of[best]
    return {name: float(count / rounds) for name, count in zip(names, counts, strict=True) if count}


def honest(truth: Cases, points: Mapping[str, Array], rounds: int) -> Array:
    """The blend's forecasts [cases, horizon], in each window with the weights that the windows before it give; the
    oldest has none before it and weighs all alike."""
    mixed = np.empty_like(truth.actual)
    for window in truth.windows:
        mine, before = truth.window == window, truth.window > window
        weights = dict.fromkeys(points, 1.0)
        if before.any():
            weights = weigh(truth[before], {name: values[before] for name, values in points.items()}, rounds)
        mixed[mine] = mean([(weight, points[name][mine]) for name, weight in weights.items()])
    return mixed


def loss(truth: Cases, points: Array) -> float:
    """The mean absolute scaled error of forecasts [cases, horizon], each case alike."""
    return METRICS["mase"].value(truth, points[:, :, None])


def assemble(weights: Mapping[str, float], fitted: Sequence[Fitted]) -> Fitted:
    """The blend of fitted members, or the one member that has all the weight."""
    members = tuple((weights[member.name], member) for member in fitted if member.name in weights)
    return members[0][1] if len(members) == 1 else Blend(members)
