"""What ETS takes out of a series before it smooths: a curve, and linear effects of the calendar and of covariates.

    smoothed values = curve(target) - columns x weights        forecast = curve back(smoothed + columns x weights)

Columns are the known covariates (a category's levels apart), the year's waves for daily series, and the weekdays that
a month holds for monthly ones. Shapes: s series, T columns of history, F steps ahead, k effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import DAY, EPOCH_WEEKDAY, MONTHS, YEAR, Frequency
from ..panel import Panel

Array = npt.NDArray[Any]

#: Waves of the year for daily series: the last turns within two months.
WAVES = 6
#: The logarithm is for series whose least value is above this part of the median.
WELL_ABOVE = 0.3
#: How far a forecast may leave the range of the history, in ranges.
ROOM = 1.0


@dataclass(frozen=True)
class Curve:
    """Each series' change of scale, all [s]: 0 none, 1 logarithm, 2 inverse hyperbolic sine around `centre`.

    The sine tames spikes of series that touch zero; `scale` is where it begins to bend. `floor` is the least value
    that the logarithm is taken of. `bounded` is true where no value is below zero: then no forecast is.
    """

    kind: Array
    centre: Array
    scale: Array
    floor: Array
    bounded: Array

    @classmethod
    def of(cls, target: Array, bend: bool) -> Curve:
        """The curve for histories [s, T]: none, or (bend) the logarithm where all values are well above zero, else
        the inverse hyperbolic sine."""
        present: Array = np.isfinite(target)
        any_value = np.asarray(present.any(axis=1))
        least = np.where(present, target, np.inf).min(axis=1, initial=np.inf)
        filled = np.where(any_value[:, None], target, 0.0)
        centre = np.nanmedian(filled, axis=1)
        spread = 1.4826 * np.nanmedian(np.abs(filled - centre[:, None]), axis=1)
        deviation = np.nanstd(filled, axis=1)
        scale = np.where(spread > 1e-3 * deviation, spread, np.where(deviation > 0, deviation, 1.0))
        kind = (
            np.where(any_value & (least > WELL_ABOVE * centre) & (least > 0), 1, 2) if bend else np.zeros(len(target))
        )
        return cls(kind.astype(np.int64), centre, scale, np.where(least > 0, least / 2, 1.0), any_value & (least >= 0))

    def only(self, rows: Array) -> Curve:
        """The curves of the chosen series."""
        return Curve(**{name: values[rows] for name, values in vars(self).items()})

    def bend(self, values: Array) -> Array:
        """Values [s, T] on the curve's scale."""
        logarithm = np.log(np.maximum(values, self.floor[:, None]))
        sine = np.arcsinh((values - self.centre[:, None]) / self.scale[:, None])
        kind = self.kind[:, None]
        return np.where(kind == 1, logarithm, np.where(kind == 2, sine, values))

    def back(self, bent: Array) -> Array:
        """Values [..., s, h] on the series' own scale."""
        kind = self.kind[:, None]
        power = np.exp(np.clip(np.where(kind == 1, bent, 0.0), -700, 700))
        sine = self.centre[:, None] + self.scale[:, None] * np.sinh(np.clip(np.where(kind == 2, bent, 0.0), -30, 30))
        values = np.where(kind == 1, power, np.where(kind == 2, sine, bent))
        return np.where(self.bounded[:, None], np.maximum(values, 0.0), values)


@dataclass(frozen=True)
class Columns:
    """Which linear effects there are: `known` maps a covariate to the number of its levels (0: a number);
    `year` and `weekdays` add the calendar's."""

    known: Mapping[str, int]
    year: bool
    weekdays: bool

    @classmethod
    def of(cls, panel: Panel, frequency: Frequency) -> Columns:
        """The effects that a panel and a frequency offer."""
        known = {name: len(panel.categories.get(name, ())) for name in panel.known}
        count, unit, _ = frequency.parsed
        return cls(known, unit == "D" and count == 1, unit in MONTHS and count * MONTHS[unit] <= 3)

    def build(self, panel: Panel, frequency: Frequency, horizon: int) -> dict[str, Array]:
        """The columns [s, T + horizon, k] by block: known, year, weekdays; those of covariates hold NaN where
        they are not known."""
        ordinals = np.concatenate([panel.ordinals(), panel.ahead(horizon)], axis=1)
        blocks: dict[str, Array] = {}
        if self.known:
            parts = [_known(panel, name, levels, horizon) for name, levels in self.known.items()]
            blocks["known"] = np.concatenate(parts, axis=2)
        if self.year:
            days = frequency.clock(ordinals).astype("M8[s]").astype(np.int64) / DAY
            turns = 2 * np.pi * days[:, :, None] * np.arange(1, WAVES + 1) / YEAR
            blocks["year"] = np.concatenate([np.sin(turns), np.cos(turns)], axis=2)
        if self.weekdays:
            blocks["weekdays"] = _weekdays(frequency, ordinals)
        return blocks


def bounds(bent: Array) -> tuple[Array, Array]:
    """The least and greatest forecast [s] that histories [s, T] make believable."""
    present = ~np.isnan(bent)
    least = np.where(present, bent, np.inf).min(axis=1, initial=np.inf)
    most = np.where(present, bent, -np.inf).max(axis=1, initial=-np.inf)
    room = ROOM * (most - least)
    return least - room, most + room


def _known(panel: Panel, name: str, levels: int, horizon: int) -> Array:
    """One covariate's columns [s, T + horizon, 1 or levels]; NaN beyond what is known of it."""
    wanted = panel.steps + horizon
    found = panel.known.get(name)
    values = np.full((panel.series, wanted), np.nan)
    if found is not None:
        values[:, : found.shape[1]] = found[:, :wanted]
    if not levels:
        return values[:, :, None]
    apart = (values[:, :, None] == np.arange(levels)).astype(np.float64)
    return np.where(np.isnan(values)[:, :, None], np.nan, apart)


def _weekdays(frequency: Frequency, ordinals: Array) -> Array:
    """How many more of each weekday than of Sundays a month or quarter holds, [s, n, 6]."""
    whole = frequency.clock(np.stack([ordinals, ordinals + 1])).astype("M8[M]")
    begin, end = whole.astype("M8[D]").astype(np.int64)
    counts = np.stack([_passed(end, day) - _passed(begin, day) for day in range(7)], axis=2)
    return np.asarray(counts[:, :, :6] - counts[:, :, 6:], dtype=np.float64)


def _passed(days: Array, weekday: int) -> Array:
    """How many days of one weekday (Monday 0) lie between 1970 and each day, that day left out."""
    return (days + EPOCH_WEEKDAY + 6 - weekday) // 7
