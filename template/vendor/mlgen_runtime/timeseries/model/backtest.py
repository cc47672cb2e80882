"""The rolling-origin backtest: forecasts of what is known by now, from what was known then.

Windows go back from each series' own newest step. For each one the panel is cut at its origin, so that no figure has
seen what it is judged on. A fit is made at some of the origins and serves the windows that follow until the next: their
forecasts know the newer history, as they would in production between two trainings. A model that does not look at newer
history is fitted at every origin; one that is too dear for that (the transformer) once, at the earliest.
Source: Hyndman & Athanasopoulos, "Forecasting: principles and practice", 5.10 (time series cross-validation).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..cases import Cases
from ..frequency import Frequency
from ..panel import Panel, seasonal_error
from .training import Forecaster, Size, Training

if TYPE_CHECKING:
    from ..settings import TrainSettings

Array = npt.NDArray[Any]
Fit = Callable[[Training], Forecaster]

#: Values [series x steps] up to which that many fits are cheap, and the fits of anything larger.
FITS = ((30_000, 10), (100_000, 6), (250_000, 4))
FEWEST = 3
#: Cases that a comparison should rest on: a single series needs so many windows, forty series one (or the fits').
CASES = 40
#: The share of the longest history that windows may take up: a model of a tenth of the data is not the one to judge.
KEPT = 0.5
#: A series takes part in a window where it has had so many seasons, or horizons where those are shorter, before it.
SEASONS = 2


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All that a fit and its judgement need: the panel, what to forecast, and where the windows begin.

    `cuts` are the steps from each series' end back to the origin of a window, the newest first; `fits` how many of the
    origins get a fit of their own; `gap` steps lie between
    an origin and the first step that is forecast; `floor` is what no forecast falls below.
    """

    panel: Panel
    frequency: Frequency
    horizon: int
    gap: int
    season: int
    floor: float | None
    cuts: tuple[int, ...]
    fits: int
    settings: TrainSettings
    seed: int
    threads: int
    device: str

    @property
    def steps(self) -> int:
        """The steps that a model forecasts: the gap and the horizon."""
        return self.gap + self.horizon

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The levels of the bands, in order."""
        return tuple(sorted(set(self.settings.quantiles)))

    @property
    def size(self) -> Size:
        """How much there is to fit."""
        values = int((~np.isnan(self.panel.target)).sum())
        return Size(self.panel.series, values, self.steps, self.season)

    @property
    def message(self) -> str:
        """How much there is to learn from, in words."""
        series = f"{self.panel.series:,} series, " if self.panel.series > 1 else ""
        return f"{series}{self.size.values:,} values, {len(self.cuts)} windows"

    def training(self, panel: Panel) -> Training:
        """What a model family is given."""
        return Training(
            panel=panel,
            frequency=self.frequency,
            horizon=self.steps,
            season=self.season,
            settings=self.settings,
            seed=self.seed,
            threads=self.threads,
            device=self.device,
        )

    @cached_property
    def cases(self) -> Cases:
        """The series of every window that had enough history, and the values that came."""
        found = [self._window(number, cut) for number, cut in enumerate(self.cuts)]
        actual, scale, series, window, origin = (np.concatenate([part[index] for part in found]) for index in range(5))
        return Cases(actual, scale, series, window, origin, self.panel.keys, self.quantiles)

    def _window(self, number: int, cut: int) -> tuple[Array, Array, Array, Array, Array]:
        """actual, scale, series, window and origin of one window's cases."""
        then = self.panel.cut(cut)
        start = self.panel.steps - cut + self.gap
        actual = self.panel.target[:, start : start + self.horizon]
        chosen = np.flatnonzero((then.lengths() >= least(self.season, self.horizon)) & ~np.isnan(actual).all(axis=1))
        scale = seasonal_error(then, self.season)
        return actual[chosen], scale[chosen], chosen, np.full(len(chosen), number), then.end[chosen]

    def rounds(self, fits: int) -> list[list[int]]:
        """The windows that each of so many fits serves, the oldest last: it is made at that one's origin."""
        size = -(-len(self.cuts) // max(1, fits))
        return [list(range(start, min(start + size, len(self.cuts)))) for start in range(0, len(self.cuts), size)]

    def points(self, fit: Fit, fits: int | None = None) -> Array:
        """Forecasts [cases, horizon] by models fitted so many times (None: at every origin)."""
        forecasts = np.full(self.cases.actual.shape, np.nan)
        for windows in self.rounds(len(self.cuts) if fits is None else fits):
            model = fit(self.training(self.panel.cut(self.cuts[windows[-1]])))
            for number in windows:
                chosen = self.cases.window == number
                if chosen.any():
                    found = model.points(self.panel.cut(self.cuts[number]), self.steps)
                    forecasts[chosen] = found[self.cases.series[chosen], self.gap :]
        return forecasts if self.floor is None else np.maximum(forecasts, self.floor)


def least(season: int, horizon: int) -> int:
    """The steps of history from which on a series is judged."""
    return max(SEASONS * season, horizon, 4) if season <= 4 * horizon else max(2 * horizon, 4)


def fits(panel: Panel) -> int:
    """How many fits of a backtest are cheap for that much data."""
    values = int((~np.isnan(panel.target)).sum())
    return next((count for most, count in FITS if values <= most), FEWEST)


def cuts(panel: Panel, horizon: int, gap: int, season: int, windows: int | None, step: int | None) -> tuple[int, ...]:
    """The steps back to each window's origin, the newest first; fewer than asked for where the history is short.

    The longest series decides: a shorter one takes part in as many windows as it reaches back for.
    """
    wanted = windows or max(fits(panel), -(-CASES // max(1, panel.series)))
    longest = int(panel.lengths().max(initial=0))
    room = longest - gap - horizon - least(season, horizon)
    distance = step or horizon
    kept = int(KEPT * longest) - gap - horizon
    possible = max(1, min(room, kept) // distance + 1) if room >= 0 else 0
    return tuple(gap + horizon + number * distance for number in range(min(wanted, possible)))
