"""One column of the data contract: what it is for, and what it may hold."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..core.cells import Keys, Levels, Writing
from ..core.errors import InputError, nearest

TYPES = ("number", "integer", "boolean", "category", "datetime", "text")

#: The types whose cells are numbers once they are read.
NUMERIC = ("number", "integer", "boolean")
#: What tells rows or groups of them apart: read as the text that it is, or an exact whole number, never as a number.
KEYS = ("id", "group", "series")
#: Entries of a column that say how a source writes it, each a text.
_TEXTS = ("unit", "format", "zone", "note", "decimal", "thousands")
#: Marks that may stand between the digits of a number.
_MARKS = {"decimal": (".", ","), "thousands": ("", ",", ".", " ", "'", "_")}


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: what it is for, what it may hold.

    `minimum` and `maximum` are in the column's own `unit`. `categories` are written as text in the order they are
    encoded; for a target they are the labels, and in a binary task the last one is the positive class.
    A category column without `categories` is open: any text may come. `written_as_text` marks numbers that the source
    writes as text (blanks then read as missing), with `decimal` and `thousands` as marks where not as 1234.5, and with
    its `unit` before or behind. `format` (strptime) is how dates are written where not as ISO 8601; `zone`
    (Europe/Berlin, UTC, +02:00) makes them points in time, shown by the clocks there: without it they have none.
    `missing` are words for an empty cell, the contract's where none are given; a word that is a category is none.
    `monotone` (increasing, decreasing) is the only direction in which the column may move the prediction.
    `note` tells the reader why the proposal says what it says.
    """

    name: str
    role: str = "feature"
    type: str = "number"
    unit: str | None = None
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    written_as_text: bool = False
    decimal: str | None = None
    thousands: str | None = None
    format: str | None = None
    zone: str | None = None
    missing: tuple[str, ...] | None = None
    monotone: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        one_of(self.name, "type", self.type, TYPES)
        for fault in self._faults():
            raise InputError(f"contract: column {self.name!r} {fault}; edit the contract")
        if self.format is not None or self.zone is not None:
            self._check_dates()

    def _check_dates(self) -> None:
        """Refuse a format or a zone that no reader knows; what knows takes numpy, which this module does without."""
        from ..core import moments, zones

        if self.format is not None:
            moments.check(self.format, f"contract: column {self.name!r} has the format")
        if self.zone is not None:
            zones.named(self.zone)

    def _faults(self) -> Iterator[str]:
        """What is wrong with the entries as a reviewer may have typed them."""
        for entry in ("minimum", "maximum"):
            value = getattr(self, entry)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
                yield f"has {entry} {value!r}; expected a number"
            elif value is not None and not math.isfinite(value):
                yield f"has {entry} {value!r}; leave the entry out where there is no limit"
        for entry in ("nullable", "written_as_text"):
            if not isinstance(getattr(self, entry), bool):
                yield f"has {entry} {getattr(self, entry)!r}; expected true or false"
        for entry in _TEXTS:
            if not isinstance(getattr(self, entry), str | None):
                quotes = ": put it into quotes, such as '+02:00'" if entry == "zone" else ""
                yield f"has {entry} {getattr(self, entry)!r}; expected text{quotes}"
        for entry, marks in _MARKS.items():
            if getattr(self, entry) not in (None, *marks):
                yield f"has {entry} {getattr(self, entry)!r}; expected one of {' '.join(map(repr, marks))}"
        if self.thousands and self.thousands == (self.decimal or "."):
            yield f"has {self.thousands!r} as thousands and as decimal mark; give them different ones"
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            yield f"has minimum {self.minimum} above maximum {self.maximum}"
        repeated = [value for value, times in Counter(self.categories).items() if times > 1]
        if repeated:
            yield f"lists the category {repeated[0]!r} more than once"

    @property
    def is_key(self) -> bool:
        """Whether its cells are names of something, whatever they look like."""
        return self.role in KEYS

    @property
    def is_number(self) -> bool:
        """Whether its cells are read as numbers, truth values among them."""
        return self.type in NUMERIC and not self.is_key

    @cached_property
    def writing(self) -> Writing:
        """How the source writes numbers here, and what it writes where there are none."""
        return Writing(
            decimal=self.decimal or ".",
            thousands=self.thousands or "",
            unit=self.unit or "",
            missing=frozenset(self.missing or ()),
            whole=self.type == "integer",
        )

    @cached_property
    def levels(self) -> Levels:
        """Its categories, and which of them a cell is; any text is one where none are listed. A key is as it stands."""
        return Keys(self.type) if self.is_key else Levels(self.categories, self.missing or ())

    def to_dict(self) -> dict[str, Any]:
        """Return the entries that differ from their defaults (role and type always), without the name."""
        entries: dict[str, Any] = {"role": self.role, "type": self.type}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in ("name", "role", "type") and value != field.default:
                entries[field.name] = list(value) if isinstance(value, tuple) else value
        return entries


def one_of(column: str, entry: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise InputError where the entry of a column is none of those allowed."""
    if value not in allowed:
        raise InputError(
            f"contract: column {column!r} has {entry} {value!r}; "
            f"expected one of {', '.join(allowed)}{nearest(str(value), allowed)}"
        )
