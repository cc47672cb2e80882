"""Python values as a column of Arrow: of the one type they all have, or as text where they have several."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from . import nested

if TYPE_CHECKING:
    import pyarrow as pa

_NOTHING = type(None)
#: Up to here a float holds every whole number.
_EXACT = 2**53


def column(values: Sequence[Any]) -> pa.Array:
    """Return values as int64, float64, bool, string or timestamp, with None as null; of null type where all are None.

    Whole numbers among others are floats where a float holds each of them; any other mixture, and a whole number beyond
    64 bits, is text. Values of databases come as the nearest of these: decimals as whole numbers or floats, dates as
    midnight, bytes in hexadecimal. Where a cell is a list, see `nested`.
    """
    import pyarrow as pa

    kinds = set(map(type, values)) - {_NOTHING}
    if kinds & {list, dict}:
        return nested.encoded(values, _text)
    if not kinds <= _PLAIN:
        values = [value if type(value) in _PLAIN else _nearest(value) for value in values]
        kinds = set(map(type, values)) - {_NOTHING}
    try:
        if kinds == {int, float} and all(abs(value) <= _EXACT for value in values if type(value) is int):
            return pa.array([None if value is None else float(value) for value in values], pa.float64())
        if kinds == {datetime.datetime}:
            zoned = {value.tzinfo is not None for value in values if value is not None}
            if len(zoned) == 1:
                return pa.array(values, pa.timestamp("us", "UTC" if zoned.pop() else None))
        elif len(kinds) <= 1 and kinds != {str}:
            return pa.array(values, _type(kinds))
    except (OverflowError, pa.ArrowInvalid):  # a whole number of more than 64 bits
        pass
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _type(kinds: set[type]) -> pa.DataType:
    import pyarrow as pa

    return {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}[kinds.pop()] if kinds else pa.null()


_PLAIN = {int, float, bool, str, datetime.datetime, _NOTHING}


def _nearest(value: Any) -> Any:
    """A value of a database as one that a column can hold."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)


def _text(value: Any) -> str:
    """A value as JSON writes it; text as it is, without halves of characters that no encoding knows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else str(value)
    text = value.isoformat() if isinstance(value, datetime.datetime) else str(value)
    return text if text.isascii() else text.encode("utf8", "replace").decode("utf8")
