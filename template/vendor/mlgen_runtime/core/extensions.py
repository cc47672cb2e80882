"""What a project's own modules registered through `mlgen_runtime.extend`, by kind and name.

The modules that `project.extensions` lists are imported once, before a configuration is read; help and completion
import nothing of the user's.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from .errors import InputError

Kind = Literal["model", "metric", "check", "sink", "feature"]


@dataclass(frozen=True)
class Extension:
    """One thing of the user's: what was registered, and the options it came with."""

    kind: Kind
    name: str
    function: Callable[..., Any]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def module(self) -> str:
        """The module that it stands in."""
        return self.function.__module__

    @property
    def sha256(self) -> str:
        """The sha256 of the function's source: what a bundle records, never the code itself."""
        import hashlib  # milliseconds, which a page of help does without
        import inspect

        return hashlib.sha256(inspect.getsource(self.function).encode()).hexdigest()


_TABLES: dict[str, dict[str, Extension]] = {kind: {} for kind in get_args(Kind)}


def register(found: Extension) -> None:
    """Enter an extension. Raises InputError where another module has one of that kind and name."""
    there = _TABLES[found.kind].get(found.name)
    if there is not None and (there.module, there.function.__qualname__) != (
        found.module,
        found.function.__qualname__,
    ):
        raise InputError(
            f"{found.module}: the {found.kind} {found.name!r} is there already, in {there.module}; rename one"
        )
    _TABLES[found.kind][found.name] = found


def registered(kind: Kind) -> dict[str, Extension]:
    """The extensions of one kind, by name."""
    return dict(_TABLES[kind])


def registered_beside(ours: Collection[str], kind: Kind) -> dict[str, Extension]:
    """The extensions of one kind, by name. Raises InputError where one has a name among `ours`, the runtime's own."""
    for name, found in _TABLES[kind].items():
        if name in ours:
            raise InputError(
                f"{found.module}: the {kind} {name!r} has the name of one that the runtime brings; rename the function"
            )
    return registered(kind)


def used(model: str | None, metric: str | None) -> tuple[Extension, ...]:
    """The project's own code that a run is made with: its model, its metric, all its checks and features."""
    found = [_TABLES["model"].get(model or ""), _TABLES["metric"].get(metric or ""), *_TABLES["check"].values()]
    found += _TABLES["feature"].values()
    return tuple(each for each in found if each is not None)


def needed(features: Iterable[str | None]) -> tuple[Extension, ...]:
    """The project's own functions that a model cannot do without: those of its derived features, by name."""
    return tuple(_TABLES["feature"][name] for name in features if name is not None)


def load(modules: Iterable[str]) -> None:
    """Import the modules of `project.extensions`. Raises InputError naming one that is not there; what one raises by
    itself is a bug in it, and is raised as it is, with a note of who asked for the module."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
                raise InputError(
                    f"project.extensions: there is no module {name!r}; take it out of the list in conf/config.yaml, or "
                    "add the file below src/ (and run `make setup` again where its package is new)"
                ) from error
            raise
        except InputError:
            raise
        except Exception as error:
            error.add_note(f"(while importing {name}, which project.extensions in conf/config.yaml lists)")
            raise


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Nothing registered during the block, and what was there before after it: for tests."""
    kept = {kind: dict(table) for kind, table in _TABLES.items()}
    for table in _TABLES.values():
        table.clear()
    try:
        yield
    finally:
        for kind, table in _TABLES.items():
            table.clear()
            table.update(kept[kind])
