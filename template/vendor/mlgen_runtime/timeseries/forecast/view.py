"""Histories seen from origins: values before an origin, at a step after it, seasons ago; all without a loop.

Every method answers for n origins at once, [n], or for q steps of each, [n, q], and computes each cell from the cells
of its own series alone. Nothing after an origin is ever read of what is not known ahead.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import Frequency
from ..panel import Panel

Array = npt.NDArray[Any]


def gather(values: Array, series: Array, columns: Array) -> Array:
    """Cells of `values` [s, T] at positions [n] and columns [n, …]; NaN for columns that are not there."""
    rows = series.reshape(-1, *[1] * (columns.ndim - 1))
    there = (columns >= 0) & (columns < values.shape[1])
    return np.where(there, values[rows, np.where(there, columns, 0)], np.nan)


def mean(values: Array) -> Array:
    """The mean over the last axis of what is no NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    count = known.sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class View:
    """A transformed panel at the positions `series` [n], from the columns `origins` [n], for `steps` [n, q] ahead.

    `season` steps make the main season; level and usual change are taken over `span` steps, of which `fewest` must
    have a value, else the scale is NaN; `clock` tells the time. See `lags.Sight`.
    """

    def __init__(
        self,
        panel: Panel,
        series: Array,
        origins: Array,
        steps: Array,
        season: int,
        span: int,
        fewest: int,
        clock: Frequency,
    ) -> None:
        self.panel, self.series, self.origins, self.steps = panel, series, origins, steps
        self.season, self.clock = season, clock
        recent = self.newest(panel.target, span)
        counts = (~np.isnan(recent)).sum(axis=-1)
        # A whole empty season has no mean: then that of the span.
        level = mean(recent[:, -season:])
        self.level = np.where(np.isnan(level), mean(recent), level)
        spread = self._spread(recent)
        change = mean(np.abs(recent[:, season:] - recent[:, :-season])) if season < span else spread
        usual = np.where(np.isnan(change), spread, change)
        self.scale = np.maximum(usual, 0.01 * spread + 1e-9 * np.abs(self.level) + 1e-12)
        self.scale = np.where(counts >= fewest, self.scale, np.nan)

    @staticmethod
    def _spread(values: Array) -> Array:
        """The standard deviation over the last axis of what is no NaN."""
        return np.sqrt(mean(np.square(values - mean(values)[:, None])))

    def newest(self, values: Array, count: int, skip: int = 0) -> Array:
        """The `count` cells [n, count] up to the origin, or up to `skip` cells before it; as they are."""
        return gather(values, self.series, self.origins[:, None] + np.arange(1 - count, 1)[None, :] - skip)

    def scaled(self, values: Array) -> Array:
        """Values of the target [n] or [n, …] from the level, in units of the scale."""
        shape = (-1, *[1] * (values.ndim - 1))
        scaled: Array = (values - self.level.reshape(shape)) / self.scale.reshape(shape)
        return scaled

    def lag(self, back: int) -> Array:
        """The target [n], `back` steps before the origin, scaled."""
        return self.scaled(gather(self.panel.target, self.series, self.origins - back))

    def average(self, count: int, skip: int = 0) -> Array:
        """The mean [n] of the target's newest `count` values, or of those `skip` cells before, scaled."""
        return self.scaled(mean(self.newest(self.panel.target, count, skip)))

    def spread(self, count: int) -> Array:
        """The standard deviation [n] of the target's newest `count` values, scaled."""
        spread: Array = self._spread(self.newest(self.panel.target, count)) / self.scale
        return spread

    def cycles_ago(self, length: int) -> Array:
        """The column [n, q] that is the newest known one at the steps' own place in a cycle of `length` steps."""
        ahead = -(-self.steps // length) * length - self.steps
        columns: Array = self.origins[:, None] - ahead
        return columns

    def cycle(self, length: int, back: int, shift: int = 0, around: int = 0) -> Array:
        """The target [n, q] at the steps' place, the newest known cycle of `length` steps for `back` 0, scaled.

        `shift` looks that many steps beside the place, never beyond the origin; `around` takes the mean of as many
        steps to both sides.
        """
        columns = self.cycles_ago(length) - back * length + shift
        if around:
            columns = columns[..., None] + np.arange(-around, around + 1)
        columns = np.where(columns > self.origins.reshape(-1, *[1] * (columns.ndim - 1)), -1, columns)
        values = gather(self.panel.target, self.series, columns)
        return self.scaled(mean(values) if around else values)

    def phase(self, length: int, cycles: int, around: int = 0) -> Array:
        """The mean [n, q] of the newest `cycles` values at the steps' place, scaled."""
        return mean(np.stack([self.cycle(length, back, around=around) for back in range(cycles)], axis=-1))

    def shape(self, length: int, cycles: int, around: int = 0) -> Array:
        """How the steps' place [n, q] stood above the mean of the main season before it, on average over cycles.

        For the main season itself, that is the mean of the cycle which the place lies in: what is left of a season
        without its trend. For longer cycles it is how things went on from here a year, or a week, ago.
        """
        found = []
        for back in range(cycles):
            skip = back * length if length == self.season else (back + 1) * length
            found.append(self.cycle(length, back, around=around) - self.average(self.season, skip)[:, None])
        return mean(np.stack(found, axis=-1))

    @cached_property
    def calendar(self) -> dict[str, Array]:
        """The calendar's features [n, q] at the steps."""
        first: Array = self.panel.end[self.series] - (self.panel.steps - 1) + self.origins
        return self.clock.features(first[:, None] + self.steps)

    def ahead(self, name: str, shift: int = 0) -> Array:
        """A covariate known ahead [n, q] at the steps, or `shift` steps beside them; as it is."""
        return gather(self.panel.known[name], self.series, self.origins[:, None] + self.steps + shift)

    def ago(self, name: str) -> Array:
        """A covariate known ahead [n, q] at the steps' place in the newest known cycle of the main season."""
        return gather(self.panel.known[name], self.series, self.cycles_ago(self.season))
