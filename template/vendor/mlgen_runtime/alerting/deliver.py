"""Tell each sink what it is owed and has not been told, once.

An event is owed to the sinks that were on when it happened. What a sink is about to be told is claimed first, so that
two runs at once do not tell it twice; a claim that is never settled, because the process was killed, lapses. A sink
that is down is told in the next run. Nothing here raises for it: the report matters more.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..core.errors import InputError
from ..monitoring.window import deployment
from .event import Event
from .sink import sender
from .sink.notice import Notice, Unheard

if TYPE_CHECKING:
    from ..prediction_log.database import Database
    from .settings import AlertSettings

#: Seconds after which a claim lapses: longer than any sink takes with all its repetitions.
LAPSES = 900
#: Most notices in one message; what is more comes with the next.
MOST = 50


def deliver(settings: AlertSettings, database: Database, root: Path, project: str) -> list[str]:
    """Tell every sink that is on; return what failed, a sentence each. `project` is the name that notices carry."""
    failed: list[str] = []
    for sink in settings.told:
        while message := _deliver(sink, settings, database, root, project):
            failed += message.complaints
            if message.last:
                break
    return failed


@dataclass(frozen=True)
class _Delivery:
    """What came of one message: complaints, and whether it was the last."""

    complaints: list[str]
    last: bool


def _deliver(sink: str, settings: AlertSettings, database: Database, root: Path, project: str) -> _Delivery:
    now = time.time()
    try:
        notices = _claim(sink, settings, database, now, project)
        if not notices:
            return _Delivery([], last=True)
        complaint, heard = None, True
        try:
            sender(sink)(notices, settings, root)
        except Unheard as error:
            complaint, heard = str(error), error.told
        except Exception as error:  # whatever a sink does, the report is written
            complaint, heard = f"{type(error).__name__}: {error}", False
        _settle(sink, database, notices, at=now if heard else None)
    except InputError as error:  # the database went away between claiming and settling
        return _Delivery([f"{sink}: {error}"], last=True)
    if complaint is None:
        return _Delivery([], last=len(notices) < MOST)
    count = f"{len(notices)} notice{'s' * (len(notices) > 1)}"
    later = "" if heard else f"; {count} will be told in the next run"
    return _Delivery([f"alert.{sink}: {complaint}{later}"], last=not heard)


def _claim(sink: str, settings: AlertSettings, database: Database, now: float, project: str) -> list[Notice]:
    """Take what the sink is owed, oldest first, and mark it as being told."""
    notices: list[Notice] = []
    with database.transaction():
        for row in database.rows(_OWED + _locked(database), (f'%"{sink}": null%', f'%"{sink}": _"claimed"%')):
            told = json.loads(row[-1])
            if sink in told and _open(told[sink], now) and len(notices) < MOST:
                told[sink] = {"claimed": now}
                _write(database, row[0], told)
                notices.append(_notice(row, settings, project))
    return notices


_OWED = (
    "SELECT id, stream, window_id, at, kind, rule, subject, severity, message, told FROM alert_log "
    "WHERE told LIKE ? OR told LIKE ? ORDER BY at, rule, subject, id"
)


def _locked(database: Database) -> str:
    """SQLite has one writer at a time; PostgreSQL locks the rows until the claim is written."""
    return "" if database.is_sqlite else " FOR UPDATE"


def _open(entry: Any, now: float) -> bool:
    """Whether a sink is still to be told: nothing is written, or a claim that has lapsed."""
    return entry is None or (isinstance(entry, dict) and now - float(entry["claimed"]) > LAPSES)


def _settle(sink: str, database: Database, notices: list[Notice], at: float | None) -> None:
    """Write down when the sink was told; None gives the claim back."""
    with database.transaction():
        for notice in notices:
            query = "SELECT told FROM alert_log WHERE id = ?" + _locked(database)
            for (told,) in database.rows(query, (notice.id,)):
                _write(database, notice.id, {**json.loads(told), sink: at})


def _write(database: Database, event: str, told: dict[str, Any]) -> None:
    """Write down which sinks were told of an event."""
    entries = json.dumps(told, ensure_ascii=False)
    database.run("UPDATE alert_log SET told = ? WHERE id = ?", (entries, event))


def _notice(row: tuple[Any, ...], settings: AlertSettings, project: str) -> Notice:
    name, stream, window, at, kind, rule, subject, severity, message, _ = row
    known = settings.rules.get(rule)
    event = Event(
        kind=cast(Any, kind),
        rule=rule,
        subject=subject,
        severity=severity,
        message=message,
        window_id=window,
        runbook=known.runbook if known else "",
        deployment=deployment(stream),
    )
    return Notice(id=name, project=project, stream=stream, at=at, event=event)
