"""How strong the linear effects of ETS are: least squares on what season, trend and memory leave of a series.

The year's waves are fitted beside a trend that may bend once a year. Everything else is fitted to seasonal differences
from which the memory of the errors is taken out too (Cochrane & Orcutt, 1949), so that neither a common trend nor a
common season looks like an effect; and it is kept only where it lowers the Bayesian information criterion.
Shapes: s series, T columns of history, k effects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..forecast.ets import Effects
from ..frequency import YEAR

Array = npt.NDArray[Any]

#: Strength of the penalty on the year's waves, and on the bends of their trend, per value.
WAVE_PENALTY, BEND_PENALTY = 0.01, 0.001
#: The memory of the errors is estimated this many times.
TURNS = 3


def fit(values: Array, blocks: Mapping[str, Array], season: int, history: int, ridge: float) -> Effects:
    """Fit the effects of the blocks' columns [s, T, k] on values [s, T]; `history` bounds the columns looked at
    for all but the year, `ridge` is the penalty relative to the columns' own variance."""
    whole = np.concatenate([np.zeros((*values.shape, 0)), *blocks.values()], axis=2)
    present = ~np.isnan(whole)
    centres = np.where(present, whole, 0.0).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    weights = np.zeros_like(centres)
    column = 0
    places: dict[str, slice] = {}
    for name, block in blocks.items():
        places[name] = slice(column, column + block.shape[2])
        column += block.shape[2]
    rest = values
    if "year" in places:
        found = np.stack([_waves(*pair) for pair in zip(values, blocks["year"], strict=True)])
        weights[:, places["year"]] = found
        rest = values - np.einsum("stk,sk->st", blocks["year"], found)
    others = [np.arange(place.start, place.stop) for name, place in places.items() if name != "year"]
    if others:
        chosen = np.concatenate(others)
        newest = slice(max(0, values.shape[1] - history), None)
        for row in range(len(values)):
            away = np.nan_to_num(whole[row, newest][:, chosen] - centres[row, chosen])
            weights[row, chosen] = _differences(rest[row, newest], away, season, ridge)
    return Effects(weights, centres)


def _waves(values: Array, waves: Array) -> Array:
    """The weights [k] of the year's waves [T, k] for one series [T]; 0 with less than two years."""
    present = np.flatnonzero(~np.isnan(values))
    year = round(YEAR)
    if not len(present) or present[-1] - present[0] < 2 * year:
        return np.zeros(waves.shape[1])
    days = np.arange(present[0], present[-1] + 1)
    values, waves = values[days], waves[days]
    time = np.arange(len(days), dtype=np.float64)
    bends = np.maximum(time[:, None] - np.arange(year, len(days) - year // 2, year), 0.0) / len(days)
    weekdays = np.eye(7)[np.arange(len(days)) % 7]
    beside = np.column_stack([time / len(days), bends, weekdays])
    free, bent = np.full(7, 1e-9), np.full(bends.shape[1], BEND_PENALTY)
    penalty = np.r_[1e-9, bent, free, np.full(waves.shape[1], WAVE_PENALTY)]
    known = ~np.isnan(values)
    columns = np.column_stack([beside, waves])[known]
    square = columns.T @ columns + np.diag(penalty * len(columns))
    solution: Array = np.linalg.solve(square, columns.T @ values[known])
    return solution[beside.shape[1] :]


def _differences(values: Array, columns: Array, season: int, ridge: float) -> Array:
    """The weights [k] of columns [T, k] for one series [T]; 0 where they do not earn their place."""
    weights = np.zeros(columns.shape[1])
    lag = max(1, season)
    target, inputs = values[lag:] - values[:-lag], columns[lag:] - columns[:-lag]
    spread = inputs.std(axis=0) if len(inputs) else weights
    moving = spread > 1e-9
    if moving.any() and (~np.isnan(target)).sum() >= 2 * moving.sum() + 10:
        weights[moving] = _remembering(target, inputs[:, moving] / spread[moving], ridge) / spread[moving]
    return weights


def _remembering(target: Array, inputs: Array, ridge: float) -> Array:
    """The weights [k] of inputs [n, k] where the errors remember the one before; 0 where without them the
    Bayesian information criterion is lower."""
    both = ~np.isnan(target[1:]) & ~np.isnan(target[:-1])
    found: Array = np.zeros(inputs.shape[1])
    for _ in range(TURNS):
        left = target - inputs @ found
        before, now = left[:-1][both], left[1:][both]
        power = before @ before
        memory = float(np.clip(before @ now / power, 0.0, 0.98)) if power > 0 else 0.0
        outcome, freed = (target[1:] - memory * target[:-1])[both], (inputs[1:] - memory * inputs[:-1])[both]
        square = freed.T @ freed
        penalty = np.diag(ridge * np.diag(square) + 1e-9 * max(len(freed), 1))
        found = np.linalg.solve(square + penalty, freed.T @ outcome)
    count, effects = len(outcome), len(found)
    remaining = ((outcome - freed @ found) ** 2).sum()
    if remaining <= 0 or count <= effects:
        return np.zeros(effects)
    return found if count * np.log(outcome @ outcome / remaining) > effects * np.log(count) else np.zeros(effects)
