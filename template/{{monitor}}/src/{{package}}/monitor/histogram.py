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

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..contract.schema import Column

#: Unseen categories that are remembered by name, for the reader.
EXAMPLES = 3


class Numbers:
    """Numbers or moments by the reference's edges; `unseen` are those outside of them."""

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        import numpy as np

        self.entry = entry
        self.column = column
        self.edges = np.array(entry["edges"], dtype=np.float64)
        self.counts = np.zeros(len(self.edges) + 1, dtype=np.int64)
        self.missing = self.unseen = self.rows = 0
        self.lowest, self.highest = float("inf"), float("-inf")

    def add(self, cells: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Count cells [n] as JSON or a typed column holds them."""
        import numpy as np

        values = _floats(cells, self.entry["kind"], self.column)
        known = values[np.isfinite(values)]
        self.rows += len(values)
        self.missing += len(values) - len(known)
        if known.size and self.edges.size:
            places = np.searchsorted(self.edges, known, side="right")
            self.counts += np.bincount(places, minlength=len(self.counts))
            self.unseen += int(((known < self.edges[0]) | (known > self.edges[-1])).sum())
            self.lowest, self.highest = min(self.lowest, known.min()), max(self.highest, known.max())

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
        return f"from {self.lowest:g} to {self.highest:g}, in training {self.edges[0]:g} to {self.edges[-1]:g}"


class Categories:
    """Texts by the reference's names; all others share the last bin. `unseen` are those that training did not have,
    None where that cannot be told (more categories than are kept by name, and no list of them in the contract)."""

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        self.entry = entry
        self.names = list(entry["counts"])
        listed = column.categories if column is not None else ()
        self.known = {*self.names, *listed} if listed or not entry["other"] else None
        self.found: Counter[str] = Counter()
        self.missing = self.rows = 0
        self._unseen = self._other = 0
        self._examples: dict[str, None] = {}

    def add(self, cells: Sequence[Any] | npt.NDArray[Any]) -> None:
        """Count cells [n] as JSON or a typed column holds them."""
        from ..contract.columns import text

        self.rows += len(cells)
        for cell, times in Counter(cells).items():
            if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
                self.missing += times
                continue
            name = cell if isinstance(cell, str) else text(cell)
            if name in self.entry["counts"]:
                self.found[name] += times
                continue
            self._other += times
            if self.known is not None and name not in self.known:
                self._unseen += times
                if len(self._examples) < EXAMPLES:
                    self._examples[name[:40]] = None

    @property
    def shown(self) -> list[int]:
        """The counts by name, then of all others."""
        return [*(self.found[name] for name in self.names), self._other]

    @property
    def reference(self) -> list[int]:
        """The counts of the training rows in the same bins."""
        return [*self.entry["counts"].values(), self.entry["other"]]

    @property
    def unseen(self) -> int | None:
        """How many were of no category that training had."""
        return None if self.known is None else self._unseen

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
    import numpy as np

    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        return cells.astype(np.float64)
    if kind == "number":
        try:
            return np.array(cells, dtype=np.float64)  # None becomes NaN, "1.5" a number
        except (ValueError, TypeError, OverflowError):
            pass
    return _parsed(cells, kind, column)


def _parsed(cells: Sequence[Any] | npt.NDArray[Any], kind: str, column: Column | None) -> npt.NDArray[np.float64]:
    """The cells read as the contract reads them."""
    import numpy as np
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
            return (raw.booleans(series) if boolean else raw.numbers(series)).values
        moments = raw.moments(series, column.format if column is not None else None).values
    return np.where(np.isnat(moments), np.nan, moments.astype("M8[s]").astype(np.float64))
