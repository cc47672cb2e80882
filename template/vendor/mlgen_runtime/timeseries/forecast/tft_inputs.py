"""What the temporal fusion transformer sees of a panel: windows of history and future as two arrays, in numpy.

Training cuts windows out of all of history, the server one at the end of each series; both through `Layout.windows`.
Every window is scaled by itself: numbers by mean and deviation of their observed history, so that a graph
trained on these series can read others, and newer ones, whatever their level.

    reals  float32 [n, encoder + horizon, variables]     target, seen, step, one lag per season, past, known, static
    codes  int64   [n, encoder + horizon, variables]     calendar, categories (0: unknown), the series
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import Frequency
from ..panel import Key, Panel

Array = npt.NDArray[Any]

#: Calendar features that can be codes: name to the number of codes and the first value.
CALENDAR = {"minute": (60, 0), "hour": (24, 0), "weekday": (7, 0), "day": (31, 1), "month": (12, 1)}
#: Scaled inputs lie within these bounds: a window that was flat before says nothing about the size of a jump.
LARGEST = 10.0
#: Parts of the typical deviation, and of the level, under which a window counts as flat.
FLAT, FLAT_LEVEL = 0.02, 1e-6


@dataclass(frozen=True)
class Windows:
    """Windows [n] as the network reads them, and how to undo the scaling of their target."""

    reals: Array
    codes: Array
    centre: Array
    scale: Array

    def restore(self, scaled: Array) -> Array:
        """Values [n, …] in the target's own unit."""
        shape = (-1,) + (1,) * (scaled.ndim - 1)
        restored: Array = scaled * self.scale.reshape(shape) + self.centre.reshape(shape)
        return restored

    def part(self, chosen: slice) -> Windows:
        """Some of the windows."""
        return Windows(self.reals[chosen], self.codes[chosen], self.centre[chosen], self.scale[chosen])


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which variables there are, in which order, and the few figures that scaling needs; JSON in the bundle.

    `shortest` is the history that a series must have; `levels` counts the levels of category columns; `plain` names
    numbers that stay as they are (0 and 1); `typical` holds the usual deviation of other numbers, the target's under
    ""; `centres` and `spreads` scale static numbers; `series` are the keys that have a code of their own.
    """

    frequency: str
    offset: int
    encoder: int
    horizon: int
    shortest: int
    seasons: tuple[int, ...]
    calendar: tuple[str, ...]
    past: tuple[str, ...]
    known: tuple[str, ...]
    static: tuple[str, ...]
    levels: Mapping[str, int]
    plain: tuple[str, ...]
    typical: Mapping[str, float]
    centres: Mapping[str, float]
    spreads: Mapping[str, float]
    series: tuple[Key, ...]
    zone: str | None = None

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Layout:
        """The layout that `plain` values of a bundle describe."""
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
        return cls(**values | {"series": tuple(tuple(key) for key in entry["series"])})

    def entry(self) -> dict[str, Any]:
        """The layout as JSON can hold it."""
        return dataclasses.asdict(self)

    @cached_property
    def reals(self) -> tuple[str, ...]:
        """The variables of `reals`, by role and name, such as "past HUFL"."""
        lags = [f"lag {season}" for season in self.seasons]
        return ("target", "seen", "step", *lags, *self._named(False))

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The variables of `codes`, by role and name, such as "calendar hour"."""
        calendar = [f"calendar {name}" for name in self.calendar]
        return (*calendar, *self._named(True), *(["series"] if self.series else []))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """How many codes each variable of `codes` has."""
        sizes = {f"calendar {name}": CALENDAR[name][0] for name in self.calendar}
        sizes |= {name: self.levels[name.split(" ", 1)[1]] + 1 for name in self._named(True)}
        return sizes | ({"series": len(self.series) + 1} if self.series else {})

    def _named(self, categories: bool) -> list[str]:
        roles = {"past": self.past, "known": self.known, "static": self.static}
        return [
            f"{role} {name}" for role, names in roles.items() for name in names if (name in self.levels) is categories
        ]

    @cached_property
    def calendar_of(self) -> Frequency:
        """The calendar that steps are counted on."""
        return Frequency(self.frequency, self.offset, self.zone)

    @cached_property
    def _codes_of_series(self) -> dict[Key, int]:
        return {key: number for number, key in enumerate(self.series, 1)}

    def windows(self, panel: Panel, rows: Array, ends: Array) -> Windows:
        """Cut windows [n]: of series `rows` [n], whose newest step of history stands in the column `ends` [n]."""
        columns = ends[:, None] + np.arange(1 - self.encoder, self.horizon + 1)[None, :]
        history = _gather(panel.target, rows, columns[:, : self.encoder])
        seen = ~np.isnan(history)
        centre, scale = moments(history, self.typical[""])
        scaled = np.where(seen, (history - centre[:, None]) / scale[:, None], 0.0)
        reals = np.zeros((*columns.shape, len(self.reals)), dtype=np.float32)
        reals[:, : self.encoder, 0] = np.clip(scaled, -LARGEST, LARGEST)
        reals[:, : self.encoder, 1] = seen
        reals[:, :, 2] = np.arange(1 - self.encoder, self.horizon + 1) / self.horizon
        for position, season in enumerate(self.seasons, 3):
            reals[:, self.encoder :, position] = reals[:, self.before(season), 0]
        for position, name in enumerate(self.reals[3 + len(self.seasons) :], 3 + len(self.seasons)):
            reals[:, :, position] = self._number(panel, name, rows, columns)
        return Windows(reals, self._coded(panel, rows, columns), centre, scale)

    def before(self, season: int) -> Array:
        """The columns [horizon] of a window from which the seasonal naive forecast takes its steps."""
        return self.encoder - season + np.arange(self.horizon) % season

    def _number(self, panel: Panel, variable: str, rows: Array, columns: Array) -> Array:
        role, name = variable.split(" ", 1)
        if role == "static":
            value = (panel.static[name][rows] - self.centres[name]) / self.spreads[name]
            return np.clip(np.nan_to_num(value, nan=0.0), -LARGEST, LARGEST)[:, None]
        values = _gather((panel.past if role == "past" else panel.known)[name], rows, columns)
        if role == "past":
            values[:, self.encoder :] = np.nan  # of training windows, the future is there: it must not be seen
        if name not in self.plain:
            centre, scale = moments(values[:, : self.encoder], self.typical[name])
            values = np.clip((values - centre[:, None]) / scale[:, None], -LARGEST, LARGEST)
        return np.nan_to_num(values, nan=0.0)

    def _coded(self, panel: Panel, rows: Array, columns: Array) -> Array:
        codes = np.zeros((*columns.shape, len(self.codes)), dtype=np.int64)
        ordinals = panel.end[rows][:, None] + columns - (panel.steps - 1)
        features = self.calendar_of.features(ordinals) if self.calendar else {}
        for position, variable in enumerate(self.codes):
            role, _, name = variable.partition(" ")
            if role == "calendar":
                codes[:, :, position] = features[name] - CALENDAR[name][1]
            elif role == "series":
                known = self._codes_of_series
                codes[:, :, position] = np.array([known.get(key, 0) for key in panel.keys])[rows][:, None]
            else:
                values = getattr(panel, role)[name]
                found = values[rows][:, None] if role == "static" else _gather(values, rows, columns)
                if role == "past":
                    found[:, self.encoder :] = np.nan
                code = np.nan_to_num(found, nan=-1.0) + 1
                codes[:, :, position] = np.where(code < self.sizes[variable], code, 0)
        return codes


def moments(history: Array, typical: float) -> tuple[Array, Array]:
    """Mean and deviation [n] of windows [n, steps] of history; the deviation of a flat one is kept off zero."""
    seen = ~np.isnan(history)
    count = np.maximum(seen.sum(axis=1), 1)
    centre = np.where(seen, history, 0.0).sum(axis=1) / count
    spread = np.sqrt(np.where(seen, (history - centre[:, None]) ** 2, 0.0).sum(axis=1) / count)
    floor = np.maximum(FLAT * typical, FLAT_LEVEL * np.abs(centre))
    return centre, np.where(spread > floor, spread, np.where(floor > 0, floor, 1.0))


def _gather(values: Array, rows: Array, columns: Array) -> Array:
    """Cells [n, steps] of an array [s, T], NaN beyond its edges."""
    found = values[rows[:, None], np.clip(columns, 0, values.shape[1] - 1)]
    return np.where((columns >= 0) & (columns < values.shape[1]), found, np.nan)
