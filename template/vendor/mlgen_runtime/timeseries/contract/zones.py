"""The time zones in which the moments of a column are written, as text has them at its end."""

from __future__ import annotations

import re

import pandas as pd

from ...contract.catalogue import counted

#: Z, or an offset, after a time of day.
ZONE = re.compile(r"\d[T ]?\d{1,2}:\d{2}.*?(Z|UTC|[+-]\d{2}:?\d{2})\s*$")


def found(cells: pd.Series) -> dict[str, int]:
    """Zone to the number of rows written in it, "none" for moments without one; empty for cells that are no text."""
    known = cells.dropna()
    if pd.api.types.is_datetime64_any_dtype(known.dtype) or pd.api.types.is_numeric_dtype(known.dtype):
        return {}
    zones: dict[str, int] = {}
    for text, rows in known.astype(str).value_counts().items():
        match = ZONE.search(str(text))
        zone = (match[1] if match else "none").replace("UTC", "Z")
        zones[zone] = zones.get(zone, 0) + int(rows)
    return zones


def listed(zones: dict[str, int]) -> str:
    """The zones for people."""
    return ", ".join(f"{zone} in {counted(rows, 'row')}" for zone, rows in sorted(zones.items()))
