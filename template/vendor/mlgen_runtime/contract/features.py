"""Derived features in a contract: what is computed from its columns before the model sees them, as data.

    features:
      ratio: {expression: income / (family_size + 1), type: number}
      distance: {function: distance, type: number, columns: [home, work]}     the project's own code (@feature)

Features may use other features; they are kept in an order in which each can be computed from what stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError, nearest
from ..expression.checking import Checked, check, named
from ..expression.kinds import Kind
from ..expression.syntax import Misspelt, parse

if TYPE_CHECKING:
    from .schema import Column, Contract

#: What a feature can be, and the type of the column that it becomes.
TYPES = {"number": "number", "boolean": "boolean", "category": "category", "text": "category", "moment": "datetime"}
#: The types that a function of the project's own may give.
OWN_TYPES = ("number", "boolean", "category", "moment")
_ENTRIES = ("expression", "function", "type", "columns")
_ROLES = {
    "target": "is the target, which no prediction knows before; target_mean(by) is what may look at it",
    "id": "names rows (role id): give it the role feature or ignore in the contract to derive something from it",
    "group": "tells which rows belong together (role group): give it the role feature or ignore to derive from it",
    "weight": "is the weight of rows, which is not known when a prediction is asked for",
}


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One derived feature; `type` is one of TYPES. `columns` are those of the contract that it takes, itself or through
    other features; `tree` is None for a `function` of the project's own, which takes `arguments` in that order."""

    name: str
    type: str
    expression: str | None = None
    function: str | None = None
    columns: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    zone: str | None = field(default=None, compare=False)
    learns: tuple[str, ...] = field(default=(), compare=False)
    asks_now: bool = field(default=False, compare=False)
    tree: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    def entries(self) -> dict[str, Any]:
        """As the contract writes it."""
        if self.function is not None:
            return {"function": self.function, "type": self.type, "columns": list(self.arguments)}
        return {"expression": self.expression, "type": self.type}


def from_entries(entries: object, where: str) -> dict[str, dict[str, Any]]:
    """The features of a contract as it is written, by name; a text alone is an expression. Raises InputError."""
    if entries is None:
        return {}
    if not isinstance(entries, Mapping):
        raise InputError(f"{where}: features is {entries!r}; expected names with an expression each")
    found: dict[str, dict[str, Any]] = {}
    for name, given in entries.items():
        held = dict(given) if isinstance(given, Mapping) else {"expression": given}
        unknown = [str(key) for key in held if key not in _ENTRIES]
        if unknown:
            raise InputError(
                f"{where}: feature {name!r} has the unknown entry {unknown[0]!r}; expected {', '.join(_ENTRIES)}"
                f"{nearest(unknown[0], _ENTRIES)}"
            )
        if (held.get("expression") is None) == (held.get("function") is None):
            raise InputError(
                f"{where}: feature {name!r} needs an expression (or a function of src/), such as a / (b + 1)"
            )
        found[str(name)] = held
    return found


def written(entries: object, where: str) -> tuple[Feature, ...]:
    """The features of a contract as it is written, not checked yet: a contract does that with its columns."""
    return tuple(
        Feature(
            name=name,
            type=held.get("type") or "",
            expression=None if held.get("expression") is None else str(held["expression"]),
            function=held.get("function"),
            arguments=tuple(map(str, held.get("columns") or ())),
        )
        for name, held in from_entries(entries, where).items()
    )


def resolved(contract: Contract) -> tuple[Feature, ...]:
    """The features of a contract, checked against its columns. Raises InputError as `resolve` does."""
    if contract.features and not contract.vocabulary.derives:
        raise InputError("contract: features are derived in tables of rows only; take the entry features out")
    wanted = {feature.name: feature.entries() for feature in contract.features}
    return resolve(wanted, contract.columns, contract.task) if wanted else ()


def columns(contract: Contract) -> tuple[Column, ...]:
    """What the features of a contract become, as columns."""
    from .schema import Column

    return tuple(
        Column(name=feature.name, type=TYPES[feature.type], zone=feature.zone, nullable=True, missing=())
        for feature in contract.features
    )


def predictors(contract: Contract) -> tuple[Column, ...]:
    """The columns the model sees: those of the file in its order, then the derived ones."""
    return (*contract.with_role(*contract.vocabulary.input_roles), *columns(contract))


def used(contract: Contract) -> tuple[Column, ...]:
    """The columns that are read: not ignored, or a feature is derived from them."""
    return tuple(c for c in contract.columns if c.role != "ignore" or c.name in contract.sources)


def resolve(wanted: Mapping[str, Mapping[str, Any]], columns: Sequence[Column], task: str) -> tuple[Feature, ...]:
    """Check all features against the columns of a contract, and put them into an order of evaluation.

    Raises InputError, one line, for the first that is wrong: its name, its expression, a type, a cycle.
    """
    kinds = {column.name: _kind(column) for column in columns}
    for name in wanted:
        if name in kinds:
            raise InputError(
                f"features.{name}: the contract has a column of that name; call the feature something else"
            )
        if not name.strip():
            raise InputError("features: a feature has no name; write name: expression")
    found: dict[str, Feature] = {}
    for name in _ordered(wanted):
        found[name] = _feature(name, wanted[name], kinds, found, task)
        kinds[name] = Kind(found[name].type, found[name].zone)
    return tuple(found.values())


def _feature(
    name: str, given: Mapping[str, Any], kinds: Mapping[str, Kind], known: Mapping[str, Feature], task: str
) -> Feature:
    if given.get("function") is not None:
        return _own(name, given, kinds, known)
    text = str(given["expression"])
    checked = check(name, text, kinds)
    if "target_mean" in checked.learns and task not in ("binary", "regression"):
        raise InputError(
            f"features.{name}: {text!r}: target_mean is the mean of an amount or the share of one of two labels, and "
            f"the task is {task}; use group_count, or leave the feature out"
        )
    said = given.get("type")
    if said and said != checked.kind.type:
        raise InputError(
            f"features.{name}: the contract says {said}, and {text!r} is a {checked.kind.type}; mend the type"
        )
    return Feature(
        name=name,
        type=checked.kind.type,
        expression=text,
        columns=_sources(checked.columns, known),
        zone=checked.kind.zone,
        learns=_inherited(checked, known),
        asks_now=checked.asks_now or any(known[each].asks_now for each in checked.columns if each in known),
        tree=checked.tree,
    )


def _inherited(checked: Checked, known: Mapping[str, Feature]) -> tuple[str, ...]:
    """What a feature learns, itself or through the features that it takes."""
    below = (op for name in checked.columns if name in known for op in known[name].learns)
    return tuple(dict.fromkeys((*checked.learns, *below)))


def _own(name: str, given: Mapping[str, Any], kinds: Mapping[str, Kind], known: Mapping[str, Feature]) -> Feature:
    """A feature that the project's code computes; the contract says what it takes and gives."""
    taken = given.get("columns")
    if not isinstance(taken, list | tuple) or not taken:
        raise InputError(f"features.{name}: a function needs columns, a list of what it takes; see docs/features.md")
    for column in map(str, taken):
        if column not in kinds:
            raise InputError(
                f"features.{name}: the function {given['function']} takes {column!r}, and there is no such column"
                f"{nearest(column, kinds)}; name its arguments as the columns are called, or say @feature(columns=[…])"
            )
        if (why := kinds[column].refused) is not None:
            raise InputError(f"features.{name}: the function {given['function']} takes {column!r}: {why}")
    if given.get("type") not in OWN_TYPES:
        raise InputError(f"features.{name}: type is {given.get('type')!r}; expected one of {', '.join(OWN_TYPES)}")
    return Feature(
        name=name,
        type=str(given["type"]),
        function=str(given["function"]),
        columns=_sources(taken, known),
        arguments=tuple(map(str, taken)),
        learns=tuple(dict.fromkeys(op for each in taken if each in known for op in known[each].learns)),
        asks_now=any(known[each].asks_now for each in taken if each in known),
    )


def _sources(taken: Sequence[str], known: Mapping[str, Feature]) -> tuple[str, ...]:
    """The columns of the contract behind columns and features."""
    return tuple(dict.fromkeys(c for name in taken for c in (known[name].columns if name in known else (name,))))


def _ordered(wanted: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The names, each behind those that it takes. Raises InputError for a cycle."""
    takes = {name: [other for other in _taken(given) if other in wanted] for name, given in wanted.items()}
    ordered: list[str] = []

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " → ".join((*above[above.index(name) :], name))
            raise InputError(f"features.{name}: it takes itself, {circle}; break the circle")
        if name not in ordered:
            for other in takes[name]:
                place(other, (*above, name))
            ordered.append(name)

    for name in wanted:
        place(name, ())
    return ordered


def _taken(given: Mapping[str, Any]) -> list[str]:
    """What a feature names; nothing where it cannot be read, which its check will say."""
    if given.get("function") is not None:
        return [str(name) for name in given.get("columns") or ()]
    try:
        return named(parse(str(given["expression"])))
    except Misspelt:
        return []


def _kind(column: Column) -> Kind:
    """What an expression sees of a column."""
    why = _ROLES.get(column.role)
    refused = None if why is None else f"{column.name} {why}"
    if column.type == "datetime":
        return Kind("moment", column.zone, refused)
    return Kind({"integer": "number"}.get(column.type, column.type), None, refused)
