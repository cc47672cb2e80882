"""Counting values in the bins of the training data, a batch at a time: what drift is read from.

    tally = tally_for({"kind": "number", "edges": [1.0, 6.0], …}, column)
    tally.add([3.0, None, "7"])
    tally.shown, tally.missing, tally.unseen          [0, 1, 1], 1, 1

However many rows come, one column needs no more memory than its bins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..bundle.histogram import CategoryBins, NumberBins
from ..core.figures import figure

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..contract.schema import Column

#: Unseen categories that are remembered by name, for the reader.
EXAMPLES = 3


class Numbers:
    """Numbers or moments by the reference's edges; `unseen` are those outside of them."""

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        self.entry = entry
        self.column = column
        self.bins = NumberBins(entry["edges"])
        self.counts = np.zeros(len(self.bins), dtype=np.int64)
        self.missing = self.unseen = self.rows = 0
        self.lowest, self.highest = float("inf"), float("-inf")

    def add(self, cells: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Count cells [n] as JSON or a typed column holds them."""
        values = _floats(cells, self.entry["kind"], self.column)
        known = values[np.isfinite(values)]
        self.rows += len(values)
        self.missing += len(values) - len(known)
        if known.size and self.edges.size:
            self.counts += self.bins.counts(known)
            self.unseen += int(((known < self.edges[0]) | (known > self.edges[-1])).sum())
            self.lowest, self.highest = min(self.lowest, known.min()), max(self.highest, known.max())

    def merge(self, other: Numbers) -> None:
        """Count what another tally in the same bins has counted."""
        self.counts += other.counts
        self.missing, self.unseen, self.rows = (
            self.missing + other.missing,
            self.unseen + other.unseen,
            self.rows + other.rows,
        )
        self.lowest, self.highest = min(self.lowest, other.lowest), max(self.highest, other.highest)

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """Where one bin ends and the next begins."""
        return self.bins.edges

    @property
    def shown(self) -> list[int]:
        """The counts as plain numbers."""
        return [int(count) for count in self.counts]

    @property
    def reference(self) -> list[int]:
        """The counts of the training rows in the same bins."""
        return list(self.entry["counts"])

    @property
    def examples(self) -> str:
        """What was outside, in words."""
        found, known = (self.lowest, self.highest), (self.edges[0], self.edges[-1])
        low, high, least, most = (figure(value, 6) for value in (*found, *known))
        return f"from {low} to {high}, in training {least} to {most}"


class Categories:
    """Texts by the reference's names; all others share the last bin. `unseen` are those that training did not have,
    None where that cannot be told (more categories than are kept by name, and no list of them in the contract)."""

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        self.entry = entry
        self.bins = CategoryBins(entry, *((column.categories, column.missing or ()) if column is not None else ()))
        self.missing = self.rows = 0
        self._counts = [0] * len(self.bins)
        self._examples: dict[str, None] = {}

    def add(self, cells: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Count cells [n] as JSON or a typed column holds them."""
        self.rows += len(cells)
        for cell, times in Counter(cells).items():
            name = self.bins.name(cell)
            if name is None:
                self.missing += times
                continue
            place = self.bins.place(name)
            self._counts[place] += times
            if place == self.bins.new and len(self._examples) < EXAMPLES:
                self._examples[name[:40]] = None

    def merge(self, other: Categories) -> None:
        """Count what another tally in the same bins has counted."""
        self._counts = [mine + more for mine, more in zip(self._counts, other._counts, strict=True)]
        self.missing, self.rows = self.missing + other.missing, self.rows + other.rows
        self._examples = dict.fromkeys([*self._examples, *other._examples][:EXAMPLES])

    @property
    def names(self) -> list[str]:
        """The categories that have a bin of their own."""
        return self.bins.names

    @property
    def shown(self) -> list[int]:
        """The counts by name, then of all others."""
        *named, other, new = self._counts
        return [*named, other + new]

    @property
    def reference(self) -> list[int]:
        """The counts of the training rows in the same bins."""
        return self.bins.reference(self.entry)[:-1]

    @property
    def unseen(self) -> int | None:
        """How many were of no category that training had."""
        return self._counts[self.bins.new] if self.bins.tells_new else None

    @property
    def examples(self) -> str:
        """What was unseen, in words."""
        return f"such as {', '.join(map(repr, self._examples))}"


Tally = Numbers | Categories


def tally_for(entry: Mapping[str, Any], column: Column | None = None) -> Tally:
    """The tally of one column of reference.json; `column` is the contract's, where it has one."""
    return Categories(entry, column) if entry["kind"] == "category" else Numbers(entry, column)


def _floats(cells: Sequence[Any] | npt.NDArray[Any], kind: str, column: Column | None) -> npt.NDArray[np.float64]:
    """The cells as float64, moments in seconds; NaN for what is missing or cannot be read."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        return cells.astype(np.float64)
    if kind == "number" and (column is None or _is_plain(column)):
        try:
            return np.array(cells, dtype=np.float64)  # None becomes NaN, "1.5" a number
        except (ValueError, TypeError, OverflowError):
            pass
    return _parsed(cells, kind, column)


def _is_plain(column: Column) -> bool:
    """Whether numbers are written as programs write them, and every one of them is a number."""
    return column.writing.plain and not column.writing.sentinels


def _parsed(cells: Sequence[Any] | npt.NDArray[Any], kind: str, column: Column | None) -> npt.NDArray[np.float64]:
    """The cells read as the contract reads them."""
    import pandas as pd

    from ..contract import columns as raw

    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        moments = cells
    else:
        plain = [cell if isinstance(cell, str | int | float) or cell is None else str(cell) for cell in cells]
        texts = all(cell is None or isinstance(cell, str) for cell in plain)
        series = pd.Series(plain, dtype="str" if texts else object)
        if kind == "number":
            boolean = column is not None and column.type == "boolean"
            if boolean or column is None:
                return (raw.booleans(series) if boolean else raw.numbers(series)).values
            found = raw.numbers(series, column.writing).values
            return np.where(np.isfinite(found), found, np.nan)
        told = (column.format, column.zone, column.missing or ()) if column is not None else (None, None, ())
        moments = raw.moments(series, *told).values
    return np.where(np.isnat(moments), np.nan, moments.astype("M8[s]").astype(np.float64))
