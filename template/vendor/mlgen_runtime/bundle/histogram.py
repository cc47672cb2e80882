"""The bins of a bundle's reference.json: in which of them a value falls, a whole column, or many columns at once.

    NumberBins([1.0, 6.0]).counts(np.array([0.5, 3.0, 7.0]))   [1, 1, 1]: below 1, from 1 to below 6, from 6 on
    CategoryBins(entry).place("basic")                         the place of a name, of all others, or of what is new

Training makes a reference with them, monitoring and the live counters of a service count what comes in. A value that
is equal to an edge belongs to the bin above it. Servers import this module: it needs numpy and no more.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.cells import Levels, Unreadable

Values = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class NumberBins:
    """Bins of numbers, or of moments in seconds: one below the first edge, one from each edge to the next one, and one
    from the last edge on."""

    def __init__(self, edges: Sequence[float] | Values) -> None:
        self.edges: Values = np.asarray(edges, dtype=np.float64)

    def __len__(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1

    @property
    def names(self) -> list[str]:
        """What the bins are called: `below 1`, `1..6`, `from 6`; `any` where there is one alone."""
        shown = [f"{edge:.6g}" for edge in self.edges.tolist()]
        between = [f"{low}..{high}" for low, high in itertools.pairwise(shown)]
        return [f"below {shown[0]}", *between, f"from {shown[-1]}"] if shown else ["any"]

    def counts(self, values: Values, times: npt.ArrayLike | None = None) -> Counts:
        """How many of finite numbers [n] are in each bin; `times` [n] is how often each came (None: once)."""
        places = np.searchsorted(self.edges, values, side="right")
        found = np.bincount(places, weights=times, minlength=len(self))
        return found.astype(np.int64, copy=False)


class NumberTable:
    """The bins of several columns of numbers, which are counted together: one pass over the edges for all of them."""

    def __init__(self, columns: Sequence[NumberBins]) -> None:
        self.columns = tuple(columns)
        widest = max((len(bins) - 1 for bins in columns), default=0)
        padded = [[*bins.edges.tolist(), *[math.inf] * (widest + 1 - len(bins))] for bins in columns]
        self._edges = np.array(padded, dtype=np.float64).reshape(len(columns), widest).T
        # the counts of all columns lie in one array: each has as many places as the widest, and one for missing
        self._width = widest + 2
        self._first = np.arange(len(columns)) * self._width
        self._missing = np.array([len(bins) for bins in columns], dtype=np.int64)

    def counts(self, values: Values) -> list[Counts]:
        """The counts of each column of values [rows, columns]: its bins, and then what is missing or not finite."""
        places = np.zeros(values.shape, dtype=np.int64)
        for edges in self._edges:
            places += values >= edges
        known = np.isfinite(values)
        if not known.all():
            places = np.where(known, places, self._missing)
        counts = np.bincount((places + self._first).ravel(), minlength=self._width * len(self.columns))
        rows = counts.reshape(-1, self._width)
        return [row[: len(bins) + 1] for bins, row in zip(self.columns, rows, strict=True)]


class CategoryBins:
    """Bins of categories: one for each of the names that the reference keeps (or the most frequent `most` of them), one
    for all other names that training had, and one for what it had not.

    `listed` are the categories of the contract, `missing` its words for an empty cell. Where training had more names
    than are kept, and none are listed, a strange one may have been among them: nothing is called new (`tells_new`).
    """

    def __init__(
        self,
        entry: Mapping[str, Any],
        listed: Iterable[str] = (),
        missing: Collection[str] = (),
        most: int | None = None,
    ) -> None:
        kept: dict[str, int] = entry["counts"]
        self.names: list[str] = list(kept)[:most]
        self.other, self.new = len(self.names), len(self.names) + 1
        listed = tuple(listed)
        self.tells_new = bool(listed) or not entry["other"]
        self._strange = self.new if self.tells_new else self.other
        self._places = dict.fromkeys((*kept, *listed), self.other)
        self._places |= {name: place for place, name in enumerate(self.names)}
        self._levels = Levels(self._places, missing)

    def __len__(self) -> int:
        """How many bins there are."""
        return len(self.names) + 2

    def name(self, cell: Any) -> str | None:
        """The category that a cell is, as the contract writes it; None where it is missing."""
        try:
            return self._levels.read(cell)
        except Unreadable:  # a list, which no contract lets in: it is strange
            return str(cell)

    def place(self, name: str) -> int:
        """The bin of a category."""
        return self._places.get(name, self._strange)

    def reference(self, entry: Mapping[str, Any]) -> list[int]:
        """The counts of the training rows by bin."""
        counts = list(entry["counts"].values())
        return [*counts[: self.other], sum(counts[self.other :]) + entry["other"], 0]
