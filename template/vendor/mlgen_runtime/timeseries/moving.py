"""Whether the level, or the seasonal pattern, of the values that came has moved away from the history's.

Each value is compared with that of the same place in the season before. How far the mean of such differences usually
strays, over as many steps, the history itself tells: it is cut into stretches of that length. So a trend and a noisy
series are no drift, and a figure of 1 is what is usual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..usecase.labelled import Figure
from .panel import seasonal_error

if TYPE_CHECKING:
    from .inference import Inference

Array = npt.NDArray[Any]

#: Stretches that the history must have at least, values that must have come, and series that get figures of their own.
STRETCHES, FEWEST, SERIES = 6, 4, 50
#: A figure is proven beyond so many times what is usual, and beyond all that the history has seen.
FAR = 6.0


def figures(inference: Inference, series: Array, ordinals: Array, values: Array) -> list[Figure]:
    """Return level_drift and season_drift of all series together, and of each where they are few.

    `series` [n] are positions in the kept panel, `ordinals` [n] steps, `values` [n] what came.
    """
    panel, season = inference.panel, inference.season
    offset = ordinals - panel.end[series]
    new = offset > 0
    if not new.any():
        return []
    scale = seasonal_error(panel, season)
    came = _came(panel.series, series[new], offset[new], values[new])
    lag = season * -int(-came.shape[1] // season)
    if lag >= panel.steps:
        return []
    base = panel.target[:, panel.steps - lag : panel.steps - lag + came.shape[1]]
    moved = (came - base) / scale[:, None]
    usual = (panel.target[:, lag:] - panel.target[:, :-lag]) / scale[:, None]
    found = _figures("", _mean(moved), _mean(usual), season)
    if 1 < panel.series <= SERIES:
        for place, key in enumerate(panel.keys):
            found += _figures(" / ".join(key), moved[place], usual[place], season)
    return found


def _came(count: int, series: Array, offset: Array, values: Array) -> Array:
    """The values [series, steps after the end]; NaN where none came."""
    found = np.full((count, int(offset.max())), np.nan)
    found[series, offset - 1] = values
    return found


def _figures(subject: str, moved: Array, usual: Array, season: int) -> list[Figure]:
    """The figures of one path of differences [steps] against those of the history."""
    now, before = moved[~np.isnan(moved)], usual[~np.isnan(usual)]
    length = min(len(now), len(before) // STRETCHES)
    if length < FEWEST:
        return []
    now = now[-length:]
    stretches = np.lib.stride_tricks.sliding_window_view(before, length)
    name = subject or "the series"
    level = _figure(
        "level_drift", subject, float(now.mean()), stretches.mean(axis=1), length, (f"{name}: the level", "higher", "+")
    )
    if season == 1 or length < season:
        return [level]
    words = (f"{name}: the pattern", "other", "")
    return [level, _figure("season_drift", subject, float(now.std()), stretches.std(axis=1), length, words)]


def _figure(metric: str, subject: str, value: float, usual: Array, rows: int, words: tuple[str, str, str]) -> Figure:
    """How far a value lies from the middle of what is usual, in units of how far that strays.

    `words` are what it is of, how it differs, and the sign that numbers are written with.
    """
    what, how, sign = words
    middle, low, high = (float(part) for part in np.quantile(usual, [0.5, 0.025, 0.975]))
    spread = max(1.4826 * float(np.median(np.abs(usual - middle))), (high - low) / 4, 1e-9)
    outside = value < usual.min() or value > usual.max()
    return Figure(
        metric=metric,
        subject=subject,
        value=(value - middle) / spread,
        rows=rows,
        expected=0.0,
        proven=outside and abs(value - middle) > FAR * spread,
        message=(
            f"{what} is {value:{sign}.3g} seasonal errors {how} than that of the season before, usually "
            f"{low:{sign}.3g} to {high:{sign}.3g}"
        ),
    )


def _mean(values: Array) -> Array:
    """The mean [steps] over the series that have a value there."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, values, 0.0).sum(axis=0) / known.sum(axis=0))
