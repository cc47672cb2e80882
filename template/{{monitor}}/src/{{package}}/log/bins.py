"""Values of columns in the bins of a bundle's reference.json, many at once: what the live counters are made of.

    bins = Bins({"inputs": {"tenure": {"kind": "number", "edges": [1.0, 6.0], …}, …}, …}, contract)
    bins.add([{"tenure": (3.0,), "Contract": ("Two year",)}, …], ["No", …])
    bins.totals["tenure"]      [0, 1, 0, 0]      below 1, 1..6, from 6 on, missing

A category has a bin for each of the most frequent names, one for all others that training had, one for what it had not,
and one for missing.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..contract.schema import MISSING_WORDS

if TYPE_CHECKING:
    from ..contract.schema import Column, Contract

#: Categories that have a bin of their own.
NAMED = 20
#: What predictions are called among the inputs; no column is called so.
PREDICTION = ""
MISSING, OTHER, UNSEEN = "missing", "other", "unseen"

Columns = Mapping[str, Sequence[Any]]
Counts = npt.NDArray[np.int64]


class Numeric:
    """A column of numbers or moments: a bin for each stretch between two edges, and one for missing."""

    ordered = True

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        self.moments = entry["kind"] == "datetime"
        self.column = column
        self.edges = np.array(entry["edges"], dtype=np.float64)
        shown = [_moment(edge) if self.moments else f"{edge:.6g}" for edge in entry["edges"]]
        between = [f"{low}..{high}" for low, high in itertools.pairwise(shown)]
        self.names = [f"below {shown[0]}", *between, f"from {shown[-1]}", MISSING] if shown else ["any", MISSING]
        known = float(entry["rows"]) * (1 - float(entry["missing"]))
        self.reference = [*entry["counts"], round(entry["rows"] - known)]

    def counts(self, values: Sequence[Any]) -> Counts:
        """How many values [n] are in each bin."""
        read = self._floats(values)
        places = np.searchsorted(self.edges, read, side="right")
        places[~np.isfinite(read)] = len(self.names) - 1
        return np.asarray(np.bincount(places, minlength=len(self.names)))

    def _floats(self, values: Sequence[Any]) -> npt.NDArray[np.float64]:
        if not self.moments:
            try:
                return np.array(values, dtype=np.float64)  # None is NaN
            except (TypeError, ValueError, OverflowError):
                return np.array([_number(value) for value in values])
        return np.array([self._seconds(value) for value in values], dtype=np.float64)

    def _seconds(self, value: Any) -> float:
        """A moment as seconds since 1970."""
        try:
            pattern = self.column.format if self.column is not None else None
            read = datetime.datetime.strptime(value, pattern) if pattern else datetime.datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return math.nan
        return (read if read.tzinfo else read.replace(tzinfo=datetime.UTC)).timestamp()


class Named:
    """A column of categories."""

    ordered = moments = False

    def __init__(self, entry: Mapping[str, Any], column: Column | None) -> None:
        named = list(entry["counts"])
        self.names = [*named[:NAMED], OTHER, UNSEEN, MISSING]
        listed = column.categories if column is not None else ()
        other = len(self.names) - 3
        # where training had more names than are listed anywhere, an unknown one may be one of those
        self._default = other if entry["other"] and not listed else other + 1
        self._places = dict.fromkeys((*named, *listed), other)
        self._places |= {name: place for place, name in enumerate(named[:NAMED])}
        counts = list(entry["counts"].values())
        missing = round(float(entry["rows"]) * float(entry["missing"]))
        self.reference = [*counts[:NAMED], sum(counts[NAMED:]) + entry["other"], 0, missing]

    def counts(self, values: Sequence[Any]) -> Counts:
        """How many values [n] are in each bin."""
        found = np.zeros(len(self.names), dtype=np.int64)
        for value, times in Counter(values).items():
            found[self._place(value)] += times
        return found

    def _place(self, value: Any) -> int:
        if value is None or value != value or (isinstance(value, str) and not value.strip()):
            return len(self.names) - 1
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return self._places.get(str(value), self._default)


class Bins:
    """The bins of every input and of the predictions, and how many values each has seen."""

    def __init__(self, reference: Mapping[str, Any], contract: Contract) -> None:
        columns = {column.name: column for column in contract.columns}
        entries = dict(reference.get("inputs", {}))
        if prediction := reference.get("predictions", {}).get("prediction"):
            entries[PREDICTION] = prediction
        self.columns: dict[str, Numeric | Named] = {
            name: (Named if entry["kind"] == "category" else Numeric)(entry, columns.get(name))
            for name, entry in entries.items()
        }
        self.totals = self.zeros()

    def zeros(self) -> dict[str, Counts]:
        """Counts of nothing."""
        return {name: np.zeros(len(column.names), dtype=np.int64) for name, column in self.columns.items()}

    def count(self, requests: Iterable[Columns], predictions: Sequence[Any]) -> dict[str, Counts]:
        """Add the values of some requests to the totals; return their counts alone."""
        requests = list(requests)
        fresh = {}
        for name, column in self.columns.items():
            values = predictions if name == PREDICTION else _gathered(requests, name)
            if values:
                fresh[name] = column.counts(values)
                self.totals[name] += fresh[name]
        return fresh


def _gathered(requests: Sequence[Columns], name: str) -> list[Any]:
    """The values of one column over requests; a column that may be left out is there in some of them."""
    try:
        return list(itertools.chain.from_iterable([columns[name] for columns in requests]))
    except KeyError:
        return [value for columns in requests if name in columns for value in columns[name]]


def _number(value: Any) -> float:
    """One number as a request may write it; NaN where it is missing, or none."""
    if isinstance(value, str) and value.strip().casefold() in MISSING_WORDS:
        return math.nan
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return float(value.strip().casefold() == "true")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _moment(seconds: float) -> str:
    at = datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
    return at.isoformat(timespec="seconds").removesuffix("T00:00:00")
