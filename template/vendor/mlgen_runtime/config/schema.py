"""Strict conversion of plain data into frozen dataclasses: the shape of the configuration.

A dataclass holds no default values; YAML holds each of them once. A type, a bound or a list of allowed words is written
in the annotation and checked here, so that a typo fails before any work starts:

    @dataclass(frozen=True)
    class SplitSettings:
        method: Literal["auto", "random", "stratified", "group", "time", "newest"]
        test_size: Share
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..core.errors import InputError, nearest

Shaped = TypeVar("Shaped")
#: Names the file in which a dotted key is set, such as "conf/split/auto.yaml".
Where = Callable[[str], str]

#: What YAML writes for a value that must be given.
MISSING = "???"


@dataclass(frozen=True, kw_only=True)
class Bound:
    """The allowed range of a number, in the number's own unit."""

    above: float = -math.inf
    at_least: float = -math.inf
    below: float = math.inf
    at_most: float = math.inf

    def allows(self, value: Any) -> bool:
        """Tell whether the value lies in the range."""
        return bool(self.above < value < self.below and self.at_least <= value <= self.at_most)

    @property
    def words(self) -> str:
        """The range in words, such as "above 0 and below 1"."""
        parts = [
            f"{name.replace('_', ' ')} {value:g}"
            for name, value in dataclasses.asdict(self).items()
            if math.isfinite(value)
        ]
        return " and ".join(parts)


@dataclass(frozen=True)
class OneOf:
    """Words of which one is meant, where a Literal cannot list them."""

    choices: tuple[str, ...]

    def allows(self, value: Any) -> bool:
        """Tell whether the value is one of the words."""
        return value in self.choices

    @property
    def words(self) -> str:
        """The choices in words."""
        return f"out of {', '.join(self.choices)}"


#: A part of a whole: Share cannot be none or all of it, Part can.
Share = Annotated[float, Bound(above=0, below=1)]
Part = Annotated[float, Bound(at_least=0, at_most=1)]
Amount = Annotated[float, Bound(at_least=0)]
Count = Annotated[int, Bound(at_least=1)]


def convert(cls: type[Shaped], values: object, key: str, where: Where) -> Shaped:
    """Return `values` as the dataclass `cls`; `key` is the dotted name of the whole, empty for the top.

    Raises InputError naming the key, the value, what was expected, the nearest name and the file.
    """
    if not isinstance(values, Mapping):
        raise InputError(
            f"{key}: {values!r} is not a set of settings; choose a file of conf/{key}/ by `{key}=NAME` on the command "
            f"line, or by `- override /{key}: NAME` in a defaults list ({where(key)})"
        )
    fields = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in values:
        if name not in fields:
            raise InputError(f"{_join(key, name)}: no such setting{nearest(str(name), fields)}; see {where(key)}")
    hints = get_type_hints(cls, include_extras=True)
    given = {name: part(hints[name], values.get(name, MISSING), _join(key, name), where) for name in fields}
    return cls(**given)


def part(kind: Any, value: object, key: str, where: Where) -> Any:
    """Return one value as the type `kind`; raises InputError as `convert` does."""
    if isinstance(value, str) and value == MISSING:
        raise InputError(f"{key} is not set; expected {words(kind)}: give {key}=VALUE or write it in {where(key)}")
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return convert(kind, value, key, where)
    if isinstance(value, Mapping) and get_origin(kind) in (Union, types.UnionType):  # the one that takes it
        kind = next((option for option in get_args(kind) if get_origin(option) is dict), kind)
    if get_origin(kind) is dict and isinstance(value, Mapping):
        return {str(name): part(get_args(kind)[1], entry, _join(key, name), where) for name, entry in value.items()}
    try:
        return _read(kind, value)
    except ValueError:
        choices = [str(choice) for choice in allowed(kind)]
        hint = nearest(str(value), choices) if choices else ""
        raise InputError(f"{key}: {value!r} is not {words(kind)}{hint}; see {where(key)}") from None


def allowed(kind: Any) -> tuple[object, ...]:
    """The words a type lists, or nothing."""
    origin = get_origin(kind)
    if origin is Literal:
        return get_args(kind)
    if origin is Annotated:
        return tuple(choice for rule in kind.__metadata__ if isinstance(rule, OneOf) for choice in rule.choices)
    if origin in (Union, types.UnionType):
        return tuple(choice for option in get_args(kind) for choice in allowed(option))
    return ()


def words(kind: Any) -> str:
    """Say in words what a type expects, such as "a whole number, at least 1"."""
    origin, options = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return f"{words(options[0])} {' and '.join(rule.words for rule in kind.__metadata__)}"
    if origin is Literal:
        return f"one of {', '.join(_yaml(option) for option in options)}"
    if origin in (Union, types.UnionType):
        return " or ".join(words(option) for option in options)
    if origin in (list, tuple):
        return f"a list of which each entry is {words(options[0])}"
    if origin is dict:
        each = "" if options[1] is Any else f" of which each value is {words(options[1])}"
        return f"a mapping{each}, such as" + " {name: value}"
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
    return names.get(kind, getattr(kind, "__name__", str(kind)))


def _read(kind: Any, value: object) -> Any:
    """Return the value as `kind` or raise ValueError."""
    origin, options = get_origin(kind), get_args(kind)
    if kind is Any or kind is object:
        return value
    if origin is dict:  # one that is a mapping is read entry by entry
        raise ValueError
    if origin is Annotated:
        read = _read(options[0], value)
        if not all(rule.allows(read) for rule in kind.__metadata__):
            raise ValueError
        return read
    if origin in (Union, types.UnionType):
        return _first(options, value)
    if origin is Literal:
        return _literal(options, value)
    if origin in (list, tuple):
        if not isinstance(value, list | tuple):
            raise ValueError
        return origin(_read(options[0], entry) for entry in value)
    return _scalar(kind, value)


def _first(options: tuple[Any, ...], value: object) -> Any:
    """The first type of a union that takes the value, null before text."""
    for option in sorted(options, key=lambda option: option is str):
        try:
            return _read(option, value)
        except ValueError:
            continue
    raise ValueError


def _literal(options: tuple[Any, ...], value: object) -> Any:
    for option in options:
        if type(option) is type(value) and option == value:
            return option
        # YAML reads a bare `true` or `off` as a truth value, the annotation may spell it as a word.
        if isinstance(option, str) and isinstance(value, bool) and option in _spellings(value):
            return option
    raise ValueError


def _scalar(kind: Any, value: object) -> Any:
    if kind is type(None):
        if value is None:
            return None
    elif kind is bool:
        if isinstance(value, bool):
            return value
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif kind is float:
        if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value):
            return float(value)
    elif kind is str:
        # A column may be called 2020: a whole number can only have been written one way.
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
    elif kind is Path:
        if isinstance(value, str | Path):
            return Path(value)
    else:
        raise TypeError(f"the configuration cannot hold the type {kind!r}")
    raise ValueError


def _spellings(value: bool) -> tuple[str, ...]:
    return ("true", "on", "yes") if value else ("false", "off", "no")


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)
