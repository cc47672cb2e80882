"""Which time ranges of the log are evaluated: those that ended since the last run, or the newest one once more.

    last window evaluated   ├──────────┤
    until, a while later                  …────────┤          sooner than a window: the newest, again, as it is now
    until, days later                  ├──────────┼─────────┤   windows that end at until, back to where that one ended

A scheduler is never on time to the second, so a run a little early or late (an eighth of a window) still makes one
window, as long as the time that passed.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.errors import InputError
from . import window
from .settings import MonitorSettings, moment, written

if TYPE_CHECKING:
    from ..prediction_log.database import Database

#: How much sooner than a whole window after the last one a new one begins, as a share of it.
EARLY = 0.125


@dataclass(frozen=True)
class TimeRange:
    """From `start` (included) to `end` (not included), in seconds since 1970; `id` names the window."""

    id: str
    start: float
    end: float


def due(settings: MonitorSettings, database: Database) -> list[TimeRange]:
    """Return the time ranges to evaluate, oldest first; none where nothing was ever logged.

    Raises InputError where `monitor.until` lies before what was evaluated already.
    """
    length = settings.window_seconds
    until = settings.until_seconds
    end = time.time() if until is None else until
    before = window.kept(database, window.LOG, limit=1)
    if not before:
        first = _first(database, end)
        return [] if first is None else _back(end, length, first, settings.windows)
    last = before[0]
    origin = moment(last.id, "window_log")
    if end < last.end - length:
        raise InputError(
            f"monitor.until: {written(end)} lies before the newest window that was looked at (to {written(last.end)}); "
            "windows go forward: leave it out, or name another log.database"
        )
    if end - origin >= (1 - EARLY) * length:
        count = max(1, round((end - origin) / length))
        found = _tiles(end, length, count)[-settings.windows :]
        if count <= settings.windows:  # nothing between the last window and the first of these gets lost
            found[0] = TimeRange(found[0].id, origin, found[0].end)
        return found
    if end <= last.end:  # the same run again, or a clock that went back a little
        return [TimeRange(last.id, last.start, last.end)]
    return [TimeRange(last.id, end - length, end)]


def _back(end: float, length: float, first: float, most: int) -> list[TimeRange]:
    """Windows back from the end until they hold the first entry."""
    count = max(1, math.ceil((end - first) / length - EARLY))
    found = _tiles(end, length, min(count, most))
    if count <= most:
        found[0] = TimeRange(found[0].id, min(found[0].start, first), found[0].end)
    return found


def _tiles(end: float, length: float, count: int) -> list[TimeRange]:
    return [
        TimeRange(written(end - later * length), end - (later + 1) * length, end - later * length)
        for later in range(count - 1, -1, -1)
    ]


def _first(database: Database, end: float) -> float | None:
    """The moment of the first entry before the end, or None."""
    found = [
        database.rows(f"SELECT MIN(at) FROM {table} WHERE at < ?{extra}", (end,))[0][0]
        for table, extra in (("prediction_log", " AND source IN ('rest', 'batch')"), ("refusal_log", ""))
    ]
    return min((float(at) for at in found if at is not None), default=None)
