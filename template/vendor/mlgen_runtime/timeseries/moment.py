"""One moment as text, a datetime or a number of a year, read as datetime64 in UTC without a zone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract.schema import Column
from ..core import moments


def moment(cell: Any, column: Column) -> np.datetime64:
    """Read a cell of a time column; raises moments.Unread for one that is none, or of a year too far to be one: a row
    without its moment would mean something else."""
    found = moments.cell(cell, column.format, column.zone)
    if found is None:
        raise moments.Unread(f"outside {moments.FIRST_YEAR} to {moments.LAST_YEAR}")
    return np.datetime64(found, "ns")
