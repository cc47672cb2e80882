"""The rows that boosting learns from: steps after origins all over the histories, drawn where there are too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..forecast.lags import BASES, Sight
from ..frequency import DAY
from ..panel import Panel
from .training import Training

Array = npt.NDArray[Any]

#: A covariate with more values than this is an amount, whose changes count; with fewer it is a flag or a rating.
AMOUNT = 10
#: Days of history from which on a part of the calendar is looked at: it should have come twice. Days of the month are
#: thirty or so, each as good a name for the few times it came: they need years.
HELD = {"minute": 0.1, "hour": 2, "weekday": 14, "day": 1000, "day_of_year": 732, "month": 732}
#: Histories that hold fewer horizons than this, all together, are little to learn from: rows that overlap, as those of
#: one long series do, do not count twice.
FEW = 1000
#: So many newest values are held whatever the season.
FEWEST_LAGS = 6
#: Labels beyond these quantiles count as if they lay on them.
TAILS = (0.0005, 0.9995)
#: Values are looked at as logarithms where the smallest is above this share of the typical one.
SMALLEST = 1e-3
#: Origins whose rows are made at once.
CHUNK = 4096


@dataclass(frozen=True)
class Examples:
    """Rows `matrix` float32 [n, features] and what each base lacks there `labels` [n, BASES], scaled."""

    matrix: Array
    labels: Array


def sight(training: Training, *, lags: int, cycles: int, long_cycles: int, logarithm: bool | None) -> Sight:
    """Decide what rows show, from the training panel alone; `logarithm` None: as the values suggest.

    `cycles` are those of the main season, `long_cycles` those of the frequency's other seasons, at most.
    """
    panel, frequency = training.panel, training.frequency
    longest = int(panel.lengths().max(initial=0))
    days = longest * frequency.step_seconds / DAY
    room = longest - training.horizon
    # Half of the history at most: rows of its beginning, which lack what a row should hold, must not be the most.
    main = min(cycles, max(1, room // (2 * training.season)))
    others = [
        (length, min(long_cycles, room // length - 1)) for length in frequency.seasons if length != training.season
    ]
    floor = _floor(panel)
    return Sight(
        frequency=frequency.name,
        offset=frequency.offset,
        zone=frequency.zone,
        cycles=((training.season, main), *((length, count) for length, count in others if length > 1 and count > 0)),
        lags=min(lags, max(1, room), max(training.season, FEWEST_LAGS) if few(training) else lags),
        floor=None if logarithm is False else floor,
        past=tuple(panel.past),
        known=tuple(panel.known),
        levels=tuple(name for name in panel.known if name not in panel.categories and _amount(panel.known[name])),
        static=tuple(panel.static),
        calendar=tuple(name for name in frequency.features(panel.end[:1]) if days >= HELD[name]),
    )


def few(training: Training) -> bool:
    """Whether there is little to learn from, so that a model should be small."""
    return bool((~np.isnan(training.panel.target)).sum() < FEW * training.horizon)


def examples(training: Training, view: Sight, most: int, per_origin: int) -> Examples:
    """Make up to `most` rows, those of up to `per_origin` steps for each origin."""
    panel = view.transformed(training.panel)
    series, origins, steps = _draw(training, view, most, per_origin)
    parts = []
    for start in range(0, max(1, len(series)), CHUNK):
        chunk = slice(start, start + CHUNK)
        parts.append(_examples(panel, view, series[chunk], origins[chunk], steps[chunk]))
    matrix = np.concatenate([part.matrix for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    if len(labels):
        labels = np.clip(labels, *np.quantile(labels, TAILS, axis=0))
    return Examples(matrix, labels)


def _examples(panel: Panel, view: Sight, series: Array, origins: Array, steps: Array) -> Examples:
    rows = view.rows(panel, series, origins, steps)
    columns = origins[:, None] + steps
    truth = np.where(columns < panel.steps, panel.target[series[:, None], np.minimum(columns, panel.steps - 1)], np.nan)
    labels = ((truth - rows.level[:, None]) / rows.scale[:, None])[:, :, None] - rows.bases
    labels = labels.reshape(-1, len(BASES))
    kept = np.isfinite(labels).all(axis=1)
    return Examples(rows.matrix[kept], labels[kept])


def _draw(training: Training, view: Sight, most: int, per_origin: int) -> tuple[Array, Array, Array]:
    """Positions [n], columns [n] and steps [n, q] of the rows, by the seed."""
    random = np.random.default_rng(training.seed)
    panel, horizon = training.panel, training.horizon
    # An origin needs two seasons before it, where there are so many; one at least.
    lengths = panel.lengths()
    before = np.minimum(2 * view.season, np.maximum(view.fewest, lengths - horizon))
    first = panel.steps - lengths + before - 1
    columns = np.arange(panel.steps - 1)
    series, origins = np.nonzero((columns[None, :] >= first[:, None]) & (lengths > 0)[:, None])
    count = min(horizon, max(per_origin, most // max(1, len(series))))
    if len(series) > most // count:
        chosen = np.sort(random.choice(len(series), max(1, most // count), replace=False))
        series, origins = series[chosen], origins[chosen]
    every = np.broadcast_to(np.arange(1, horizon + 1), (len(series), horizon))
    if count == horizon:
        return series, origins, every
    order = np.argsort(random.random(every.shape), axis=1)[:, :count]
    return series, origins, np.sort(order, axis=1) + 1


def _floor(panel: Panel) -> float | None:
    """The smallest value, where logarithms suit the panel: all values well above zero."""
    values = panel.target[~np.isnan(panel.target)]
    if not len(values) or values.min() <= 0:
        return None
    medians = np.nanmedian(np.where(np.isnan(panel.target).all(axis=1, keepdims=True), 1.0, panel.target), axis=1)
    return float(values.min()) if (np.nanmin(panel.target, axis=1, initial=np.inf) > SMALLEST * medians).all() else None


def _amount(values: Array) -> bool:
    """Whether a covariate takes more than a few values."""
    return len(np.unique(values[~np.isnan(values)])) > AMOUNT
