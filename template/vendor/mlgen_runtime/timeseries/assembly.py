"""From rows to a panel: values by series and step are laid out right-aligned, each series to its own newest value.

Only numpy is needed, so the server assembles what a request holds with the same lines as training does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .panel import Key, Panel

Array = npt.NDArray[Any]


def arrange(
    keys: Sequence[Key],
    codes: Array,
    ordinals: Array,
    target: Array,
    past: Mapping[str, Array],
    known: Mapping[str, Array],
    static: Mapping[str, Array],
    categories: Mapping[str, tuple[str, ...]],
) -> Panel:
    """Lay out rows [n]: `codes` point into `keys`, `ordinals` are steps; values are float64 [n], NaN where unknown.

    A series ends with its newest value; what covariates are known of later steps becomes its future. Of two values of
    one step the later one counts.
    """
    series = len(keys)
    valued = ~np.isnan(target)
    low = np.iinfo(np.int64).min
    end = np.full(series, low)
    np.maximum.at(end, codes[valued], ordinals[valued])
    empty = end == low  # nothing but covariates: its history ends before the first of them
    first = np.full(series, np.iinfo(np.int64).max)
    np.minimum.at(first, codes, ordinals)
    end = np.where(empty, first - 1, end)
    last = end.copy()
    np.maximum.at(last, codes, ordinals)
    steps = max(1, int((end - first + 1).max(initial=1)))
    future = max(0, int((last - end).max(initial=0))) if known else 0
    column = steps - 1 - (end[codes] - ordinals)
    within = (column >= 0) & (column < steps)

    def history(values: Array) -> Array:
        laid = np.full((series, steps), np.nan)
        there = within & ~np.isnan(values)
        laid[codes[there], column[there]] = values[there]
        return laid

    def whole(values: Array) -> Array:
        laid = np.full((series, steps + future), np.nan)
        there = (column >= 0) & ~np.isnan(values)
        laid[codes[there], column[there]] = values[there]
        return laid

    def each(values: Array) -> Array:
        laid = np.full(series, np.nan)
        there = ~np.isnan(values)
        laid[codes[there]] = values[there]
        return laid

    return Panel(
        keys=tuple(keys),
        end=end,
        target=history(target),
        past={name: history(values) for name, values in past.items()},
        known={name: whole(values) for name, values in known.items()},
        static={name: each(values) for name, values in static.items()},
        categories=dict(categories),
    )


def coded(cells: Sequence[object] | Array, levels: Sequence[str]) -> Array:
    """Codes [n] of category cells as float64; NaN for a missing or unknown one."""
    position: dict[object, float] = {level: float(code) for code, level in enumerate(levels)}
    return np.array([position.get(cell, np.nan) for cell in cells], dtype=np.float64)
