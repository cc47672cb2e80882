"""Names and where they live: what a project may have, written down in one table for each kind, imported when asked for.

    VERBS = Registry("verb", {"batch": Entry("cli.batch", group="batch")})
    VERBS.names(groups)       those whose subpackage is in this project, and whose folder of conf/ is among `groups`
    VERBS.load("batch")       the module

A project that did not choose a layer lacks its subpackage: such an entry is not there, which is no error. Where layers
of which a project has one offer the same, a name has an entry of each, and the first that is there counts.
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError, nearest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Entry:
    """A module by its name below the runtime. Without the folder `group` of conf/ it has nothing to do; `needs` is
    another module that must be in this project."""

    module: str
    group: str | None = None
    needs: str | None = None

    @property
    def path(self) -> Path:
        """Its source; a package's is its `__init__.py`."""
        return _source(self.module)

    @property
    def installed(self) -> bool:
        """Whether its subpackage is in this project."""
        return self.path.is_file() and (self.needs is None or _source(self.needs).is_file())

    def there(self, groups: Collection[str] | None) -> bool:
        """Whether it is installed and, with `groups` (the folders of conf/), configured."""
        return self.installed and (groups is None or self.group is None or self.group in groups)

    def load(self) -> Any:
        """Import it."""
        return importlib.import_module(f"{PACKAGE}.{self.module}")


@dataclass(frozen=True)
class Registry:
    """All entries of one kind, in the order in which they are shown and asked."""

    kind: str
    entries: Mapping[str, Entry | tuple[Entry, ...]]

    def found(self, groups: Collection[str] | None = None) -> dict[str, Entry]:
        """The entries by name that are installed and, with `groups` (the folders of conf/), configured."""
        found: dict[str, Entry] = {}
        for name, listed in self.entries.items():
            for entry in (listed,) if isinstance(listed, Entry) else listed:
                if entry.there(groups):
                    found.setdefault(name, entry)
        return found

    def names(self, groups: Collection[str] | None = None) -> list[str]:
        """The names of `found`."""
        return list(self.found(groups))

    def entry(self, name: str, groups: Collection[str] | None = None) -> Entry:
        """Return an entry of `found`; raises InputError naming those there are."""
        found = self.found(groups)
        if name not in found:
            raise InputError(f"{name!r} is not a {self.kind}; expected one of {', '.join(found)}{nearest(name, found)}")
        return found[name]

    def load(self, name: str, groups: Collection[str] | None = None) -> Any:
        """Import what has this name. Raises InputError as `entry` does."""
        return self.entry(name, groups).load()


def _source(module: str) -> Path:
    place = ROOT.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
