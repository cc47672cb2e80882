"""The rows of a run: which table they are in, and which of its columns.

frame = read(settings, root)     the training rows, without the columns of data.drop
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import tables
from .config import DataSettings
from .tables import fingerprint, source

__all__ = ["fingerprint", "read", "read_rows", "read_test", "source"]


def read(settings: DataSettings, root: Path) -> pd.DataFrame:
    """Return the rows of `data.path` without `data.drop`; raises InputError where target, key or drop are not there."""
    return _checked(read_rows(settings.path, settings, root), settings, settings.path)


def read_test(settings: DataSettings, root: Path) -> pd.DataFrame | None:
    """Return the rows of `data.test_path` without `data.drop`, or None where no test file is set."""
    if settings.test_path is None:
        return None
    return _checked(read_rows(settings.test_path, settings, root), settings, settings.test_path)


def read_rows(path: str, settings: DataSettings, root: Path) -> pd.DataFrame:
    """Return all columns of a file or an SQL table; raises InputError where it cannot be read."""
    return tables.read(path, settings, root)


def _checked(frame: pd.DataFrame, settings: DataSettings, path: str) -> pd.DataFrame:
    """The rows without the dropped columns; every column that the settings name must be there."""
    targets = [] if settings.target is None else [settings.target]
    tables.known(frame, {"data.target": targets, "data.key": settings.key, "data.drop": settings.drop}, path)
    return frame.drop(columns=settings.drop)
