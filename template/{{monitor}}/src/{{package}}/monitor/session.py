"""One run of `monitor`: which windows, looked at, kept, judged, told, and what is left for readers."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import champion, live
from ..alert import files
from ..alert.deliver import deliver
from ..alert.judge import Standing, judge, standing
from ..alert.settings import AlertSettings
from ..errors import InputError
from ..log.database import open_database
from ..log.settings import LogSettings
from ..log.ship import ship_once
from . import window
from .detail import Detail
from .look import Looker
from .settings import MonitorSettings
from .stretch import stretches
from .window import Window

if TYPE_CHECKING:
    from ..alert.event import Event
    from ..config import RunConfig
    from ..log.database import Database
    from ..predictor import Predictor
    from .reading import Traffic

#: Windows that the page shows.
SHOWN = 400


@dataclass
class Seen:
    """What a run saw. `events` are those of its windows, oldest first; `history` all windows that the page shows,
    `alerts` what fired and resolved in them, `standing` what is firing now."""

    config: RunConfig
    settings: MonitorSettings
    model: Predictor
    database: str
    windows: list[Window] = field(default_factory=list)
    history: list[Window] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    standing: list[Standing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def fired(self) -> bool:
        """Whether an alert fired in a window of this run."""
        return any(event.kind == "fired" for event in self.events)


def run(config: RunConfig) -> Seen:
    """Look at the windows that are due. Raises InputError where a setting or the data do not fit."""
    settings = config.layer("monitor", MonitorSettings)
    settings.check()
    logged = config.layer("log", LogSettings)
    rules = config.layer("alert", AlertSettings)  # checked before anything is looked at
    model = champion.serving(config, bulk=settings.current is not None)
    with open_database(logged.database, config.root) as database, Detail(config, settings.detail_rows) as detail:
        looker = Looker(config, settings, database, model, detail.send)
        looker.check()
        rules.check(live.watched(model.contract))
        seen = Seen(config, settings, model, database.described)
        with _uncollected():
            traffic = _look(looker, seen, rules)
        seen.notes += deliver(rules, database, config.root)  # what fails is told in the next run
        stream = window.CURRENT if settings.current is not None else window.LOG
        seen.history = window.kept(database, stream, SHOWN)
        seen.alerts = _alerts(database, stream)
        seen.standing = standing(rules, database, stream)
        seen.notes += looker.notes
        _leave(seen, traffic, detail)
    seen.files |= files.write(rules, settings, config)
    return seen


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Do without the collector of cycles for a while: millions of rows make none, and looking for some among them takes
    a third of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _look(looker: Looker, seen: Seen, rules: AlertSettings) -> Traffic | None:
    """Look at each window, keep it, judge it; return the traffic of the newest one."""
    database, traffic = looker.database, None
    if looker.settings.current is not None:
        found, traffic = looker.current()
        _judged(seen, rules, database, found)
        return traffic
    seen.notes += _shipped(looker.config)
    due = stretches(looker.settings, database)
    for stretch in due:
        found, traffic = looker.log(stretch, newest=stretch is due[-1])
        _judged(seen, rules, database, found)
    if not due:
        seen.notes.append(f"nothing has been logged in {database.described} yet: serve or score something first")
    return traffic


def _judged(seen: Seen, rules: AlertSettings, database: Database, found: Window) -> None:
    seen.events += judge(rules, database, found)
    window.keep(database, found)  # afterwards: should the process die in between, the next run looks again
    seen.windows.append(found)


def _shipped(config: RunConfig) -> list[str]:
    """Bring what still lies in local files into the database; what cannot be brought is a note."""
    try:
        shipped = ship_once(config.layer("log", LogSettings), config.root)
    except InputError as error:
        return [str(error)]
    return [f"{shipped.broken:,} lines of the local log could not be read"] if shipped.broken else []


def _alerts(database: Database, stream: str) -> list[dict[str, Any]]:
    """What fired and resolved so far, newest first."""
    names = ("window_id", "at", "kind", "rule", "subject", "severity", "says")
    rows = database.rows(
        f"SELECT {', '.join(names)} FROM alert_log WHERE stream = ? ORDER BY at DESC, id LIMIT 500", (stream,)
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _leave(seen: Seen, traffic: Traffic | None, detail: Detail) -> None:
    """Write the page and the file for Prometheus, and the run in MLflow."""
    from . import page, prometheus, tracked

    folder = seen.config.root / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    if seen.windows:
        _written(folder / "monitor.prom", prometheus.text(seen))
        seen.files["prometheus"] = "reports/monitor.prom"
    if seen.settings.track and seen.windows:
        seen.notes += tracked.keep(seen)
    detailed = detail.drawn()
    seen.notes += detail.notes
    _written(folder / "monitor.html", page.page(seen, traffic, detailed))
    seen.files["page"] = "reports/monitor.html"


def _written(path: Path, text: str) -> None:
    """Write a file under another name first, so that a reader never sees half of it."""
    import os

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf8")
    temporary.replace(path)
