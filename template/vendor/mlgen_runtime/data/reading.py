"""The rows of a run: which table they are in, and which of its columns. `named` is setting to the columns it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..config.settings import TableSettings
from . import tables, versions

Named = Mapping[str, Sequence[str]]


def read(settings: TableSettings, root: Path, named: Named) -> pd.DataFrame:
    """Return the rows of `data.path` without `data.drop`; raises InputError where a column named is not there."""
    return tables.wanted(settings.path, settings, root, named, settings.version)


def read_test(settings: TableSettings, root: Path, named: Named) -> pd.DataFrame | None:
    """Return the rows of `data.test_path` without `data.drop`, or None where no test file is set."""
    if settings.test_path is None:
        return None
    version = versions.along(settings.test_path, settings.version, root)
    return tables.wanted(settings.test_path, settings, root, named, version)
