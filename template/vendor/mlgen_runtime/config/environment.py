"""Settings from environment variables: how a container, which has no conf/, and the processes of a server are told.

    read(RestSettings, "REST_", {"REST_PORT": "8080"})    → RestSettings(port=8080)
    written(settings, "REST_")                            → {"REST_PORT": "8080", …}, which give the settings back

Types and bounds are those of the dataclass (see `shape`). A list is JSON, or words between commas; nothing is null.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

from ..core.errors import InputError, nearest
from .schema import part, words

Settings = TypeVar("Settings")

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read(
    cls: type[Settings],
    prefix: str,
    environment: Mapping[str, str],
    foreign: Callable[[str], bool] = lambda name: False,
) -> Settings:
    """Return the settings that variables with this prefix set, all others at their defaults.

    Raises InputError for a variable that cannot be read, and for one that is no setting unless it is `foreign`.
    """
    hints = get_type_hints(cls, include_extras=True)
    fields = {prefix + field.name.upper(): field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if name in fields:
            values[fields[name]] = _value(name, hints[fields[name]], text.strip())
        elif name.startswith(prefix) and not foreign(name):
            raise InputError(f"{name} is not a setting{nearest(name, fields)}; known: {', '.join(fields)}")
    return cls(**values)


def written(settings: Any, prefix: str) -> dict[str, str]:
    """Return the variables that give `settings` back."""
    return {prefix + name.upper(): _text(value) for name, value in dataclasses.asdict(settings).items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list | tuple) else str(value)


def _value(name: str, kind: Any, text: str) -> Any:
    """The first reading of a text that its setting takes."""
    for value in _readings(text):
        try:
            return part(kind, value, name, str)
        except InputError:
            continue
    raise InputError(f"{name} is {text!r}; expected {words(kind)}")


def _readings(text: str) -> Iterator[Any]:
    """What a text may mean, the plainest first."""
    if not text:
        yield None
    yield text
    for number in (int, float):
        try:
            yield number(text)
        except ValueError:
            continue
    if text.casefold() in _WORDS:
        yield _WORDS[text.casefold()]
    if text.startswith("["):
        try:
            yield json.loads(text)
        except ValueError:
            return
    yield [word.strip() for word in text.split(",") if word.strip()]
