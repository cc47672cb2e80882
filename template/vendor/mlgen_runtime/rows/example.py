"""A value that a column may well hold, from what the contract says of it: for warm-up, documents and forms."""

from __future__ import annotations

from typing import Any

from ..contract.schema import Column
from ..core import moments


def plausible(column: Column) -> Any:
    """The first category, or the middle of the range."""
    if column.type == "category":
        return column.categories[0] if column.categories else "a"
    if column.type == "datetime":
        return moments.example(column.format, column.zone)
    if column.type == "boolean":
        return True
    if column.type == "text":
        return "text"
    low, high = column.minimum, column.maximum
    middle = 0.0 if low is None or high is None else (low + high) / 2
    return round(middle) if column.type == "integer" else float(f"{middle:.4g}")
