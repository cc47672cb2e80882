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
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..core.errors import InputError, nearest
from . import constraints
from . import features as deriving
from .column import KEYS, NUMERIC, TYPES, Column, one_of
from .features import Feature
from .forecast import Forecast
from .vocabulary import Vocabulary

__all__ = ["KEYS", "NUMERIC", "TYPES", "Column", "Contract"]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """All columns in file order, the task they are for, and the source they were inferred from.

    `forecast` stands in the contract of time series only. The vocabulary is the use case's; it is written nowhere.
    `missing` are the words for an empty cell in every column that names none of its own; of `interactions`, see
    `constraints`. `features` are derived from the columns, in an order in which each can be computed.
    """

    task: str
    columns: tuple[Column, ...]
    vocabulary: Vocabulary = dataclasses.field(repr=False)
    source: str | None = None
    forecast: Forecast | None = None
    missing: tuple[str, ...] = ()
    interactions: tuple[tuple[str, ...], ...] = ()
    features: tuple[Feature, ...] = ()

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
            one_of(column.name, "role", column.role, self.vocabulary.roles)
        object.__setattr__(self, "features", deriving.resolved(self))
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
        """The columns that a prediction needs, in file order: for the model, or for a feature."""
        roles, sources = self.vocabulary.input_roles, self.sources
        return tuple(column for column in self.columns if column.role in roles or column.name in sources)

    @cached_property
    def sources(self) -> frozenset[str]:
        """The names of the columns that features are derived from."""
        return frozenset(name for feature in self.features for name in feature.columns)

    @property
    def is_amount(self) -> bool:
        """Whether the target is an amount rather than a class."""
        return self.task in self.vocabulary.amounts

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The class labels as text, in encoded order (the last is positive in a binary task); empty for an amount."""
        return () if self.is_amount else self.target.categories

    @property
    def positive(self) -> str | None:
        """The positive one of two classes, as text; None where there are more, or none."""
        return self.labels[-1] if len(self.labels) == 2 else None

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
        if self.features:
            entries["features"] = {feature.name: feature.entries() for feature in self.features}
        return entries

    def _entries(self, column: Column) -> dict[str, Any]:
        """A column's entries; the contract's words for missing stand there once."""
        return (dataclasses.replace(column, missing=None) if column.missing == self.missing else column).to_dict()

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any], vocabulary: Vocabulary, where: str = "contract") -> Contract:
        """Build a contract from plain data; raises InputError naming `where`, the column and the entry at fault."""
        unknown = set(entries) - {"task", "source", "forecast", "missing", "interactions", "columns", "features"}
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
            features=deriving.written(entries.get("features"), where),
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
