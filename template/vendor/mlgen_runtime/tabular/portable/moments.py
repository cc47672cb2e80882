"""The cells of dates, for reader.py, beside which this file lies: what a moment is written like, and its parts.

    parts("31.01.2024", "%d.%m.%Y", None)    {"year": 2024, "month": 1, "day": 31, …}

A cell is as the column's format (strptime) has it, or in ISO 8601; without an offset it is local time of the zone.
"""

from __future__ import annotations

import re
from calendar import month_name
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

DAY = 86_400_000_000  # microseconds
EPOCH = datetime(1970, 1, 1)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ZONE = "(?P<z>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)"
#: Directives of strptime as patterns.
DIRECTIVES = {
    "Y": "(?P<Y>[0-9]{4})",
    "y": "(?P<y>[0-9]{2})",
    "m": "(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": "(?P<d>3[01]|[12][0-9]|0[1-9]|[1-9])",
    "b": f"(?P<b>{'|'.join(MONTHS)})",
    "B": f"(?P<b>{'|'.join(month_name[1:])})",
    "H": "(?P<H>2[0-3]|[01][0-9]|[0-9])",
    "I": "(?P<I>1[0-2]|0[1-9]|[1-9])",
    "M": "(?P<M>[0-5][0-9]|[0-9])",
    "S": "(?P<S>[0-5][0-9]|[0-9])",
    "f": "(?P<f>[0-9]{1,9})",
    "p": "(?P<p>am|pm)",
    "z": ZONE,
    "%": "%",
}
ISO = (
    "(?P<Y>[0-9]{4})-(?P<m>1[0-2]|0?[1-9])-(?P<d>3[01]|[12][0-9]|0?[1-9])([T ](?P<H>2[0-3]|[01][0-9]):(?P<M>[0-5][0-9])"
    "(:(?P<S>[0-5][0-9])([.,](?P<f>[0-9]{1,9}))?)?"
    f"( ?{ZONE})?)?"
)


def offsets(seconds: Any, zone: str) -> Any:
    """By how many seconds [n] the clocks of a zone are ahead of UTC at instants [n] of whole seconds."""
    instants, places = np.unique(np.asarray(seconds), return_inverse=True)
    moments = (EPOCH.replace(tzinfo=UTC) + timedelta(seconds=instant) for instant in instants.tolist())
    found = np.array([round(_ahead(moment, zone).total_seconds()) for moment in moments], dtype=np.int64)
    return found[places].reshape(np.shape(seconds))


def parts(cell: Any, format: str | None, zone: str | None) -> dict[str, float] | None:
    """The parts of a moment by the clocks of its zone, None for one too far; `elapsed` is in days since 1970, UTC."""
    at = stamp(cell, format, zone)
    if at is None:
        return None
    moment = EPOCH + timedelta(microseconds=at)
    clock = moment + _ahead(moment.replace(tzinfo=UTC), zone)
    names = ("year", "month", "day", "hour", "minute")
    elapsed = at // DAY + at % DAY / DAY
    return {name: getattr(clock, name) for name in names} | {"weekday": clock.weekday(), "elapsed": elapsed}


def stamp(cell: Any, format: str | None, zone: str | None) -> int | None:
    """A cell as microseconds since 1970 (UTC); numpy's moments are in UTC, others without an offset local time."""
    if isinstance(cell, np.datetime64):
        read = cell.astype("M8[us]").item()
        return None if not isinstance(read, datetime) or _far(read) else (read - EPOCH) // timedelta(microseconds=1)
    if isinstance(cell, str):
        read = _written(cell.strip(), format)
    elif isinstance(cell, date):
        read = datetime.fromisoformat(cell.isoformat())
    else:
        if format is None or isinstance(cell, bool) or cell % 1 != 0:
            raise ValueError
        read = _written(str(int(cell)), format)
    if _far(read):
        return None
    plain = read.replace(tzinfo=None)
    offset = read.utcoffset()
    if offset is None:
        offset, other = (_ahead(plain.replace(fold=fold), zone) for fold in (0, 1))
        if offset != other and plain.time() != datetime.min.time():
            raise ValueError("a local time that the zone has twice or never")
    return (plain - offset - EPOCH) // timedelta(microseconds=1)


def _written(text: str, format: str | None) -> datetime:
    """A text in the column's format, or in ISO 8601 where that cannot mean another day."""
    for pattern in (_pattern(format), *([ISO] if format and "%Y-%d" not in format else [])):
        if found := re.fullmatch(pattern, text, 0 if pattern is ISO else re.IGNORECASE):
            break
    else:
        raise ValueError
    part = found.groupdict()
    year = int(part["Y"]) if part.get("Y") else int(part["y"]) + (2000 if int(part["y"]) < 69 else 1900)
    month = MONTHS.index(part["b"][:3].lower()) + 1 if part.get("b") else int(part.get("m") or 1)
    hour = int(part.get("H") or 0)
    if part.get("I"):
        hour = int(part["I"]) % 12 + 12 * (part["p"].lower() == "pm")
    micros = int((part.get("f") or "").ljust(9, "0")) // 1000
    rest = (hour, int(part.get("M") or 0), int(part.get("S") or 0), micros)
    return datetime(year, month, int(part.get("d") or 1), *rest, tzinfo=_offset(part.get("z")))


def _pattern(format: str | None) -> str:
    parts = re.split(r"(%.|\s+)", format) if format else []
    escaped = (DIRECTIVES[p[1]] if p[:1] == "%" else r"\s+" if p.isspace() else re.escape(p) for p in parts)
    return "".join(escaped) if format else ISO


def _offset(text: str | None) -> tzinfo | None:
    """The offset that a text ends in; a name of a zone."""
    if text is None or text.upper() in ("Z", "UTC"):
        return None if text is None else UTC
    if text[0] not in "+-":
        return ZoneInfo(text)
    size = timedelta(hours=int(text[1:3]), minutes=int(text[3:].lstrip(":") or 0))
    if int(text[3:].lstrip(":") or 0) > 59:
        raise ValueError
    return timezone(-size if text[0] == "-" else size)


def _ahead(moment: datetime, zone: str | None) -> timedelta:
    """By how much the clocks of a zone are ahead of UTC, at an instant or at a local time; whole minutes."""
    place = _offset(zone)
    if place is None:
        return timedelta()
    at = moment.replace(tzinfo=place) if moment.tzinfo is None else moment.astimezone(place)
    return timedelta(minutes=round((at.utcoffset() or timedelta()).total_seconds() / 60))


def _far(moment: datetime) -> bool:
    """Whether a year is too far to be one of a moment (9999 for "no end"); it is read as missing."""
    return not 1678 <= moment.year <= 2261
