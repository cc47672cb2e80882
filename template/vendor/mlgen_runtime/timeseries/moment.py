"""One moment as text, a datetime or a number of a year, read as datetime64 in UTC without a zone."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np


def moment(cell: Any, format: str | None = None) -> np.datetime64:
    """Read a cell; `format` (strptime) is another way of writing it than ISO 8601. Raises ValueError."""
    if isinstance(cell, np.datetime64):
        exact: np.datetime64 = cell.astype("M8[ns]")
        return exact
    if isinstance(cell, datetime.datetime):
        found = cell
    elif isinstance(cell, datetime.date):
        found = datetime.datetime(cell.year, cell.month, cell.day)
    elif isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(cell)
    else:
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
        found = _written(text, format)
    if found.tzinfo is not None:
        found = found.astimezone(datetime.UTC).replace(tzinfo=None)
    if not 1678 <= found.year <= 2261:
        raise ValueError(cell)
    return np.datetime64(found, "ns")


def _written(text: str, format: str | None) -> datetime.datetime:
    """The moment of a text, as the contract's format has it or else as ISO 8601, which every answer is written in."""
    if format is not None:
        try:
            return datetime.datetime.strptime(text, format)
        except ValueError:
            return datetime.datetime.fromisoformat(text)
    return datetime.datetime.fromisoformat(text)
