"""A window: a time range of the log, or an uploaded table, that is evaluated as one; and the record of all that were.

keep(database, window)          the window as it is now, in place of what it was
kept(database, "log", limit=30) the newest of a stream, oldest first: what plots and relative figures read

A window of the log has parts, one for each deployment that answered in it: service and batch are asked about different
rows, and what moved in the smaller of them would drown in the larger. Each part is a window of a stream of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .measure import Measure

if TYPE_CHECKING:
    from ..prediction_log.database import Database

#: The streams: what was logged, and tables that were uploaded as monitor.current=.
LOG, CURRENT = "log", "current"
#: The deployments that log answers, each a stream beside that of the whole; so the log itself calls them (`source`).
REST, BATCH = "rest", "batch"
DEPLOYMENTS = (REST, BATCH)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What was found. `id` is the end in ISO 8601 for the log, the rows' fingerprint for an uploaded table; `start` and
    `end` are seconds since 1970 (UTC); `model_version` is the version whose reference it was compared with; `parts` are
    those of the deployments, of a window that was just evaluated."""

    stream: str
    id: str
    start: float
    end: float
    model_version: str
    rows: int
    requests: int
    measures: tuple[Measure, ...]
    parts: tuple[Window, ...] = ()

    @property
    def deployment(self) -> str:
        """Of which deployment it is; "" for the whole."""
        return deployment(self.stream)

    @property
    def apart(self) -> tuple[Window, ...]:
        """The parts where there are several: a single one is the whole under another name."""
        return self.parts if len(self.parts) > 1 else ()

    def of(self, metric: str, subject: str | None = None) -> list[Measure]:
        """The figures of a metric, of one subject or of all."""
        return [found for found in self.measures if found.metric == metric and subject in (None, found.subject)]


def deployment(stream: str) -> str:
    """The deployment that a stream is of; "" for one of all."""
    return stream if stream in DEPLOYMENTS else ""


def streams(stream: str) -> tuple[str, ...]:
    """A stream and those of its parts."""
    return (stream, *DEPLOYMENTS) if stream == LOG else (stream,)


def keep(database: Database, window: Window) -> None:
    """Keep a window and its parts as they are now; one that was evaluated before is replaced."""
    for part in window.parts:
        keep(database, part)
    measures = json.dumps([measure.to_dict() for measure in window.measures], ensure_ascii=False, allow_nan=False)
    identity = (window.stream, window.id)
    figures = (window.start, window.end, window.model_version, window.rows, window.requests, measures)
    database.run(
        "INSERT INTO window_log (stream, id, start_at, end_at, model_version, rows, requests, measures) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, id) DO UPDATE SET start_at = excluded.start_at, "
        "end_at = excluded.end_at, model_version = excluded.model_version, rows = excluded.rows, "
        "requests = excluded.requests, measures = excluded.measures",
        (*identity, *figures),
    )


def kept(
    database: Database, stream: str | None = LOG, limit: int | None = None, before: float | None = None
) -> list[Window]:
    """Return the windows of a stream (None: of all), oldest first: the newest `limit` that end before a moment."""
    conditions = ["1 = 1"] + ["stream = ?"] * (stream is not None) + ["end_at < ?"] * (before is not None)
    values = [value for value in (stream, before) if value is not None]
    bound = f" LIMIT {int(limit)}" if limit is not None else ""
    rows = database.rows(
        "SELECT stream, id, start_at, end_at, model_version, rows, requests, measures FROM window_log "
        f"WHERE {' AND '.join(conditions)} ORDER BY end_at DESC, id DESC{bound}",
        values,
    )
    return [_window(row) for row in rows][::-1]


def _window(row: tuple[object, ...]) -> Window:
    stream, name, start, end, version, rows, requests, measures = row
    return Window(
        stream=str(stream),
        id=str(name),
        start=float(str(start)),
        end=float(str(end)),
        model_version=str(version or ""),
        rows=int(str(rows)),
        requests=int(str(requests)),
        measures=tuple(Measure.from_dict(entries) for entries in json.loads(str(measures))),
    )
