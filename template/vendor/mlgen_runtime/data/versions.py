"""Versions of data, whoever keeps them: a keeper knows some paths, and what they held at other times.

A project has at most one of the KEEPERS; it is there where its folder of conf/ is. Without one nothing has versions:
each run, model and bundle still carries the fingerprint of its rows.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..core.errors import InputError
from ..core.registry import Entry, Registry

if TYPE_CHECKING:
    import pyarrow as pa

KEEPERS = Registry(
    "keeper of versions",
    {
        "delta": Entry("data.delta.versions", group="delta"),
        "dvc": Entry("data.dvc.versions", group="dvc"),
    },
)
#: How the path of a Delta table begins, and how it ends where it names a version: a number or a moment.
DELTA = "delta://"
AT = re.compile(r"@(?P<version>\d+|\d{4}-\d{2}-\d{2}[^@/]*)$")


@dataclass(frozen=True)
class Version:
    """The lasting `name` of a version, None where the rows are no version of anything; `note` is for the user."""

    name: str | None = None
    note: str | None = None


class Keeper(Protocol):
    """A module that keeps versions. All raise InputError for what is not there, naming what is."""

    def covers(self, path: str, root: Path, /) -> bool:
        """Whether what lies at a path may have versions."""

    def version(self, path: str, asked: str | None, root: Path, /) -> Version:
        """The lasting name of the version that is asked for; of the rows as they are now where none is."""

    def opened(self, path: str, version: str | None, root: Path, /) -> AbstractContextManager[Path | pa.Table]:
        """Lend the rows of a version by its lasting name (None: as they are), as a file or as a table."""

    def along(self, path: str, asked: str, root: Path, /) -> str | None:
        """At which version a second table, such as the test rows, belongs to what was asked of the first."""

    def contract(self, path: str, asked: str, file: str, root: Path, /) -> str | None:
        """The text of the contract as it was with a version, None where none was kept."""


def version(path: str, asked: str | None, root: Path) -> Version:
    """The version of the rows at `path` that `data.version` asks for, or that they are now.

    Raises InputError where a version is asked for and nobody keeps versions of that path.
    """
    keeper = _keeper(path, root)
    if keeper is not None:
        return keeper.version(path, asked, root)
    if asked is not None:
        raise InputError(_unkept(path, asked, root))
    return Version()


@contextlib.contextmanager
def opened(path: str, name: str | None, root: Path) -> Iterator[Path | pa.Table | None]:
    """Lend the rows of a version of `path`; None where they are read from `path` as it is."""
    keeper = _keeper(path, root)
    if keeper is None:
        if name is not None:
            raise InputError(_unkept(path, name, root))
        if path.startswith(DELTA):
            raise InputError(f"{path}: this project reads no Delta tables; {_brought('delta')}")
        yield None
        return
    with keeper.opened(path, name, root) as rows:
        yield rows


def bare(path: str) -> str:
    """The path of a Delta table without a version."""
    return AT.sub("", path)


def along(path: str, asked: str | None, root: Path) -> str | None:
    """The version of a second table that belongs to the version asked of the first; None: as it is now."""
    keeper = _keeper(path, root)
    return keeper.along(path, asked, root) if keeper is not None and asked is not None else None


def contract(path: str, asked: str | None, file: str, root: Path) -> str | None:
    """The text of the contract as it was with a version of the rows at `path`, None where none was kept."""
    keeper = _keeper(path, root)
    return keeper.contract(path, asked, file, root) if keeper is not None and asked is not None else None


def keepers(root: Path) -> list[str]:
    """The names of those who keep versions in a project."""
    return KEEPERS.names({path.name for path in (root / "conf").glob("*") if path.is_dir()})


def _keeper(path: str, root: Path) -> Keeper | None:
    """Who keeps versions of what lies at `path`, or None."""
    for name in keepers(root):
        keeper: Keeper = KEEPERS.load(name)
        if keeper.covers(path, root):
            return keeper
    return None


def _unkept(path: str, asked: str, root: Path) -> str:
    """Why there is no such version, and what would keep one."""
    shown = f"data.version={asked}"
    if path.startswith(DELTA):
        return f"{shown}: this project reads no Delta tables; {_brought('delta')}"
    if "dvc" in keepers(root):
        return f"{shown}: there are versions of files in this project, and {path} is none; leave data.version out"
    if "delta" in keepers(root):
        return f"{shown}: there are versions of Delta tables, and {path} is none; name one: data.path=delta://FOLDER"
    return f"{shown}: this project keeps no versions of its data; {_brought('dvc')} (or =delta)"


def _brought(choice: str) -> str:
    return f"they come with `copier update --data data_versioning={choice}`"
