"""Versions of Delta tables: `data.path=delta://data/table data.version=3`, or `data.path=delta://data/table@3`.

A version is a number; a moment, such as 2026-01-31T06:00:00 (UTC where it names no zone), is the version of then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ..versions import DELTA, Version
from . import table

if TYPE_CHECKING:
    import pyarrow as pa

#: Where a commit of `snapshot` keeps the contract as it was.
CONTRACT = "snapshot.contract"


def covers(path: str, root: Path) -> bool:
    """Every Delta table has versions."""
    return path.startswith(DELTA)


def version(path: str, asked: str | None, root: Path) -> Version:
    """The number of the version that path or setting name, else of the latest."""
    named = table.address(path)
    if asked is not None and named.version not in (None, asked):
        raise InputError(f"data.version={asked}, but data.path={path} names version {named.version}; leave one out")
    return Version(str(table.at(root / named.folder, named.folder, asked or named.version).version()))


@contextlib.contextmanager
def opened(path: str, version: str | None, root: Path) -> Iterator[pa.Table]:
    """Lend the rows of a version: that which the path names, or the latest, where none is given."""
    named = table.address(path)
    found = table.at(root / named.folder, named.folder, version or named.version)
    rows = table.rows(found)
    if not rows.num_rows:
        raise InputError(f"delta://{named.folder}@{found.version()} has columns and no rows; check data.path")
    yield rows


def along(path: str, asked: str, root: Path) -> str | None:
    """The number of a version says nothing of another table: its own path names its version."""
    return None


def contract(path: str, asked: str, file: str, root: Path) -> str | None:
    """The contract that `snapshot` kept with a version."""
    folder = table.address(path).folder
    at = table.at(root / folder, folder, asked)
    kept: str | None = table.commits(at).get(at.version(), {}).get(CONTRACT)
    return kept
