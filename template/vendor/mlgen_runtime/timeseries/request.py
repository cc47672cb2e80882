"""The rows that come with a request for forecasts: which series they name, and what is new of each.

    gather({"shop": ["A", "A"], "day": ["2024-03-01", None], "sold": [12, None]}, contract, frequency, {})

Cells are as JSON or a conformed table holds them. What cannot be read is refused with its column and row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract.schema import Column, Contract
from ..core import cells
from ..core.cells import Unreadable
from ..core.errors import InputError
from ..core.moments import Unread, expected, written
from .assembly import arrange, coded
from .frequency import Frequency
from .moment import moment
from .panel import Key, Panel

Array = npt.NDArray[Any]
Columns = Mapping[str, Sequence[object] | Array]
GROUPS = (("past", "past"), ("known", "known_future"), ("static", "static"))
#: Cells that a panel may have beyond SPARSE for each row: a moment of another century must not fill the memory.
ROOM, SPARSE = 2_000_000, 50


@dataclass(frozen=True, eq=False)
class Request:
    """Rows with a moment, by series and step; `keys` are all series named, in the order of their first row.

    `codes` [n] point into `keys`; `values` is column to float64 [n], NaN where nothing is said.
    """

    frequency: Frequency
    keys: tuple[Key, ...]
    codes: Array
    ordinals: Array
    target: Array
    past: Mapping[str, Array]
    known: Mapping[str, Array]
    static: Mapping[str, Array]

    @property
    def rows(self) -> int:
        """The number of rows that bring something."""
        return len(self.codes)

    def over(self, stored: Panel, asked: Sequence[Key]) -> Panel:
        """The panel of the series `asked`, with these rows laid over the histories that are `stored`.

        Raises InputError where rows lie so far apart that hardly anything would be between them.
        """
        position = {key: code for code, key in enumerate(asked)}
        own = np.array([position[key] for key in self.keys], dtype=np.int64)
        codes = own[self.codes] if len(own) else self.codes
        kept = np.array([position[key] for key in stored.keys], dtype=np.int64)
        future = stored.future
        width = stored.steps + future
        ordinals = stored.end[:, None] + np.arange(1 - stored.steps, future + 1)[None, :]

        def joined(values: Array | None, added: Array) -> Array:
            laid = np.full((stored.series, width), np.nan)
            if values is not None:
                laid[:, : min(width, values.shape[1])] = values[:, :width]
            return np.concatenate([laid.ravel(), added])

        def constant(values: Array | None, added: Array) -> Array:
            each = np.full(stored.series, np.nan) if values is None else values
            return np.concatenate([np.repeat(each, width), added])

        places = np.concatenate([np.repeat(kept, width), codes])
        steps = np.concatenate([ordinals.ravel(), self.ordinals])
        _near(asked, places, steps, self.frequency)
        return arrange(
            asked,
            places,
            steps,
            joined(stored.target, self.target),
            {name: joined(stored.past.get(name), values) for name, values in self.past.items()},
            {name: joined(stored.known.get(name), values) for name, values in self.known.items()},
            {name: constant(stored.static.get(name), values) for name, values in self.static.items()},
            stored.categories,
        )


def gather(
    columns: Columns, contract: Contract, frequency: Frequency, categories: Mapping[str, tuple[str, ...]]
) -> Request:
    """Read raw columns [n]; columns that are not there say nothing.

    Raises InputError for a cell that cannot be read, a row without its series, a moment off the grid or doubled.
    """
    rows = max((len(values) for values in columns.values()), default=0)
    names = [column.name for column in contract.with_role("series")]
    listed = [_texts(columns[column.name], column) for column in contract.with_role("series")] if rows else []
    rows_of = list(zip(*listed, strict=True)) if names else [()] * rows
    keys: dict[Key, int] = {}
    codes = np.array([keys.setdefault(key, len(keys)) for key in rows_of], dtype=np.int64)
    time = contract.with_role("time")[0]
    stamps = _stamps(columns[time.name], time) if time.name in columns else np.full(rows, np.datetime64("NaT", "ns"))
    timed = ~np.isnat(stamps)
    ordinals = _ordinals(stamps[timed], frequency, time.name)
    _single(codes[timed], ordinals, tuple(keys), frequency)

    def read(column: Column) -> Array:
        if column.name not in columns:
            return np.full(int(timed.sum()), np.nan)
        given = columns[column.name]
        if column.type == "category":
            found = coded(_texts(given, column, True), categories.get(column.name, ()))
        else:
            found = _numbers(given, column)
        return found.astype(np.float64)[timed]

    groups = {group: {column.name: read(column) for column in contract.with_role(role)} for group, role in GROUPS}
    return Request(frequency, tuple(keys), codes[timed], ordinals, read(contract.target), **groups)


def _ordinals(stamps: Array, frequency: Frequency, name: str) -> Array:
    ordinals, fits = frequency.ordinals(stamps)
    if not fits.all():
        at = int((~fits).argmax())
        wrong = written(stamps[at][None], frequency.zone)[0]
        raise InputError(
            f"{name} holds {wrong}, which is not on the grid of the frequency {frequency.name}; send moments such as "
            f"{frequency.written(ordinals[at][None])[0]}"
        )
    return ordinals


def _single(codes: Array, ordinals: Array, keys: tuple[Key, ...], frequency: Frequency) -> None:
    """Refuse two rows of one step."""
    pairs = np.stack([codes, ordinals], axis=1)
    unique, counts = np.unique(pairs, axis=0, return_counts=True)
    if (counts > 1).any():
        code, ordinal = unique[int((counts > 1).argmax())]
        when = frequency.written(np.array([ordinal]))[0]
        label = " / ".join(keys[code]) or "the series"
        raise InputError(f"{label} has {int(counts.max())} rows for {when}; send one row a moment")


def _near(keys: Sequence[Key], codes: Array, ordinals: Array, frequency: Frequency) -> None:
    """Refuse rows [n] of which one lies so far from the others that the series would be all gap."""
    edges = np.iinfo(np.int64)
    first, last = np.full(len(keys), edges.max), np.full(len(keys), edges.min)
    np.minimum.at(first, codes, ordinals)
    np.maximum.at(last, codes, ordinals)
    spans = np.where(last >= first, last - first + 1, 0)
    widest = int(spans.argmax())
    if int(spans[widest]) * len(keys) > ROOM + SPARSE * len(codes):
        low, high = frequency.written(np.array([first[widest], last[widest]]))
        raise InputError(
            f"{' / '.join(keys[widest]) or 'the series'} has rows from {low} to {high}, {spans[widest]:,} steps of "
            f"{frequency.name} of which most are empty; send rows that lie closer together"
        )


def _texts(given: Sequence[object] | Array, column: Column, optional: bool = False) -> list[str]:
    """Cells as the category or the series that they are; refuses a missing one, or leaves it empty."""
    found = []
    for row, cell in enumerate(given):
        try:
            text = column.levels.read(cell)
        except Unreadable:
            raise _refusal(cell, row, column, "a text") from None
        if text is None and not optional:
            raise InputError(f"{column.name} is empty in row {row + 1}; each row must name its series")
        found.append(text or "")
    return found


def _numbers(given: Sequence[object] | Array, column: Column) -> Array:
    """Cells as float64, NaN where missing; refuses what is no number."""
    if isinstance(given, np.ndarray) and given.dtype.kind in "fiu" and not column.writing.sentinels:
        return given.astype(np.float64)
    return np.array([_number(cell, row, column) for row, cell in enumerate(given)], dtype=np.float64)


def _number(cell: Any, row: int, column: Column) -> float:
    try:
        if column.type == "boolean":
            return cells.boolean(cell, column.missing or ())
        return cells.number(cell, column.writing)
    except Unreadable:
        raise _refusal(cell, row, column, "true or false" if column.type == "boolean" else "a number") from None


def _refusal(cell: Any, row: int, column: Column, expected: str) -> InputError:
    return InputError(f"column {column.name!r} holds {cells.shown(cell)} in row {row + 1}, expected {expected}")


def _stamps(given: Sequence[object] | Array, column: Column) -> Array:
    """Cells as datetime64[ns] in UTC, NaT where missing; refuses what is no moment."""
    if isinstance(given, np.ndarray) and given.dtype.kind == "M":
        return given.astype("M8[ns]")
    found = np.full(len(given), np.datetime64("NaT", "ns"))
    for row, cell in enumerate(given):
        if cells.is_missing(cell) or (isinstance(cell, str) and cells.says_none(cell, column.missing or ())):
            continue
        try:
            found[row] = moment(cell, column)
        except Unread as why:
            raise InputError(
                f"column {column.name!r} holds {cell!r} in row {row + 1}{f' ({why})' if str(why) else ''}, expected "
                f"{expected(column.format, column.zone)}"
            ) from None
    return found
