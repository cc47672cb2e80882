"""How a moment is written, and what a cell that holds one means: one grammar for files, requests and exported readers.

    read("31.01.2024", "%d.%m.%Y", None)                      nanoseconds since 1970 (UTC)
    read("2024-10-27T02:30:00+01:00", None, "Europe/Berlin")  the same moment whatever the zone: it names its offset
    read("9999-12-31", None, None)                            None: before 1678 and after 2261 there is no moment
    written(np.array(["2024-01-31T12:00"], "M8[s]"), "UTC")   ["2024-01-31T12:00:00Z"]

A cell is written as the column's format says (strptime) or in ISO 8601, which machines write, so that a moment can be
put down without knowing the format. Without an offset it is local time of the column's zone; a column without a zone
keeps what the clock shows, and a cell with an offset is turned to UTC there.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from . import zones
from .errors import InputError

Array = npt.NDArray[Any]

#: The years of moments; what lies outside (9999-12-31 for "no end") does not fit into nanoseconds, and is missing.
FIRST_YEAR, LAST_YEAR = 1678, 2261
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
FULL = tuple(calendar.month_name[number].casefold() for number in range(1, 13))
_ZONE = r"Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?"
#: Directives of strptime as patterns, which RE2 (for columns) and Python (for cells) read alike.
DIRECTIVES = {
    "Y": "(?P<Y>[0-9]{4})",
    "y": "(?P<y>[0-9]{2})",
    "m": "(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": "(?P<d>3[01]|[12][0-9]|0[1-9]|[1-9])",
    "b": f"(?P<b>{'|'.join(MONTHS)})",
    "B": f"(?P<b>{'|'.join(FULL)})",
    "H": "(?P<H>2[0-3]|[01][0-9]|[0-9])",
    "I": "(?P<I>1[0-2]|0[1-9]|[1-9])",
    "M": "(?P<M>[0-5][0-9]|[0-9])",
    "S": "(?P<S>[0-5][0-9]|[0-9])",
    "f": "(?P<f>[0-9]{1,9})",
    "p": "(?P<p>am|pm)",
    "z": f"(?P<z>{_ZONE})",
    "%": "%",
}
_TIME = r"(?P<H>2[0-3]|[01][0-9]):(?P<M>[0-5][0-9])(?::(?P<S>[0-5][0-9])(?:[.,](?P<f>[0-9]{1,9}))?)?"
_YEAR = "(?P<Y>[0-9]{4})"
ISO = rf"{_YEAR}-(?P<m>1[0-2]|0?[1-9])-(?P<d>3[01]|[12][0-9]|0?[1-9])(?:[T ]{_TIME}(?: ?(?P<z>{_ZONE}))?)?"
#: An ISO text that reads as another day in the format.
_SWAPPED = re.compile(r"%Y-%d")
_SECOND, _EPOCH = 1_000_000_000, datetime.date(1970, 1, 1).toordinal()
#: The first moment, and the first one after the last, in microseconds since 1970.
EARLIEST, LATEST = (int(np.datetime64(f"{year}-01-01", "us").astype(np.int64)) for year in (FIRST_YEAR, LAST_YEAR + 1))
#: What is wrong with a local time, by its kind.
REASONS = {
    zones.TWICE: "a local time that comes twice in {zone}, where the clock is set back: write its offset",
    zones.NEVER: "a local time that {zone} never has, where the clock is set forward: write its offset",
}


class Unread(ValueError):
    """A text that is no moment. The message says why where there is more to say."""


def check(format: str, name: str) -> None:
    """Raise InputError naming a setting or an entry whose format no reader knows, or that gives no whole day."""
    used = re.findall("%(.?)", format)
    odd = [letter for letter in used if letter not in DIRECTIVES]
    known = ", ".join(f"%{letter}" for letter in DIRECTIVES if letter != "%")
    if odd:
        raise InputError(f"{name}: {format!r} uses %{odd[0]}; expected of strptime's directives only {known}")
    plain = [letter for letter in used if letter != "%"]
    if len(set(plain)) < len(plain) or len({"Y", "y"} & set(plain)) != 1 or {"b", "B"} <= set(plain):
        raise InputError(f"{name}: {format!r} is no date's; expected a year and each part once, such as %d/%m/%Y")
    if ("I" in plain) != ("p" in plain):
        raise InputError(f"{name}: {format!r} needs %I and %p together, or %H alone")


def pattern(format: str | None) -> str:
    """The format (None: ISO 8601) as a regular expression for the whole of a text without blanks around it."""
    if format is None:
        return ISO
    parts = re.split(r"(%.|\s+)", format)
    return "".join(
        DIRECTIVES[part[1]] if part.startswith("%") else r"\s+" if part.isspace() else re.escape(part)
        for part in parts
        if part
    )


def spellings(format: str | None) -> tuple[str | None, ...]:
    """The formats that cells of a column may have, the column's own first: ISO 8601 too, where it cannot mean another
    day."""
    return (format,) if format is None or _SWAPPED.search(format) else (format, None)


def read(text: str, format: str | None, zone: str | None) -> int | None:
    """Return the moment of a text in nanoseconds since 1970 (UTC), None for one that is too far to be one.

    Raises Unread for a text that is no moment, or a local time that its zone has twice or never.
    """
    bare = text.strip()
    if format is None and len(bare) in (10, 19) and bare[4] == bare[7] == "-" and bare[10:11] in ("", "T", " "):
        try:  # the common case, twenty times as quick
            quick = None if bare[11:13] == "24" else datetime.datetime.fromisoformat(bare)
        except ValueError:
            quick = None
        if quick is not None:
            return _of_date(quick, zone)
    for one in spellings(format):
        if found := _compiled(one).fullmatch(bare):
            return _assembled(found.groupdict(), zone)
    raise Unread


def matches(text: str, format: str | None) -> bool:
    """Whether a text without blanks around it has the shape of a format; 31.02.2024 has, and is no day yet."""
    return _compiled(format).fullmatch(text) is not None


def cell(value: Any, format: str | None, zone: str | None) -> int | None:
    """Return the moment of any cell that is not missing, as `read` does of a text; raises Unread.

    numpy's moments are in UTC already. Numbers are read where there is a format (2015.0 is the text 2015).
    """
    if isinstance(value, str):
        return read(value, format, zone)
    if isinstance(value, np.datetime64):
        coarse = int(value.astype("M8[us]").astype(np.int64))
        return int(value.astype("M8[ns]").astype(np.int64)) if EARLIEST <= coarse < LATEST else None
    if isinstance(value, datetime.date):
        return _of_date(value, zone)
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if format is None or not number or value % 1 != 0:  # the rest of infinity is NaN
        raise Unread
    return read(str(int(value)), format, zone)


def fault(value: Any, format: str | None, zone: str | None) -> str:
    """Why a cell is no moment, where there is more to say than that; else nothing."""
    try:
        plain = isinstance(value, str | datetime.date)
        if plain and value == value:
            cell(value, format, zone)
    except Unread as why:
        return str(why)
    return ""


def written(times: Array, zone: str | None = None, days: bool = False) -> list[str]:
    """Moments [n] (datetime64, UTC) in ISO 8601, with the offset that `zone` has then; fractions where there are any.

    `days` leaves the time of day away where there is no zone. A missing moment is NaT.
    """
    if zone is None:
        return [str(moment) for moment in times.astype("M8[D]" if days else _unit(times))]
    clock = zones.local(times, zone)
    ahead = zones.offsets(times.astype("M8[s]").astype(np.int64), zone).tolist()
    ends = ["Z" if zone == "UTC" else zones.shown(seconds) for seconds in ahead]
    pairs = zip(clock.astype(_unit(clock)), ends, strict=True)
    return [str(moment) + ("" if np.isnat(moment) else end) for moment, end in pairs]


def formatted(times: Array, format: str | None, zone: str | None) -> list[str | None]:
    """Moments [n] as cells of a column with a format and a zone, which `read` gives back; None where missing."""
    if None in spellings(format):
        return [None if text == "NaT" else text for text in written(times, zone)]
    assert format is not None
    clock = zones.local(times.astype("M8[us]"), zone)
    return [None if moment is None else moment.strftime(format) for moment in clock.tolist()]


def example(format: str | None, zone: str | None) -> str:
    """A moment as people write it into such a column: noon of the last of January 2026."""
    if format is None:
        return written(zones.instants(np.array(["2026-01-31T12:00:00"], "M8[s]"), zone)[0], zone)[0]
    place = datetime.UTC if zone is None else zones.named(zone)
    return datetime.datetime(2026, 1, 31, 12, tzinfo=place).strftime(format)


def expected(format: str | None, zone: str | None = None) -> str:
    """What a cell should look like, in words."""
    where = f", local time of {zone} or with an offset" if zone else ""
    if format is not None:
        return f"a date like {format}{where}"
    return f"a date such as 2024-01-31 or 2024-01-31T12:00:00{where}"


def far(year: int) -> bool:
    """Whether a year is no year of moments."""
    return not FIRST_YEAR <= year <= LAST_YEAR


def century(two: int) -> int:
    """The year of two digits, as strptime has it: 69 to 99 are of the last century."""
    return two + (2000 if two < 69 else 1900)


def offset(text: str) -> int:
    """The seconds of an offset such as Z, +02, +0200 or -03:30; raises Unread for one of a day or more."""
    if text.upper() in ("Z", "UTC"):
        return 0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise Unread
    return (-60 if text[0] == "-" else 60) * (60 * hours + minutes)


def _unit(times: Array) -> str:
    """The coarsest of seconds, microseconds and nanoseconds that keeps all of the moments."""
    known = times[~np.isnat(times)]
    return next((unit for unit in ("M8[s]", "M8[us]") if (known.astype(unit) == known).all()), "M8[ns]")


def _assembled(parts: Mapping[str, str | None], zone: str | None) -> int | None:
    """The moment of the parts of a text."""
    year = int(parts["Y"] or 0) if parts.get("Y") else century(int(parts.get("y") or 0))
    name = parts.get("b")
    month = MONTHS.index(name[:3].casefold()) + 1 if name else int(parts.get("m") or 1)
    try:
        date = datetime.date(year, month, int(parts.get("d") or 1))
    except ValueError:
        raise Unread from None
    ends = parts.get("z")
    ahead = None if ends is None else offset(ends)
    if far(year):
        return None
    hour = int(parts.get("H") or 0)
    if parts.get("I"):
        hour = int(parts["I"] or 0) % 12 + 12 * ((parts.get("p") or "").casefold() == "pm")
    seconds = hour * 3600 + int(parts.get("M") or 0) * 60 + int(parts.get("S") or 0)
    return _instant(date, seconds * _SECOND + int((parts.get("f") or "").ljust(9, "0")), ahead, zone)


def _of_date(value: datetime.date, zone: str | None) -> int | None:
    """The moment of Python's own; a date is its midnight."""
    if far(value.year):
        return None
    if not isinstance(value, datetime.datetime):
        return _instant(value, 0, None, zone)
    clock = (value.hour * 3600 + value.minute * 60 + value.second) * _SECOND + value.microsecond * 1000
    ahead = value.utcoffset()
    return _instant(value.date(), clock, None if ahead is None else round(ahead.total_seconds()), zone)


def _instant(date: datetime.date, within: int, ahead: int | None, zone: str | None) -> int:
    """The instant of `within` nanoseconds after a midnight, in UTC or by how many seconds the clock is `ahead`."""
    found = (date.toordinal() - _EPOCH) * zones.DAY * _SECOND + within
    if ahead is not None:
        return found - ahead * _SECOND
    if zone is None or zone == "UTC":
        return found
    seconds, fraction = divmod(found, _SECOND)
    moment, kind = zones.instant(seconds, zone)
    if kind != zones.ONCE:
        raise Unread(REASONS[kind].format(zone=zone))
    return moment * _SECOND + fraction


@lru_cache(maxsize=256)
def _compiled(format: str | None) -> re.Pattern[str]:
    return re.compile(pattern(format), re.IGNORECASE if format is not None else 0)
