"""Rows of figures as lines of a table, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.figures import figure


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of a table with a column for each key of any row, in the order in which they first appear."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_cell(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(names))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cell(value: Any) -> str:
    return figure(value, 5) if isinstance(value, float) else str(value)
