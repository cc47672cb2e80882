"""The rows of the series of a run: which table they are in, and which of its columns the settings name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..data import reading, tables
from .settings import DataSettings


def read(settings: DataSettings, root: Path) -> pd.DataFrame:
    """Return the rows of `data.path` without `data.drop`; raises InputError where a column named is not there."""
    return reading.read(settings, root, _named(settings))


def read_test(settings: DataSettings, root: Path) -> pd.DataFrame | None:
    """Return the rows of `data.test_path` without `data.drop`, or None where no test file is set."""
    return reading.read_test(settings, root, _named(settings))


def read_rows(path: str, settings: DataSettings, root: Path, setting: str = "data.path") -> pd.DataFrame:
    """Return all columns of a table that a `setting` names; raises InputError where it cannot be read."""
    return tables.read(path, settings, root, setting=setting)


def _named(settings: DataSettings) -> dict[str, list[str]]:
    """Setting to the columns that it names; every one of them must be there."""
    return {
        "data.target": [settings.target] if settings.target else [],
        "data.time": [settings.time] if settings.time else [],
        "data.series": settings.series or [],
        "data.past": settings.past,
        "data.known_future": settings.known_future,
        "data.static": settings.static,
    }
