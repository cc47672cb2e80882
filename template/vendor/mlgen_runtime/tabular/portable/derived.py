"""The features that are derived from rows, for reader.py, beside which this file lies, with evaluation.py.

preprocessing.json says how the columns behind them are read (`sources`) and what is computed (`derived`).
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

if __package__:
    from ...core import cells
    from ...expression.evaluation import NONE, evaluate
    from .moments import stamp
else:  # copied: what lies beside this file
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    cells = import_module("cells")
    stamp = import_module("moments").stamp
    _evaluation = import_module("evaluation")
    NONE, evaluate = _evaluation.NONE, _evaluation.evaluate

Row = dict[str, Any]
MINUTE = 60_000_000  # microseconds


class Derivation:
    """What is derived. `refuse` makes the error of a row (its number, column, cell, and what was expected); `optional`
    are columns that a row may do without."""

    def __init__(self, tables: dict[str, Any], optional: set[str], refuse: Callable[..., Exception]) -> None:
        self.steps, self.optional, self.refuse = tables["derived"], optional, refuse
        self.sources = {entry["column"]: entry for entry in tables["sources"]}
        self.columns = list(self.sources)
        self._readers = {name: _reader(entry) for name, entry in self.sources.items()}

    def added(self, rows: Sequence[Row], start: int, now: int | None) -> list[Row]:
        """The rows with their features beside their columns; `now` is in microseconds since 1970, None by the clock."""
        whole = [self._spread(row) for row in rows]
        for number, row in enumerate(whole, start):
            if lacking := [name for name in self.columns if name not in row and name not in self.optional]:
                raise self.refuse(number, lacking)
        moment = time.time_ns() // 1000 // MINUTE * MINUTE if now is None else now
        held = {name: self._read(whole, start, name) for name in self.columns}
        for step in self.steps:
            held[step["name"]] = evaluate(step["tree"], held, len(whole), moment)
        found = {step["name"]: _cells(held[step["name"]], step["type"]) for step in self.steps}
        return [{**row, **{name: values[at] for name, values in found.items()}} for at, row in enumerate(whole)]

    def _spread(self, row: Row) -> Row:
        """A row with what is in its objects beside them, where none of these is a column."""
        nested = dict in map(type, row.values()) and not any(type(row.get(name)) is dict for name in self.columns)
        return cells.spread(row) if nested else row

    def _read(self, rows: list[Row], start: int, name: str) -> Any:
        kind = self.sources[name]["kind"]
        read, expected = self._readers[name]
        held: Any = np.empty(len(rows), {"category": object, "datetime": np.int64}.get(kind, np.float64))
        for at, row in enumerate(rows):
            try:
                held[at] = read(row.get(name))
            except (TypeError, ValueError, AttributeError, OverflowError):
                raise self.refuse(start + at, name, row.get(name), expected) from None
        return held


def _reader(entry: dict[str, Any]) -> tuple[Callable[[Any], Any], str]:
    """What reads a cell behind features, and what it expects, in words."""
    words = frozenset(entry["words"])
    writing = cells.Writing(missing=words, **{key: entry[key] for key in ("decimal", "thousands", "unit", "whole")})
    known, format, zone = cells.Levels(entry["levels"], words), entry["format"], entry["zone"]

    def moment(cell: Any) -> int:
        if cells.is_missing(cell) or (isinstance(cell, str) and cells.says_none(cell, words)):
            return NONE
        found = stamp(cell, format, zone)
        return NONE if found is None else found

    readers: dict[str, tuple[Callable[[Any], Any], str]] = {
        "number": (
            lambda cell: cells.number(cell, writing),
            f"a {'whole ' if entry['whole'] else ''}number that fits a 32-bit float",
        ),
        "boolean": (lambda cell: cells.boolean(cell, words), "true or false"),
        "category": (known.read, "a text or a number"),
        "datetime": (moment, f"a date like {format or '2024-01-31T12:00:00'}"),
    }
    return readers[entry["kind"]]


def _cells(values: Any, kind: str) -> list[Any]:
    """Values as cells of a row; a number that fits no 32-bit float is missing."""
    if kind == "moment":
        return [None if value == NONE else np.datetime64(value, "us") for value in values.tolist()]
    if kind in ("category", "text"):
        return list(values)
    return [value if abs(value) <= cells.LARGEST else math.nan for value in values.tolist()]
