"""Values of columns in the bins of a bundle's reference.json: what the live counters are made of.

    bins = Bins({"inputs": {"tenure": {"kind": "number", "edges": [1.0, 6.0], …}, …}, …}, contract)
    bins.add({"tenure": (3.0,), "Contract": ("Two year",)}, {"No": 1})
    bins.fold()["tenure"]      [0, 1, 0, 0]      below 1, 1..6, from 6 on, missing

A category has a bin for each of the most frequent names, one for all others that training had, one for what it had not,
and one for missing. Moments are not counted: time goes on, and that is no drift.

`add` is in the path of a request. It copies numbers into a matrix and counts texts by themselves; `fold`, every so many
rows, finds the bins of all of them at once. Nothing of a request is held on to: memory that goes round is in no cache.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..bundle.histogram import CategoryBins, Counts, NumberBins, NumberTable
from ..core import cells
from ..core.cells import PLAIN, Unreadable

if TYPE_CHECKING:
    from ..contract.schema import Column, Contract

#: Categories that have a bin of their own.
NAMED = 20
#: What predictions are called among the inputs; no column is called so.
PREDICTION = ""
MISSING, OTHER, UNSEEN = "missing", "other", "unseen"
#: Rows of numbers that wait to be counted.
ROOM = 256
#: Rows of one request that are counted at most: of more, every second, third, … is.
MOST = 1_000

Columns = Mapping[str, Sequence[Any]]


class Numeric:
    """A column of numbers: the bins between the edges of training, and one for missing."""

    ordered = True

    def read(self, value: Any) -> float:
        """One number as a request may write it; NaN where it is missing, or none."""
        try:
            return cells.boolean(value) if self.boolean else cells.number(value, self.writing)
        except Unreadable:
            return math.nan

    @property
    def as_it_is(self) -> bool:
        """Whether what looks like a number is that number."""
        return self.writing.plain and not self.writing.sentinels

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        self.bins = NumberBins(entry["edges"])
        self.writing = column.writing if column is not None else PLAIN
        self.boolean = column is not None and column.type == "boolean"
        self.names = [*self.bins.names, MISSING]
        self.reference: list[int] = [*entry["counts"], _missing(entry)]


class Named:
    """A column of categories."""

    ordered = False

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        listed, words = (column.categories, column.missing or ()) if column is not None else ((), ())
        self.bins = CategoryBins(entry, listed, words, most=NAMED)
        self.names = [*self.bins.names, OTHER, UNSEEN, MISSING]
        self.reference: list[int] = [*self.bins.reference(entry), _missing(entry)]

    def counts(self, values: Mapping[Any, int]) -> Counts:
        """How many of the values, each with how often it came, are in each bin."""
        found = [0] * len(self.names)
        for value, times in values.items():
            name = self.bins.name(value)
            found[-1 if name is None else self.bins.place(name)] += times
        return np.array(found, dtype=np.int64)


class Bins:
    """The bins of every input and of the predictions, and how many values each has seen since the last `fold`."""

    def __init__(self, reference: Mapping[str, Any], contract: Contract) -> None:
        columns = {column.name: column for column in contract.columns}
        derived = {feature.name for feature in contract.features}  # no request brings them: `monitor` derives them
        entries = {name: entry for name, entry in reference.get("inputs", {}).items() if name not in derived}
        if prediction := reference.get("predictions", {}).get("prediction"):
            entries[PREDICTION] = prediction
        self.columns: dict[str, Numeric | Named] = {
            name: (Named if entry["kind"] == "category" else Numeric)(entry, columns.get(name))
            for name, entry in entries.items()
            if entry["kind"] != "datetime"
        }
        self._predictions: Counter[str | int] = Counter()
        self._rows = 0
        self._matrix: npt.NDArray[np.float64] = np.empty((0, 0))
        self._arrange([name for name in self.columns if name != PREDICTION])

    def zeros(self) -> dict[str, Counts]:
        """Counts of nothing."""
        return {name: np.zeros(len(column.names), dtype=np.int64) for name, column in self.columns.items()}

    def add(self, columns: Columns, predictions: Mapping[str | int, int]) -> bool:
        """Add the rows of a request, and how many predictions were of each class (by its label) or in each bin (by its
        place), as the service has counted them; return whether it is time to `fold`."""
        for key, count in predictions.items():
            self._predictions[key] += count
        try:
            return self._add(columns)
        except KeyError:  # what a reference has and no request brings is not counted
            self._arrange([name for name in (*self._numbers, *self._texts) if name in columns])
            return self._add(columns)

    def fold(self) -> dict[str, Counts]:
        """Return how many values of what was added are in each bin, and begin anew."""
        found = self._folded() if self._rows else {}
        for name, values in self._texts.items():
            if values:
                found[name] = self._named(name).counts(values)
                values.clear()
        if self._predictions and (column := self.columns.get(PREDICTION)) is not None:
            found[PREDICTION] = np.zeros(len(column.names), dtype=np.int64)
            for key, count in self._predictions.items():
                found[PREDICTION][key if isinstance(key, int) else self._named(PREDICTION).bins.place(key)] += count
        self._predictions.clear()
        return found

    def _add(self, columns: Columns) -> bool:
        values = self._take(columns)
        texts = [columns[name] for name in self._texts]
        rows = len(values[0] if values else texts[0] if texts else ())
        if rows != 1:
            step = max(1, -(-rows // MOST))
            texts = [column[::step] for column in texts]
            self._add_many([column[::step] for column in values], -(-rows // step))
        else:
            row = [value[0] for value in values]
            for place in self._marked:
                row[place] = self._readers[place](row[place])
            try:
                self._matrix[self._rows] = row  # None becomes NaN
            except (TypeError, ValueError, OverflowError):
                self._matrix[self._rows] = [read(value) for read, value in zip(self._readers, row, strict=True)]
            self._rows += 1
        for counts, column in zip(self._texts.values(), texts, strict=True):
            for value in column:
                counts[value] = counts.get(value, 0) + 1
        return self._rows >= ROOM

    def _add_many(self, values: Sequence[Sequence[Any]], rows: int) -> None:
        """Add the numbers of several rows; the matrix grows for them, until it is folded."""
        block = np.array([self._floats(*entry) for entry in enumerate(values)]).T.reshape(rows, len(values))
        self._matrix = np.concatenate([self._matrix[: self._rows], block, np.empty((ROOM, len(values)))])
        self._rows += rows

    def _floats(self, place: int, values: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Numbers as a request may write them."""
        if place not in self._marked:
            try:
                return np.array(values, dtype=np.float64)
            except (TypeError, ValueError, OverflowError):
                pass
        return np.array([self._readers[place](value) for value in values])

    def _arrange(self, names: Sequence[str]) -> None:
        """Set up what counts columns with these names."""
        self._numbers = [name for name in names if isinstance(self.columns[name], Numeric)]
        self._texts: dict[str, dict[Any, int]] = {name: {} for name in names if name not in self._numbers}
        self._take = _taker(self._numbers)
        self._readers = [self._numeric(name).read for name in self._numbers]
        self._marked = [place for place, name in enumerate(self._numbers) if not self._numeric(name).as_it_is]
        self._clear()
        self._table = NumberTable([self._numeric(name).bins for name in self._numbers])

    def _folded(self) -> dict[str, Counts]:
        """The counts of the numbers in the matrix."""
        if not self._numbers:
            self._rows = 0
            return {}
        counts = self._table.counts(self._matrix[: self._rows])
        self._clear()
        return dict(zip(self._numbers, counts, strict=True))

    def _clear(self) -> None:
        """Begin a new matrix."""
        self._matrix = np.empty((ROOM, len(self._numbers)))
        self._rows = 0

    def _named(self, name: str) -> Named:
        column = self.columns[name]
        assert isinstance(column, Named)
        return column

    def _numeric(self, name: str) -> Numeric:
        column = self.columns[name]
        assert isinstance(column, Numeric)
        return column


def _taker(names: Sequence[str]) -> Callable[[Columns], Sequence[Sequence[Any]]]:
    """What takes these columns of a request."""
    return operator.itemgetter(*names) if len(names) > 1 else lambda columns: tuple(columns[name] for name in names)


def _missing(entry: Mapping[str, Any]) -> int:
    """How many of the training values were missing."""
    return round(float(entry["rows"]) * float(entry["missing"]))
