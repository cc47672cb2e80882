"""The key of a row or of a forecast as text, one text for one key however its cells came: JSON, a file, a database.

    written(["7590-VHVEG"])                       → '["7590-VHVEG"]'
    written([3.0])                                → '["3"]', as 3 and "3" give
    written(["A", datetime64("2024-03-01")])      → '["A", "2024-03-01T00:00:00"]'
    written(["A", "2024-03-01T00:00:00+01:00"])   → '["A", "2024-02-29T23:00:00"]', as answers of a zone are written

The log keeps predictions and the truth that arrives later under it, and joins them by it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any


def written(cells: Iterable[Any]) -> str | None:
    """Return the key as a JSON list of texts; None where a cell is empty."""
    texts = [_instant(cell) if type(cell) is str else _text(cell) for cell in cells]
    return None if None in texts or not texts else json.dumps(texts, ensure_ascii=False)


def moment(text: str) -> str:
    """Return a moment in ISO 8601 as a key has it: in UTC, to the second, the time of day always there."""
    read = datetime.datetime.fromisoformat(text)
    plain = read.astimezone(datetime.UTC).replace(tzinfo=None) if read.tzinfo else read
    return plain.replace(microsecond=0).isoformat()


def _instant(text: str) -> str:
    """A text as it is, but for a moment with its offset: however that is written, it is one instant."""
    if len(text) < 20 or text[4] != "-" or text[10] not in "T " or not (text[-1] == "Z" or text[-6] in "+-"):
        return text
    try:
        return moment(text)
    except ValueError:
        return text


def _text(cell: Any) -> str | None:
    """One cell: whole numbers without a point, moments to the second, everything else as it prints."""
    value = cell
    if hasattr(value, "dtype"):  # a scalar of numpy's
        value = None if value != value else value.astype("M8[s]").item() if value.dtype.kind == "M" else value.item()
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return moment(value.isoformat())
    if isinstance(value, datetime.date):
        return f"{value.isoformat()}T00:00:00"
    return str(value)
