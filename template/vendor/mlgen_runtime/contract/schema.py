"""The shape of the data contract, with no dependency beyond the standard library.

The contract is reviewed as YAML (`data/contract.yaml`, read and written by `contract.file`) and travels in every bundle
as JSON. The server reads it there, so this module imports neither pandas nor YAML. One real column of the YAML:

    tenure:
      role: feature
      type: integer
      unit: months
      minimum: 0
      maximum: 72
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.cells import Keys, Levels, Writing
from ..core.errors import InputError, nearest
from . import constraints
from .forecast import Forecast
from .vocabulary import Vocabulary

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
        _one_of(self.name, "type", self.type, TYPES)
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


@dataclass(frozen=True, kw_only=True)
class Contract:
    """All columns in file order, the task they are for, and the source they were inferred from.

    `forecast` stands in the contract of time series only. The vocabulary is the use case's; it is written nowhere.
    `missing` are the words for an empty cell in every column that names none of its own; of `interactions`, see
    `constraints`.
    """

    task: str
    columns: tuple[Column, ...]
    vocabulary: Vocabulary = dataclasses.field(repr=False)
    source: str | None = None
    forecast: Forecast | None = None
    missing: tuple[str, ...] = ()
    interactions: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if any(column.missing is None for column in self.columns):
            told = (c if c.missing is not None else dataclasses.replace(c, missing=self.missing) for c in self.columns)
            object.__setattr__(self, "columns", tuple(told))
        tasks = self.vocabulary.tasks
        if self.task not in tasks:
            raise InputError(
                f"contract: task is {self.task!r}; expected one of {', '.join(tasks)}{nearest(str(self.task), tasks)}"
            )
        for column in self.columns:
            _one_of(column.name, "role", column.role, self.vocabulary.roles)
        constraints.check(self)

    @property
    def target(self) -> Column:
        """The one column with the role target. Raises InputError where there is none or more than one."""
        found = self.with_role("target")
        if len(found) != 1:
            names = ", ".join(column.name for column in found) or "none"
            raise InputError(f"contract: exactly one column needs the role target, found {names}; edit the contract")
        return found[0]

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns the model sees, in file order."""
        return self.with_role(*self.vocabulary.input_roles)

    @property
    def is_amount(self) -> bool:
        """Whether the target is an amount rather than a class."""
        return self.task in self.vocabulary.amounts

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The class labels as text, in encoded order (the last is positive in a binary task); empty for an amount."""
        return () if self.is_amount else self.target.categories

    @property
    def label_values(self) -> tuple[str | int | bool, ...]:
        """The labels as users write them: whole numbers for an integer target, booleans for a boolean one."""
        kind = self.target.type
        if kind == "integer":
            return tuple(int(label) for label in self.labels)
        if kind == "boolean":
            return tuple(label.casefold() in ("true", "1") for label in self.labels)
        return self.labels

    def with_role(self, *roles: str) -> tuple[Column, ...]:
        """The columns with one of these roles, in file order."""
        return tuple(column for column in self.columns if column.role in roles)

    def to_dict(self) -> dict[str, Any]:
        """The contract as plain data, the same in YAML and in JSON."""
        entries: dict[str, Any] = {"task": self.task}
        if self.source is not None:
            entries["source"] = self.source
        if self.forecast is not None:
            entries["forecast"] = self.forecast.to_dict()
        if self.missing:
            entries["missing"] = list(self.missing)
        if self.interactions:
            entries["interactions"] = [list(group) for group in self.interactions]
        entries["columns"] = {column.name: self._entries(column) for column in self.columns}
        return entries

    def _entries(self, column: Column) -> dict[str, Any]:
        """A column's entries; the contract's words for missing stand there once."""
        return (dataclasses.replace(column, missing=None) if column.missing == self.missing else column).to_dict()

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any], vocabulary: Vocabulary, where: str = "contract") -> Contract:
        """Build a contract from plain data; raises InputError naming `where`, the column and the entry at fault."""
        unknown = set(entries) - {"task", "source", "forecast", "missing", "interactions", "columns"}
        if unknown or not isinstance(entries.get("columns"), Mapping) or "task" not in entries:
            wrong = f"unknown entry {sorted(unknown)[0]!r}" if unknown else "needs the entries task and columns"
            raise InputError(f"{where}: {wrong}; write a new one with `contract contract.write=true`")
        known = [field.name for field in dataclasses.fields(Column) if field.name != "name"]
        columns = []
        for name, values in entries["columns"].items():
            if not isinstance(values, Mapping):
                raise InputError(f"{where}: column {name!r} must hold entries such as role and type, not {values!r}")
            for key in values:
                if key not in known:
                    raise InputError(
                        f"{where}: column {name!r} has the unknown entry {key!r}; "
                        f"expected {', '.join(known)}{nearest(str(key), known)}"
                    )
            given = {"role": vocabulary.plain_role, **values}
            given["categories"] = _listed(values.get("categories"), f"{where}: column {name!r} has categories")
            if values.get("missing") is not None:
                given["missing"] = _listed(values["missing"], f"{where}: column {name!r} has missing")
            columns.append(Column(name=str(name), **given))
        ahead = entries.get("forecast")
        return cls(
            task=str(entries["task"]),
            columns=tuple(columns),
            vocabulary=vocabulary,
            source=entries.get("source"),
            forecast=None if ahead is None else Forecast.from_dict(ahead, where),
            missing=_listed(entries.get("missing"), f"{where}: missing is"),
            interactions=constraints.groups(entries.get("interactions"), where),
        )

    @classmethod
    def from_json(cls, path: Path, vocabulary: Vocabulary) -> Contract:
        """Read the contract of a bundle."""
        return cls.from_dict(json.loads(path.read_text("utf8")), vocabulary, str(path))


def _listed(values: object, what: str) -> tuple[str, ...]:
    """The entries of a list as text; none where there is no list."""
    if values is not None and not isinstance(values, list | tuple):
        raise InputError(f"{what} {values!r}; expected a list")
    return tuple(str(value) for value in values or ())


def _one_of(column: str, entry: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(
            f"contract: column {column!r} has {entry} {value!r}; "
            f"expected one of {', '.join(allowed)}{nearest(str(value), allowed)}"
        )
