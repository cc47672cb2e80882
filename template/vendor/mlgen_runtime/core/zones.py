"""What the clocks of a time zone show: between instants (UTC) and the local time of a place.

    local(np.array(["2024-10-27T00:30"], "M8[s]"), "Europe/Berlin")      → 2024-10-27T02:30
    instants(np.array(["2024-10-27T02:30"], "M8[s]"), "Europe/Berlin")   → 2024-10-27T00:30, and the kind TWICE

A zone is a name of the IANA database (Europe/Berlin, UTC) or an offset (+05:30). numpy is all that a server needs.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from bisect import bisect_right
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError, nearest

Array = npt.NDArray[Any]

OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
DAY = 86_400
#: How a local time stands to the instants: one of them, two (a clock was set back), none (it was set forward).
ONCE, TWICE, NEVER = 0, 1, 2
#: Seconds since 1970 between which changes of clocks are looked for (1800 and 2262), and how far apart: no zone changes
#: its clock twice in that time.
_FIRST, _LAST, _STEP = -5_364_662_400, 9_214_646_400, 7 * DAY


def named(zone: str) -> datetime.tzinfo:
    """Return the zone of a name; raises InputError for one that is not known."""
    if found := OFFSET.fullmatch(zone):
        hours, minutes = int(found[2]), int(found[3])
        if hours < 24 and minutes < 60:
            size = datetime.timedelta(hours=hours, minutes=minutes)
            return datetime.timezone(-size if found[1] == "-" else size)
    elif zone == "UTC":
        return datetime.UTC
    else:
        try:
            return zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass
    names = zoneinfo.available_timezones()
    hint = "" if names else "; this machine has no list of zones: install the package tzdata"
    raise InputError(
        f"zone: {zone!r} is not known{nearest(zone, sorted(names))}{hint}; expected a name such as Europe/Berlin or "
        "UTC, or an offset such as +02:00"
    )


def normal(end: str) -> str:
    """An offset as a zone is named: Z, UTC and +00:00 are UTC, +0200 is +02:00; other names stay."""
    if end.upper() in ("Z", "UTC", "ETC/UTC", "ETC/GMT", "GMT"):
        return "UTC"
    match = re.fullmatch(r"([+-]\d{2}):?(\d{2})?", end)
    if match is None:
        return end
    whole = f"{match[1]}:{match[2] or '00'}"
    return "UTC" if whole in ("+00:00", "-00:00") else whole


def offsets(instants: Array, zone: str) -> Array:
    """Return by how many seconds [n] the clocks of a zone are ahead of UTC at instants [n] of whole seconds (int64)."""
    starts, ahead = _changes(zone)
    return ahead[np.maximum(np.searchsorted(starts, instants, side="right") - 1, 0)]


def local(instants: Array, zone: str | None) -> Array:
    """Return what the clocks of a zone show at instants [n] of datetime64, in their unit; without a zone the same."""
    if zone is None or zone == "UTC":
        return instants
    ahead = offsets(instants.astype("M8[s]").astype(np.int64), zone)
    return np.where(np.isnat(instants), instants, instants + ahead.astype("m8[s]"))


def instants(local: Array, zone: str | None) -> tuple[Array, Array]:
    """Return the instants [n] of local times [n] of datetime64, in their unit, and of which kind each is.

    Of two instants the earlier is given; a time that the clock jumps over is given as long after the change as it is
    after the jump. Midnight is the first instant of its day, and always of the kind ONCE.
    """
    if zone is None or zone == "UTC":
        return local, np.zeros(local.shape, dtype=np.int64)
    seconds = local.astype("M8[s]").astype(np.int64)
    before, after = offsets(seconds - DAY, zone), offsets(seconds + DAY, zone)
    early, late = (offsets(seconds - ahead, zone) == ahead for ahead in (before, after))
    found = local - np.where(early | ~late, before, after).astype("m8[s]")
    kinds = np.where(early & late & (before != after), TWICE, np.where(early | late, ONCE, NEVER))
    midnight = local == local.astype("M8[D]")
    return np.where(np.isnat(local), local, found), np.where(midnight | np.isnat(local), ONCE, kinds)


def instant(local: int, zone: str) -> tuple[int, int]:
    """`instants` of a single local time in seconds since 1970, without the cost of arrays."""
    before, after = ahead(local - DAY, zone), ahead(local + DAY, zone)
    early, late = ahead(local - before, zone) == before, ahead(local - after, zone) == after
    kind = ONCE if local % DAY == 0 or early != late or before == after else TWICE if early else NEVER
    return local - (before if early or not late else after), kind


def ahead(instant: int, zone: str) -> int:
    """`offsets` of a single instant in seconds since 1970."""
    starts, found = _listed(zone)
    return found[max(bisect_right(starts, instant) - 1, 0)]


def shown(seconds: int) -> str:
    """An offset of whole minutes as ISO 8601 writes it: +02:00; Z is never written for it."""
    sign, size = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{size // 60:02}:{size % 60:02}"


@lru_cache(maxsize=32)
def _changes(zone: str) -> tuple[Array, Array]:
    """From which seconds [k] on the clocks are how many seconds [k] ahead of UTC; whole minutes, as ISO 8601 has it."""
    place = named(zone)

    def ahead(second: int) -> int:
        moment = datetime.datetime.fromtimestamp(second, place)
        size = moment.utcoffset() or datetime.timedelta()
        return round(size.total_seconds() / 60) * 60

    starts, found = [np.iinfo(np.int64).min], [ahead(_FIRST)]
    if isinstance(place, zoneinfo.ZoneInfo):
        for low in range(_FIRST, _LAST, _STEP):
            high = low + _STEP
            if ahead(high) == found[-1]:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if ahead(middle) != found[-1] else (middle, high)
            starts.append(high)
            found.append(ahead(high))
    return np.array(starts, dtype=np.int64), np.array(found, dtype=np.int64)


@lru_cache(maxsize=32)
def _listed(zone: str) -> tuple[list[int], list[int]]:
    starts, found = _changes(zone)
    return starts.tolist(), found.tolist()
