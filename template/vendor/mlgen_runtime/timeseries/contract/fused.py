"""Whether rows that are taken for one series are several: moments that repeat or go back where a column changes.

product  month                two products, one after the other: grouped by `product`, no moment repeats and none
A        2015-01-01           goes back; as one series both happen
A        2015-02-01
B        2015-01-01
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...contract.view import View
from .stamped import stamps

Array = npt.NDArray[Any]
#: Rows that each value of a column has at least, on average: one that is different in every row tells no series apart.
FEWEST = 3


def explaining(times: Array, columns: Mapping[str, Array], codes: Array | None = None) -> tuple[str, ...]:
    """Return the columns (codes [n] each, in file order) of which one alone makes moments [n] go one way only.

    `codes` [n] are the series as they are now, None for a single one. Nothing is returned where all is well already.
    """
    known = ~np.isnat(times)
    stamps = times[known].astype("M8[s]").astype(np.int64)
    series = np.zeros(len(stamps), dtype=np.int64) if codes is None else codes[known]
    if not len(stamps) or _ordered(stamps, series):
        return ()
    found = []
    for name, values in columns.items():
        levels = np.unique(values[known])
        if 1 < len(levels) <= len(stamps) / FEWEST and not _of_calendar(times[known], values[known]):
            both = series * (int(values.max()) + 2) + values[known] + 1  # one number for the pair
            if _ordered(stamps, both):
                found.append(name)
    return tuple(found)


def stretched(columns: Mapping[str, Array], times: Array) -> tuple[str, ...]:
    """Return the columns (codes [n]) of which each value stands in one stretch of rows: they may name series."""
    found = []
    for name, values in columns.items():
        levels = len(np.unique(values))
        runs = 1 + int((np.diff(values) != 0).sum())
        if 1 < levels == runs and levels <= len(values) / FEWEST and not _of_calendar(times, values):
            found.append(name)
    return tuple(found)


def free(view: View, texts_only: bool = False) -> dict[str, Array]:
    """The columns that no role was given to, as codes [n] in file order: those that could name a series."""
    kinds = ("category", "text") if texts_only else ("category", "text", "integer", "boolean")
    held = [column for column in view.contract.with_role("ignore") if column.type in kinds]
    return {column.name: pd.factorize(view.frame[column.name])[0] for column in held if column.name in view.frame}


def explanation(view: View) -> tuple[str, ...]:
    """The free columns of which one alone puts the moments of every series in order; `View.once` asks for it."""
    if any(column.name not in view.typed for column in view.contract.with_role("series", "time")):
        return ()
    times = view.typed[view.contract.with_role("time")[0].name].to_numpy()
    return explaining(times, free(view), view.once(stamps).codes)


def _ordered(stamps: Array, codes: Array) -> bool:
    """Whether the moments of every series rise from row to row, or fall from row to row."""
    order = np.argsort(codes, kind="stable")
    steps = np.diff(stamps[order])[np.diff(codes[order]) == 0]
    return bool((steps > 0).all() or (steps < 0).all())


def _of_calendar(times: Array, values: Array) -> bool:
    """Whether a column is the year, the month or the quarter of the moment: that names no series."""
    months = times.astype("M8[M]").astype(np.int64)
    for part in (months // 12, months, months // 3, months % 12, months % 12 // 3):
        pairs = len(np.unique(part * (int(values.max()) + 2) + values + 1))
        if len(np.unique(part)) == len(np.unique(values)) == pairs > 1:
            return True
    return False
