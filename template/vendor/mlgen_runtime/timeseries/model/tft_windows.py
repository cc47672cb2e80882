"""Which windows the transformer learns from: drawn from all of history, but for the newest, on which it is watched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import InputError
from ..forecast.tft_inputs import CALENDAR, LARGEST, Layout, Windows
from ..panel import Panel
from .training import Training

Array = npt.NDArray[Any]

#: A longer season than this does not set the length of the encoder: time grows with it.
LONGEST_SEASON = 200
#: The share of the longest history that validation may take away from learning.
HELD_SHARE = 0.2
#: Validation windows at most, over all series.
HELD_WINDOWS = 512
#: The share of windows whose series is hidden, so that the network learns what to do with a new one.
HIDDEN_SERIES = 0.1
#: More series than this have no code each: too few windows would be drawn of any one.
CODED_SERIES = 1000
DAY = 86_400


@dataclass(frozen=True)
class Examples:
    """Windows [n] and the scaled values [n, horizon] that follow them; `seen` is 0 where there is none."""

    windows: Windows
    target: Array
    seen: Array

    def parts(self, size: int) -> Iterator[Examples]:
        """The same examples, at most `size` at a time."""
        for start in range(0, len(self.seen), size):
            chosen = slice(start, start + size)
            yield Examples(self.windows.part(chosen), self.target[chosen], self.seen[chosen])


@dataclass(frozen=True)
class Source:
    """All windows of a panel: their history ends in the columns from `first` to `last` [s] of each series.

    `held` are (series, column) pairs of the windows for validation, empty where histories are too short to spare any.
    """

    layout: Layout
    panel: Panel
    first: Array
    last: Array
    held: tuple[Array, Array]

    @property
    def counts(self) -> Array:
        """How many windows [s] there are to learn from."""
        counts: Array = np.maximum(self.last - self.first + 1, 0)
        return counts

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        """Examples [count], each window as likely as any other."""
        passed = np.cumsum(self.counts)
        chosen = random.integers(0, passed[-1], count)
        rows = np.searchsorted(passed, chosen, side="right")
        found = self.examples(rows, self.last[rows] - (passed[rows] - 1 - chosen))
        if self.layout.series:
            found.windows.codes[random.random(count) < HIDDEN_SERIES, :, -1] = 0
        return found

    def validation(self) -> Examples:
        """The examples held back."""
        return self.examples(*self.held)

    def examples(self, rows: Array, ends: Array) -> Examples:
        """The windows of series `rows` that end in the columns `ends`, with what followed."""
        windows = self.layout.windows(self.panel, rows, ends)
        target = self.panel.target[rows[:, None], ends[:, None] + np.arange(1, self.layout.horizon + 1)]
        scaled = (target - windows.centre[:, None]) / windows.scale[:, None]
        filled = np.clip(np.nan_to_num(scaled, nan=0.0), -LARGEST, LARGEST)
        return Examples(windows, filled.astype(np.float32), (~np.isnan(target)).astype(np.float32))


def source(training: Training, layout: Layout, held: int) -> Source:
    """Return the windows of the training panel, at most `held` of each series kept for validation.

    Raises InputError where no series is long enough for a single window.
    """
    lengths, horizon = training.panel.lengths(), layout.horizon
    panel = training.panel.tail(training.panel.steps + layout.encoder)  # so that windows may begin before a series
    first = panel.steps - lengths + layout.shortest - 1
    kept = max(1, min(held, int(HELD_SHARE * lengths.max(initial=0) / horizon)))
    for count in (kept, 0):
        last = np.full(panel.series, panel.steps - 1 - horizon * (count + 1 if count else 1))
        if (last >= first).any():
            ends = panel.steps - 1 - horizon * np.arange(1, count + 1)
            rows, ends = np.repeat(np.arange(panel.series), count), np.tile(ends, panel.series)
            usable = np.flatnonzero(ends >= first[rows])
            chosen = usable[:: max(1, -(-len(usable) // HELD_WINDOWS))]
            return Source(layout, panel, first, last, (rows[chosen], ends[chosen]))
    raise InputError(
        f"model tft: the longest history has {lengths.max(initial=0)} steps, expected {layout.shortest + horizon} or "
        f"more to learn to forecast {horizon}; choose another model, or a shorter data.horizon or model.encoder_length"
    )


def layout(training: Training, encoder_length: int | None, series_codes: bool) -> Layout:
    """Return which variables the panel offers, and the figures that scaling needs."""
    panel, frequency, horizon = training.panel, training.frequency, training.horizon
    encoder = encoder_length or usual_encoder(frequency.seasons, training.season, horizon)
    encoder = max(1, min(encoder, int(panel.lengths().max(initial=0)) - horizon))
    offered = frequency.features(np.zeros(1, dtype=np.int64))
    numbers = {name: values for name, values in {**panel.past, **panel.known}.items() if name not in panel.categories}
    fixed = {name: panel.static[name] for name in panel.static if name not in panel.categories}
    named = series_codes and 1 < panel.series <= CODED_SERIES
    return Layout(
        frequency=frequency.name,
        offset=frequency.offset,
        zone=frequency.zone,
        encoder=encoder,
        horizon=horizon,
        shortest=min(encoder, max(training.season + 1, 4)),
        seasons=_lags(frequency.seasons, training.season, encoder),
        calendar=tuple(
            name for name in CALENDAR if name in offered and (name != "day" or frequency.step_seconds >= DAY)
        ),
        past=tuple(panel.past),
        known=tuple(panel.known),
        static=tuple(panel.static),
        levels={name: len(levels) for name, levels in panel.categories.items()},
        plain=tuple(name for name, values in numbers.items() if np.isin(values[~np.isnan(values)], (0, 1)).all()),
        typical={"": _deviation(panel.target)} | {name: _deviation(values) for name, values in numbers.items()},
        centres={name: _or(float(np.mean(_known(values))), 0.0) for name, values in fixed.items()},
        spreads={name: _or(float(np.std(_known(values))), 1.0) for name, values in fixed.items()},
        series=panel.keys if named else (),
    )


def usual_encoder(seasons: tuple[int, ...], season: int, horizon: int) -> int:
    """Steps of history that a window holds where the settings do not say: seasons enough, and no fewer than asked."""
    return max(
        [3 * season if season <= LONGEST_SEASON else 0, horizon, 8, *(x for x in seasons if x <= LONGEST_SEASON)]
    )


def _lags(seasons: tuple[int, ...], season: int, encoder: int) -> tuple[int, ...]:
    """The seasons whose last turn lies within a window, the given one first; the last value where none does."""
    return tuple(length for length in dict.fromkeys((season, *seasons)) if length <= encoder) or (1,)


def _deviation(values: Array) -> float:
    """The median over series of the deviation within each: what is usual."""
    seen = ~np.isnan(values)
    count = np.maximum(seen.sum(axis=1), 1)
    mean = np.where(seen, values, 0.0).sum(axis=1) / count
    squares = np.where(seen, (values - mean[:, None]) ** 2, 0.0).sum(axis=1) / count
    return float(np.median(np.sqrt(squares[seen.any(axis=1)]))) if seen.any() else 0.0


def _known(values: Array) -> Array:
    known = values[~np.isnan(values)]
    return known if len(known) else np.zeros(1)


def _or(value: float, otherwise: float) -> float:
    return value if value else otherwise
