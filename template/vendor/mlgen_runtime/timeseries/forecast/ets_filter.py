"""Exponential smoothing as one recursion over many series and many sets of coefficients at once.

    mean(t)   = level + slope + each season's state + shock            all of them as the step before left them
    error(t)  = value(t) - mean(t)                                     0 at a gap: the mean stands in for the value
    level    += coefficient x error, and so do slope, seasons and shock

Simple, Holt's, damped and seasonal smoothing, several seasons at once and Theta are this recursion with some of its
coefficients fixed. Sources: Hyndman, Koehler, Ord & Snyder (2008), "Forecasting with exponential smoothing" (additive
forms); Taylor (2003, 2010) for several seasons and the first-order memory of the errors (here: shock);
Hyndman & Billah (2003), "Unmasking the Theta method". Shapes: s series, b sets of coefficients, T columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Starting values come from this many of the longest season's first cycles.
CYCLES = 3


@dataclass(frozen=True)
class Coefficients:
    """All [b, s]: how much of an error goes into level, slope and each season; what is kept, step by step, of the
    slope (`damping`: 0 for no slope, 1 for a lasting one) and of the shock (`memory`)."""

    level: Array
    slope: Array
    seasons: tuple[Array, ...]
    damping: Array
    memory: Array


@dataclass
class State:
    """Where a recursion stands before column `column`: level, slope, shock [b, s]; seasons, each [m, b, s], of which
    row c % m belongs to column c."""

    level: Array
    slope: Array
    shock: Array
    seasons: tuple[Array, ...]
    column: int = 0


@dataclass(frozen=True)
class Start:
    """Starting values of each series: level, slope [s] and the seasons, each [m, s], by column as in `State`.

    `drift` [s] is the slope of a line through the whole history; Theta's slope is half of it, Theta's level `first`.
    """

    level: Array
    slope: Array
    seasons: tuple[Array, ...]
    drift: Array
    first: Array


@dataclass(frozen=True)
class Reach:
    """What slope and shock amount to `steps` [k] steps ahead: `slope` and `shock` are [k, b, s]."""

    steps: Array
    slope: Array
    shock: Array

    @classmethod
    def of(cls, coefficients: Coefficients, steps: Array) -> Reach:
        """The sums of the powers of the damping, and the powers of the memory."""
        ahead = steps[:, None, None].astype(np.float64)
        damping = coefficients.damping
        kept = np.minimum(damping, 1 - 1e-12)
        sums = np.where(damping < 1, kept * (1 - kept**ahead) / (1 - kept), ahead)
        return cls(steps, sums, coefficients.memory**ahead)

    def forecasts(self, state: State) -> Array:
        """Forecasts [k, b, s] from a state."""
        means: Array = self.slope * state.slope
        means += state.level
        for season in state.seasons:
            means += season[(state.column - 1 + self.steps) % len(season)]
        means += self.shock * state.shock
        return means


def first_columns(values: Array) -> Array:
    """The column [s] of each series' first value, T where it has none."""
    present: Array = np.asarray(~np.isnan(values))
    return np.asarray(np.where(present.any(axis=1), present.argmax(axis=1), values.shape[1]))


def start(values: Array, seasons: Sequence[int]) -> Start:
    """Starting values from the first cycles of each series [s, T]: seasonal means around a moving average, the
    shortest season first, then a line through what is left of the first two cycles."""
    series, columns = values.shape
    first = first_columns(values)
    longest = max(seasons, default=1)
    width = min(columns, max(CYCLES * longest, 10))
    offsets = np.arange(width)
    rest = np.take_along_axis(values, np.minimum(first[:, None] + offsets, columns - 1), axis=1)
    rest = np.where(first[:, None] + offsets < columns, rest, np.nan)
    profiles, level = [], values
    for season in seasons:
        means = _by_phase(rest - _smooth(rest, season), season)
        rest = rest - means[:, offsets % season]
        by_column = np.take_along_axis(means, (np.arange(season) - first[:, None]) % season, axis=1)
        level = level - by_column[:, np.arange(columns) % season]
        profiles.append(by_column.T.copy())
    intercept, slope = _line(rest[:, : max(2 * longest, 10)])
    _, drift = _line(level)
    beginning = level[np.arange(series), np.minimum(first, columns - 1)]
    return Start(intercept - slope, slope, tuple(profiles), drift, np.nan_to_num(beginning))


def run(
    values: Array,
    coefficients: Coefficients,
    state: State,
    slopes: Array,
    watch: Callable[[State, Array], None] | None = None,
) -> State:
    """Take the values [s, T] in, one column after another, and return the state after the last.

    `slopes` [b, s] come into force at each series' first value; before it nothing moves. `watch` is called after each
    column with the state and the column's errors [b, s]; it must not keep either, both are overwritten.
    """
    present: Array = np.isfinite(values.T)
    observed = np.where(present, values.T, 0.0)
    whole = np.asarray(present.all(axis=1))
    first = first_columns(values)
    begins = {int(column): np.flatnonzero(first == column) for column in np.unique(first)}
    level, slope, shock = state.level, state.slope, state.shock
    error, change = np.empty_like(level), np.empty_like(level)
    for column in range(values.shape[1]):
        if column in begins:
            slope[:, begins[column]] = slopes[:, begins[column]]
        slope *= coefficients.damping
        shock *= coefficients.memory
        level += slope
        np.subtract(observed[column], level, out=error)
        phases = [season[column % len(season)] for season in state.seasons]
        for phase in phases:
            error -= phase
        error -= shock
        if not whole[column]:
            error *= present[column]
        level += np.multiply(coefficients.level, error, out=change)
        slope += np.multiply(coefficients.slope, error, out=change)
        for phase, coefficient in zip(phases, coefficients.seasons, strict=True):
            phase += np.multiply(coefficient, error, out=change)
        shock += error
        state.column = column + 1
        if watch is not None:
            watch(state, error)
    return state


def _smooth(values: Array, season: int) -> Array:
    """The centred moving average [s, L] over one season; NaN where half of it is missing, and at the edges."""
    present = ~np.isnan(values)
    weights = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    half = len(weights) // 2

    def summed(part: Array) -> Array:
        padded = np.pad(part, ((0, 0), (half, half)))
        sums = np.cumsum(np.pad(padded, ((0, 0), (1, 0))), axis=1)
        inside = part.shape[1]
        total = sums[:, len(weights) :][:, :inside] - sums[:, :inside]
        if season % 2 == 0:
            total = total - (padded[:, :inside] + padded[:, 2 * half :]) / 2
        return np.asarray(total)

    counts = summed(present.astype(np.float64))
    sums = summed(np.where(present, values, 0.0))
    away = np.arange(values.shape[1])
    inner = (away >= half) & (away < values.shape[1] - half)
    return np.where(inner & (counts >= season / 2), sums / np.maximum(counts, 0.5), np.nan)


def _by_phase(values: Array, season: int) -> Array:
    """The means [s, m] of the columns of equal phase, less their own mean."""
    cycles = -(-values.shape[1] // season)
    padded = np.pad(values, ((0, 0), (0, cycles * season - values.shape[1])), constant_values=np.nan)
    folded = padded.reshape(len(values), cycles, season)
    present = ~np.isnan(folded)
    means = np.where(present, folded, 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return np.asarray(means - means.mean(axis=1, keepdims=True))


def _line(values: Array) -> tuple[Array, Array]:
    """Height at column 0 and slope [s] of the least squares line through each row; 0 where there is no value."""
    present = ~np.isnan(values)
    columns = np.arange(values.shape[1], dtype=np.float64)
    counts = np.maximum(present.sum(axis=1), 1)
    middle = (present * columns).sum(axis=1) / counts
    mean = np.where(present, values, 0.0).sum(axis=1) / counts
    away = present * (columns - middle[:, None])
    spread = (away**2).sum(axis=1)
    slope = (away * np.where(present, values - mean[:, None], 0.0)).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    return mean - slope * middle, slope
