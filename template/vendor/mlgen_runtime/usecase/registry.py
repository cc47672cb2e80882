"""The use cases by name. Each is a subpackage whose module `use_case` offers one object, USE_CASE; a new one is a
folder and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError, nearest
from ..core.registry import Entry, Registry

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from .protocol import UseCase

USE_CASES = Registry(
    "use case",
    {
        "tabular": Entry("tabular.use_case"),
        "timeseries": Entry("timeseries.use_case"),
    },
)


#: Use cases that do not come with the runtime: their name and object.
_ADDED: dict[str, UseCase] = {}


def add(case: UseCase) -> None:
    """Add a use case from outside of the runtime."""
    _ADDED[case.name] = case


def names() -> list[str]:
    """The use cases that are in this project."""
    return [*USE_CASES.names(), *_ADDED]


def find(name: str) -> UseCase:
    """Return a use case by name; raises InputError naming those that are in this project."""
    if name in _ADDED:
        return _ADDED[name]
    if name not in names():
        raise InputError(
            f"{name!r} is no use case of this project; expected one of {', '.join(names())}{nearest(name, names())}"
        )
    case: UseCase = USE_CASES.load(name).USE_CASE
    return case


def of(config: RunConfig) -> UseCase:
    """Return the use case of a run."""
    return find(config.project.use_case)
