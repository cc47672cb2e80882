"""Exponential smoothing as it serves: coefficients of every series, run over whatever history comes with a panel.

A series' forecast is the weighted mean of a few forms: a trend out of TRENDS, some seasons, on the series' own scale
or on a bent one. The states are not kept, the coefficients are: the recursion takes in the newest `needs` steps each
time, so newer history needs no new fit. In the bundle: `ets.npz`, arrays by name, and `ets.json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import Frequency
from ..panel import Key, Panel
from .ets_effects import Columns, Curve, bounds
from .ets_filter import Coefficients, Reach, Start, State, run, start

Array = npt.NDArray[Any]

#: Trends: none; Theta's (half the slope of a line through the history); damped; lasting.
TRENDS = ("level", "drift", "damped", "trend")
#: Fewer values than this are no history.
LEAST_VALUES = 3
#: Numbers of the effects' columns that may be in memory at once.
ROOM = 8_000_000


@dataclass(frozen=True)
class Group:
    """The forms that share a scale and seasons, one per trend: coefficients and weights are [len(TRENDS), s].

    The `reserve`, without seasons, comes last and steps in where a history is too short for all the others.
    """

    bent: bool
    seasons: tuple[int, ...]
    reserve: bool
    coefficients: Coefficients
    weights: Array

    def only(self, rows: Array) -> Group:
        """The group for the chosen series."""
        return dataclasses.replace(self, coefficients=chosen(self.coefficients, rows), weights=self.weights[:, rows])


@dataclass(frozen=True)
class Effects:
    """Linear effects: `weights` and `centres` are [s, k]; a missing value of a column counts as its centre."""

    weights: Array
    centres: Array

    def totals(self, columns: Array) -> Array:
        """What the columns [s, n, k] amount to, [s, n]."""
        away = np.nan_to_num(columns - self.centres[:, None, :])
        return np.asarray(np.einsum("snk,sk->sn", away, self.weights))


@dataclass(frozen=True)
class Smoother:
    """The forecaster. `curves` and `effects` are those of the own scale and of the bent one."""

    keys: tuple[Key, ...]
    frequency: Frequency
    columns: Columns
    needs: int
    curves: tuple[Curve, Curve]
    effects: tuple[Effects, Effects]
    groups: tuple[Group, ...]

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon]; NaN for a series that was not fitted or has fewer than three values."""
        place = {key: row for row, key in enumerate(self.keys)}
        rows = np.array([place.get(key, -1) for key in panel.keys], dtype=np.int64)
        known = np.flatnonzero(rows >= 0)
        forecasts = np.full((panel.series, horizon), np.nan)
        width = self.needs + horizon
        size = int(np.clip(ROOM // (width * (1 + self.effects[0].weights.shape[1])), 16, 1024))
        for begin in range(0, len(known), size):
            part = known[begin : begin + size]
            forecasts[part] = self._some(panel.only(part).tail(min(self.needs, panel.steps)), rows[part], horizon)
        return forecasts

    def _some(self, panel: Panel, rows: Array, horizon: int) -> Array:
        """Forecasts for the fitted series `rows`, in the panel's order."""
        blocks = self.columns.build(panel, self.frequency, horizon)
        columns = np.concatenate([np.zeros((panel.series, panel.steps + horizon, 0)), *blocks.values()], axis=2)
        effects = [Effects(part.weights[rows], part.centres[rows]).totals(columns) for part in self.effects]
        curves = [curve.only(rows) for curve in self.curves]
        smoothed = [
            curve.bend(panel.target) - effect[:, : panel.steps] for curve, effect in zip(curves, effects, strict=True)
        ]
        enough = (~np.isnan(panel.target)).sum(axis=1) >= LEAST_VALUES
        total, weight = np.zeros((panel.series, horizon)), np.zeros(panel.series)
        for group in [group.only(rows) for group in self.groups]:
            usable = enough & seasoned(panel.lengths(), group.seasons)
            if group.reserve:
                usable &= weight == 0
            used = np.flatnonzero(usable & (group.weights.sum(axis=0) > 0))
            if not len(used):
                continue
            ahead = effects[group.bent][used, panel.steps :]
            forms = curves[group.bent].only(used).back(smooth(smoothed[group.bent][used], group.only(used), ahead))
            total[used] += np.einsum("bs,bsh->sh", group.weights[:, used], forms)
            weight[used] += group.weights[:, used].sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weight[:, None] > 0, total / weight[:, None], np.nan)


def smooth(values: Array, group: Group, effect: Array) -> Array:
    """Forecasts [b, s, h] of histories [s, T] on the curve's scale, the future's effects [s, h] added."""
    state, slopes = begin(start(values, group.seasons), 1)
    state = run(values, group.coefficients, state, slopes)
    reach = Reach.of(group.coefficients, np.arange(1, effect.shape[1] + 1))
    least, most = bounds(values)
    means = np.moveaxis(reach.forecasts(state), 0, 2)
    return np.asarray(np.clip(means, least[:, None], most[:, None]) + effect)


def begin(start: Start, copies: int) -> tuple[State, Array]:
    """The state and the slopes [b, s] with which each trend begins, b = len(TRENDS) x copies, trends outermost."""
    flat = np.zeros_like(start.slope)
    level = np.repeat(np.stack([start.level, start.first, start.level, start.level]), copies, axis=0)
    slopes = np.repeat(np.stack([flat, start.drift / 2, start.slope, start.slope]), copies, axis=0)
    seasons = tuple(np.repeat(season[:, None, :], len(level), axis=1) for season in start.seasons)
    return State(level, np.zeros_like(level), np.zeros_like(level), seasons), slopes


def seasoned(lengths: Array, seasons: Sequence[int]) -> Array:
    """Whether [s] histories of these lengths hold the longest season twice."""
    return np.asarray(lengths >= 2 * max(seasons, default=0))


def chosen(coefficients: Coefficients, rows: Array) -> Coefficients:
    """The coefficients of the chosen series."""
    return Coefficients(
        coefficients.level[:, rows],
        coefficients.slope[:, rows],
        tuple(season[:, rows] for season in coefficients.seasons),
        coefficients.damping[:, rows],
        coefficients.memory[:, rows],
    )


def write(smoother: Smoother, folder: Path) -> None:
    """Write `ets.npz` and `ets.json`."""
    arrays: dict[str, Array] = {}
    for scale, (curve, effects) in enumerate(zip(smoother.curves, smoother.effects, strict=True)):
        arrays |= {f"curve_{scale}_{name}": values for name, values in (vars(curve) | vars(effects)).items()}
    for number, group in enumerate(smoother.groups):
        found = group.coefficients
        parts = {"level": found.level, "slope": found.slope, "damping": found.damping, "memory": found.memory}
        parts |= {f"season_{season}": values for season, values in enumerate(found.seasons)}
        arrays |= {f"group_{number}_{name}": values for name, values in parts.items()}
        arrays[f"group_{number}_weights"] = group.weights
    np.savez(folder / "ets.npz", allow_pickle=False, **arrays)
    facts = {
        "frequency": smoother.frequency.name,
        "offset": smoother.frequency.offset,
        "zone": smoother.frequency.zone,
        "needs": smoother.needs,
        "columns": vars(smoother.columns) | {"known": dict(smoother.columns.known)},
        "groups": [
            {"bent": group.bent, "seasons": list(group.seasons), "reserve": group.reserve} for group in smoother.groups
        ],
        "keys": [list(key) for key in smoother.keys],
    }
    (folder / "ets.json").write_text(json.dumps(facts, ensure_ascii=False), "utf8")


def load(folder: Path, entry: Mapping[str, Any]) -> Smoother:
    """Load what `write` wrote; the entry says nothing beyond the family's name."""
    facts = json.loads((folder / "ets.json").read_text("utf8"))
    with np.load(folder / "ets.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    curves, effects = [], []
    for scale in range(2):
        parts = {name: arrays[f"curve_{scale}_{name}"] for name in ("kind", "centre", "scale", "floor", "bounded")}
        curves.append(Curve(**parts))
        effects.append(Effects(arrays[f"curve_{scale}_weights"], arrays[f"curve_{scale}_centres"]))
    return Smoother(
        keys=tuple(tuple(key) for key in facts["keys"]),
        frequency=Frequency(facts["frequency"], facts["offset"], facts.get("zone")),
        columns=Columns(**facts["columns"]),
        needs=facts["needs"],
        curves=(curves[0], curves[1]),
        effects=(effects[0], effects[1]),
        groups=tuple(_group(arrays, number, fact) for number, fact in enumerate(facts["groups"])),
    )


def _group(arrays: Mapping[str, Array], number: int, fact: Mapping[str, Any]) -> Group:
    """A group out of the arrays by name."""

    def part(name: str) -> Array:
        return arrays[f"group_{number}_{name}"]

    seasons = tuple(fact["seasons"])
    coefficients = Coefficients(
        part("level"),
        part("slope"),
        tuple(part(f"season_{season}") for season in range(len(seasons))),
        part("damping"),
        part("memory"),
    )
    return Group(fact["bent"], seasons, fact["reserve"], coefficients, part("weights"))
