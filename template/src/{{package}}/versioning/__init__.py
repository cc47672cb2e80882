"""Versions of data, whoever keeps them: a layer adds its way by adding a module to this package, found here.

Such a module knows some paths, and what they held at other times:

    def covers(path: str, root: Path) -> bool: ...
    def version(path: str, asked: str | None, root: Path) -> Version: ...
    def opened(path: str, version: str | None, root: Path) -> AbstractContextManager[Path | DataFrame]: ...
    def along(path: str, asked: str, root: Path) -> str | None: ...
    def contract(path: str, asked: str, file: str, root: Path) -> str | None: ...

`version` gives the version that was asked for its lasting name (nothing asked: the version of the rows as they are
now); `opened` lends the rows of a version by that name (None: as they are), as a file or as a table; `along` says at
which version a second table, such as the test rows, belongs to what was asked of the first; `contract` is the text of
the contract as it was with that version, None where none was kept. All raise InputError for what is not there, naming
what is.

Without such a module nothing has versions: each run, model and bundle still carries the fingerprint of its rows.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: How the path of a Delta table begins, and how it ends where it names a version: a number or a moment.
DELTA = "delta://"
AT = re.compile(r"@(?P<version>\d+|\d{4}-\d{2}-\d{2}[^@/]*)$")


@dataclass(frozen=True)
class Version:
    """The lasting `name` of a version, None where the rows are no version of anything; `note` is for the user."""

    name: str | None = None
    note: str | None = None


def version(path: str, asked: str | None, root: Path) -> Version:
    """The version of the rows at `path` that `data.version` asks for, or that they are now.

    Raises InputError where a version is asked for and nobody keeps versions of that path.
    """
    keeper = _keeper(path, root)
    if keeper is not None:
        found: Version = keeper.version(path, asked, root)
        return found
    if asked is not None:
        raise InputError(_unkept(path, asked))
    return Version()


@contextlib.contextmanager
def opened(path: str, name: str | None, root: Path) -> Iterator[Path | pd.DataFrame | None]:
    """Lend the rows of a version of `path`; None where they are read from `path` as it is."""
    keeper = _keeper(path, root)
    if keeper is None:
        if name is not None:
            raise InputError(_unkept(path, name))
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
    found: str | None = keeper.along(path, asked, root) if keeper is not None and asked is not None else None
    return found


def contract(path: str, asked: str | None, file: str, root: Path) -> str | None:
    """The text of the contract as it was with a version of the rows at `path`, None where none was kept."""
    keeper = _keeper(path, root)
    found: str | None = keeper.contract(path, asked, file, root) if keeper is not None and asked is not None else None
    return found


def keepers(folder: Path = Path(__file__).parent) -> list[str]:
    """The names of the modules that keep versions; layers add them."""
    return sorted(file.stem for file in folder.glob("*.py") if not file.name.startswith("_"))


def _keeper(path: str, root: Path) -> Any:
    """The module that keeps versions of what lies at `path`, or None."""
    modules = (importlib.import_module(f".{name}", __name__) for name in keepers())
    return next((module for module in modules if module.covers(path, root)), None)


def _unkept(path: str, asked: str) -> str:
    """Why there is no such version, and what would keep one."""
    shown = f"data.version={asked}"
    if path.startswith(DELTA):
        return f"{shown}: this project reads no Delta tables; {_brought('delta')}"
    if "dvc" in keepers():
        return f"{shown}: there are versions of files in this project, and {path} is none; leave data.version out"
    if "delta" in keepers():
        return f"{shown}: there are versions of Delta tables, and {path} is none; name one: data.path=delta://FOLDER"
    return f"{shown}: this project keeps no versions of its data; {_brought('dvc')} (or =delta)"


def _brought(choice: str) -> str:
    return f"they come with `copier update --data data_versioning={choice}`"
