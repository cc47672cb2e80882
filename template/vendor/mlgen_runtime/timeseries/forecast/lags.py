"""What boosting sees of a series: one row of numbers for a step ahead of an origin, the same in training and serving.

    sight.rows(panel, series=[0], origins=[T - 1], steps=[[1, 2, 3]]).matrix   → [3, features]

A row is scale-free: values count from the level of the newest season, in units of the usual change over a season (of
logarithms where the panel grows in proportion). So one model serves series of any size, and those it has never seen.
NaN stands for a gap.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import Frequency
from ..panel import Panel
from .view import View, mean

Array = npt.NDArray[Any]
#: Computes one feature, [n] or [n, q].
Feature = Callable[[View], Array]

#: Of a cycle this long, single steps are noise (a day of last year): the mean of as many steps around it is read.
LONG, AROUND = 200, 3
#: What a forecast starts from and boosting corrects: the value of a season ago, the newest season's mean, the mean of
#: the newest seasons' values.
BASES = ("naive", "level", "phase", "shape")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows for q steps from each of n origins: `matrix` float32 [n * q, features]; `level` and `scale` [n];
    `bases` [n, q, BASES] from the level, in units of the scale."""

    matrix: Array
    level: Array
    scale: Array
    bases: Array


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Which numbers a row holds.

    `cycles` are pairs of a length and how many of them are looked at, the main season first; `floor` is the smallest
    value whose logarithm is taken, None where values are taken as they are; `levels` names the known covariates that
    are amounts, whose changes count too; `calendar` the features of the calendar.
    """

    frequency: str
    offset: int
    cycles: tuple[tuple[int, int], ...]
    lags: int
    floor: float | None
    past: tuple[str, ...]
    known: tuple[str, ...]
    levels: tuple[str, ...]
    static: tuple[str, ...]
    calendar: tuple[str, ...]
    zone: str | None = None

    @staticmethod
    def from_dict(entries: Mapping[str, Any]) -> Sight:
        """Read what `dataclasses.asdict` and JSON made of it."""
        lists = {name: tuple(value) for name, value in entries.items() if isinstance(value, list)}
        pairs = tuple((int(length), int(count)) for length, count in entries["cycles"])
        return Sight(**{**entries, **lists, "cycles": pairs})

    @property
    def clock(self) -> Frequency:
        """The grid of moments."""
        return Frequency(self.frequency, self.offset, self.zone)

    @property
    def season(self) -> int:
        """The main season's length."""
        return self.cycles[0][0]

    @property
    def span(self) -> int:
        """The steps over which level and usual change are taken."""
        return max(self.season * self.cycles[0][1], 8)

    @property
    def needs(self) -> int:
        """The steps of history that rows are made of."""
        reach = max(length * count + 1 + AROUND for length, count in self.cycles)
        return max(reach, self.span, 2 * self.season, self.lags)

    @property
    def fewest(self) -> int:
        """The values within the span without which a series has no scale worth the name."""
        return min(self.season, 12) + 1

    def transformed(self, panel: Panel) -> Panel:
        """The panel with the target as rows see it."""
        if self.floor is None:
            return panel
        return dataclasses.replace(panel, target=np.log(np.maximum(panel.target, self.floor)))

    def values(self, transformed: Array) -> Array:
        """The way back from what `transformed` does to the target."""
        return transformed if self.floor is None else np.exp(transformed)

    def rows(self, panel: Panel, series: Array, origins: Array, steps: Array) -> Rows:
        """Make rows for the positions `series` [n], the columns `origins` [n] of their newest known values, and the
        `steps` [n, q] after them; `panel` is a transformed one."""
        view = View(panel, series, origins, steps, self.season, self.span, self.fewest, self.clock)
        matrix = np.empty((*steps.shape, len(self.features)), dtype=np.float32)
        for position, feature in enumerate(self.features.values()):
            values = feature(view)
            matrix[:, :, position] = values if values.ndim == 2 else values[:, None]
        naive, phase, shape = view.cycle(self.season, 0), view.phase(*self.cycles[0]), view.shape(*self.cycles[0])
        bases = np.stack([np.where(np.isnan(naive), phase, naive), np.zeros(steps.shape), phase, shape], axis=-1)
        return Rows(
            matrix=matrix.reshape(-1, len(self.features)),
            level=view.level,
            scale=view.scale,
            bases=np.where(np.isnan(bases), 0.0, bases),
        )

    @cached_property
    def features(self) -> dict[str, Feature]:
        """The features by name, in the order of the matrix's columns."""
        found = {f"lag_{back}": _call(View.lag, back) for back in range(self.lags)}
        found |= self._averages()
        for length, count in self.cycles:
            found |= self._cycle(length, count)
        found["step"] = lambda view: view.steps.astype(np.float64)
        found |= self._times()
        for name in self.past:
            found |= _past(name, self.season)
        for name in self.known:
            found[f"known.{name}"] = _call(View.ahead, name)
        for name in self.levels:
            found |= _changes(name, self.season)
        found |= {f"static.{name}": _static(name) for name in self.static}
        return found

    def _averages(self) -> dict[str, Feature]:
        """What the newest values are like as a whole."""
        season = self.season
        spans = {span for length, count in self.cycles for span in (length, length * count)} - {season}
        counts = {3, max(3, season // 4), 2 * season, *spans}
        found: dict[str, Feature] = {f"mean_{count}": _call(View.average, count) for count in sorted(counts)}
        found["change"] = lambda view: -view.average(season, season)
        found["spread"] = _call(View.spread, season)
        if self.floor is None:
            found["scale"] = lambda view: view.scale / np.maximum(np.abs(view.level), 1e-9)
        else:
            found["scale"] = lambda view: view.scale
        return found

    def _cycle(self, length: int, count: int) -> dict[str, Feature]:
        """The values at the steps' own place in earlier cycles."""
        around = AROUND if length >= LONG else 0
        found: dict[str, Feature] = {
            f"cycle_{length}_{back}": _call(View.cycle, length, back, 0, around) for back in range(count)
        }
        found[f"cycle_{length}_shape"] = _call(View.shape, length, count, around)
        if count > 1:
            found[f"cycle_{length}_mean"] = _call(View.phase, length, count, around)
        if length == self.season and length > 2:
            found[f"cycle_{length}_before"] = _call(View.cycle, length, 0, -1)
            found[f"cycle_{length}_after"] = _call(View.cycle, length, 0, 1)
        return found

    def _times(self) -> dict[str, Feature]:
        """What of the calendar is looked at."""

        def feature(name: str) -> Feature:
            return lambda view: view.calendar[name]

        return {f"time.{name}": feature(name) for name in self.calendar}


def _call(method: Callable[..., Array], *arguments: Any) -> Feature:
    """A method of the view with its arguments."""
    return lambda view: method(view, *arguments)


def _past(name: str, season: int) -> dict[str, Feature]:
    """A covariate known up to the origin: now, and over the newest season."""
    return {
        f"past.{name}.now": lambda view: view.newest(view.panel.past[name], 1)[:, 0],
        f"past.{name}.recent": lambda view: mean(view.newest(view.panel.past[name], 3)),
        f"past.{name}.season": lambda view: mean(view.newest(view.panel.past[name], season)),
    }


def _changes(name: str, season: int) -> dict[str, Feature]:
    """An amount known ahead: against a season ago, the newest season's mean, and the steps beside it."""
    return {
        f"known.{name}.cycle": lambda view: view.ahead(name) - view.ago(name),
        f"known.{name}.level": lambda view: (
            view.ahead(name) - mean(view.newest(view.panel.known[name], season))[:, None]
        ),
        f"known.{name}.beside": lambda view: (
            view.ahead(name) - mean(np.stack([view.ahead(name, -1), view.ahead(name, 1)], axis=-1))
        ),
    }


def _static(name: str) -> Feature:
    """What never changes of a series."""
    return lambda view: view.panel.static[name][view.series]
