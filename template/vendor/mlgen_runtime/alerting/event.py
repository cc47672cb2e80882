"""What happened to a rule: it fired, or it resolved. One event, in words and as plain data, and where all are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..monitoring.alerts import PastAlert, titled
from ..monitoring.window import deployment
from .state import Kind

if TYPE_CHECKING:
    from ..prediction_log.database import Database

#: Events that a page is told of at most.
SHOWN = 500


@dataclass(frozen=True, kw_only=True)
class Event:
    """A rule fired or resolved in a window, for a column, label or slice ("" for the whole), of one `deployment` or of
    all ("")."""

    kind: Kind
    rule: str
    subject: str
    severity: str
    message: str
    window_id: str
    runbook: str
    deployment: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The event as plain data, for reports."""
        return asdict(self)

    @property
    def title(self) -> str:
        """One line for people."""
        of = titled(self.rule, self.subject, self.deployment)
        return one_line(f"{self.severity} {self.kind}: {of} – {self.message}")


def identity(stream: str, event: Event, turn: int) -> str:
    """A name that the same event has each time that its window is judged: nothing is written down twice."""
    parts = [stream, event.rule, event.subject, event.window_id, event.kind, turn]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def append(database: Database, stream: str, event: Event, turn: int, at: float, owed: Sequence[str]) -> None:
    """Write an event down, with the sinks that are to be told; one that is there already stays as it is."""
    told = json.dumps(dict.fromkeys(owed), ensure_ascii=False)
    told_of = (event.kind, event.rule, event.subject, event.severity, event.message)
    database.run(
        "INSERT INTO alert_log (id, stream, window_id, at, kind, rule, subject, severity, message, told) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        (identity(stream, event, turn), stream, event.window_id, at, *told_of, told),
    )


def turns(database: Database, stream: str, rules: Sequence[str]) -> list[tuple[object, ...]]:
    """Return rule, subject, moment and kind of all that happened to some rules, in order."""
    marks = ", ".join("?" * len(rules))
    return database.rows(
        f"SELECT rule, subject, at, kind FROM alert_log WHERE stream = ? AND rule IN ({marks}) ORDER BY at, kind",
        (stream, *rules),
    )


def past(database: Database, streams: Sequence[str]) -> list[PastAlert]:
    """Return what fired and resolved so far in some streams, newest first."""
    names = ("window_id", "at", "kind", "rule", "subject", "severity", "message")
    rows = database.rows(
        f"SELECT stream, {', '.join(names)} FROM alert_log WHERE stream IN ({', '.join('?' * len(streams))}) "
        f"ORDER BY at DESC, id LIMIT {SHOWN}",
        tuple(streams),
    )
    return [
        PastAlert(deployment=deployment(str(stream)), **dict(zip(names, row, strict=True))) for stream, *row in rows
    ]


def one_line(text: str) -> str:
    """Text that came from data, in one line and without control characters: it goes into logs and headers of mail."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
