"""The search for smoothing coefficients: what forecasts best, several steps ahead, from many origins in the history.

One-step errors choose coefficients that go astray over a long horizon, so the criterion is the mean absolute error of
forecasts over the horizon that is asked for, from origins spread over the newest part of each history. Candidates are
drawn around the best so far, closer in every round; all series and all candidates run through the recursion together.
Shapes: s series, T columns of history, f = len(TRENDS) forms, c candidates, u coefficients to choose, each in 0..1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..forecast.ets import TRENDS, begin
from ..forecast.ets_filter import Coefficients, Reach, State, first_columns, run, start

Array = npt.NDArray[Any]

#: So many steps of the horizon are looked at.
STEPS = 12
#: The spread of the candidates around the best in the second round, and what is left of it in each round after.
SPREAD, SHRINK = 0.3, 0.6
#: Coefficients besides one for each season: level, slope, damping, memory.
COMMON = 4


@dataclass(frozen=True)
class Effort:
    """How much is tried: rounds of candidates, and origins of forecasts that each is judged by."""

    rounds: int
    candidates: int
    origins: int


@dataclass(frozen=True)
class Trial:
    """From which columns forecasts are judged: at `steps` [k] ahead of each of `origins`; of a series only from
    column `since` [s] on."""

    steps: Array
    origins: Array
    since: Array

    @classmethod
    def of(cls, values: Array, seasons: tuple[int, ...], horizon: int, origins: int) -> Trial:
        """The trial of histories [s, T]; the longest season is given twice to settle, at most half a history."""
        columns = values.shape[1]
        first = first_columns(values)
        since = first + np.minimum(2 * max(seasons, default=2), (columns - first) // 2)
        steps = np.unique(np.linspace(1, horizon, min(horizon, STEPS)).round().astype(np.int64))
        earliest = max(int(since.min(initial=columns)), columns - 1 - origins * max(1, horizon // 2))
        spread = np.linspace(earliest, columns - 2, origins) if earliest <= columns - 2 else np.zeros(0)
        return cls(steps, np.unique(spread.round().astype(np.int64)), since)


class Errors:
    """Adds up the absolute errors of a run's forecasts; a series whose history leaves no origin counts its one-step
    errors instead."""

    def __init__(self, values: Array, target: Array, trial: Trial, reach: Reach, back: Callable[..., Array]) -> None:
        padded = np.pad(target, ((0, 0), (0, int(trial.steps.max()))), constant_values=np.nan)
        self.back, self.reach = back, reach
        self.truth = {int(origin): padded[:, origin + trial.steps].T for origin in trial.origins}
        for origin, truth in self.truth.items():
            truth[:, trial.since > origin] = np.nan
        counts = [(~np.isnan(truth)).sum(axis=0) for truth in self.truth.values()]
        self.counts = np.sum(counts, axis=0) if counts else np.zeros(len(target))
        self.short = self.counts == 0
        self.observed = np.maximum((~np.isnan(values)).sum(axis=1), 1)
        self.total = np.zeros(reach.slope.shape[1:])

    def __call__(self, state: State, error: Array) -> None:
        """Judge the forecasts from a state, and the error of the step that led to it."""
        if self.short.any():
            self.total += np.abs(error) * self.short
        truth = self.truth.get(state.column - 1)
        if truth is not None:
            away = self.back(self.reach.forecasts(state), state.column - 1 + self.reach.steps) - truth[:, None, :]
            self.total += np.where(np.isnan(away), 0.0, np.abs(away)).sum(axis=0)

    def mean(self) -> Array:
        """The mean absolute errors [b, s]; infinite where a run went astray."""
        mean = self.total / np.where(self.short, self.observed, np.maximum(self.counts, 1))
        return np.where(np.isfinite(mean), mean, np.inf)


def search(values: Array, seasons: tuple[int, ...], trial: Trial, effort: Effort, seed: int) -> Coefficients:
    """The best coefficients [f, s] found for histories [s, T] with these seasons; the same for the same seed."""
    generator = np.random.default_rng(seed)
    series, forms, tries = len(values), len(TRENDS), effort.candidates
    beginning = start(values, seasons)
    best = np.full((forms, series), np.inf)
    choice = np.full((COMMON + len(seasons), forms, series), 0.5)
    for turn in range(effort.rounds):
        shape = (len(choice), forms, tries, 1)
        if turn == 0:
            drawn = np.broadcast_to(generator.random(shape), (len(choice), forms, tries, series))
        else:
            moved = np.abs(choice[:, :, None] + SPREAD * SHRINK ** (turn - 1) * generator.standard_normal(shape))
            drawn = np.clip(1 - np.abs(1 - moved), 0.0, 1.0)
        mean = judge(values, values, beginning, coefficients(drawn), trial, lambda bent, _: bent)
        mean = mean.reshape(forms, tries, series)
        winner = mean.argmin(axis=1)[:, None, :]
        found = np.take_along_axis(mean, winner, axis=1)[:, 0]
        better = found < best
        best = np.where(better, found, best)
        choice = np.where(better, np.take_along_axis(drawn, winner[None], axis=2)[:, :, 0], choice)
    return coefficients(choice[:, :, None])


def judge(
    values: Array, target: Array, beginning: Any, chosen: Coefficients, trial: Trial, back: Callable[..., Array]
) -> Array:
    """The mean absolute errors [b, s] of a run over values [s, T], measured on `target` [s, T] after `back`
    (forecasts [k, b, s], their columns [k]) has brought the forecasts to its scale."""
    state, slopes = begin(beginning, len(chosen.level) // len(TRENDS))
    errors = Errors(values, target, trial, Reach.of(chosen, trial.steps), back)
    with np.errstate(over="ignore", invalid="ignore"):
        run(values, chosen, state, slopes, errors)
    return errors.mean()


def coefficients(choice: Array) -> Coefficients:
    """Coefficients [f x c, s] of choices [u, f, c, s] in 0..1: small ones lie closer together, and each form keeps
    what it fixes (TRENDS: no slope; a constant one; damped; lasting)."""
    flat = choice.shape[1] * choice.shape[2], choice.shape[3]
    level = 0.0001 + 0.999 * choice[0] ** 2
    sloping = np.array([0.0, 0.0, 1.0, 1.0])[:, None, None]
    fixed = np.array([0.0, 1.0, 0.0, 1.0])[:, None, None]
    damped = np.array([0.0, 0.0, 1.0, 0.0])[:, None, None]
    return Coefficients(
        level=level.reshape(flat),
        slope=(sloping * level * choice[1] ** 3).reshape(flat),
        seasons=tuple(((1 - level) * season**2).reshape(flat) for season in choice[COMMON:]),
        damping=(fixed + damped * (0.8 + 0.195 * choice[2])).reshape(flat),
        memory=np.clip(1.3 * choice[3] - 0.3, 0.0, 0.995).reshape(flat),
    )
