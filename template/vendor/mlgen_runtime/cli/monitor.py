"""Look at production: drift, errors, latency, and quality and business value once the truth is known; raise alerts.

Looks at the log of predictions in windows (`monitor.window`), from where the last run stopped; sooner than a window
after it, at the newest one again. `monitor.current=` looks at a file, a table or a query instead. Figures are compared
with the bundle that answered; where there are too few rows, it says so and judges nothing. What the service and what
batch runs answered is judged apart as well as together. Exit code 3: an alert fired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..alerting.event import Event
    from ..config.run import RunConfig
    from ..monitoring.alerts import FiringAlert
    from ..monitoring.run import MonitoringRun
    from ..monitoring.window import Window

SETTINGS = (
    "monitor.current",
    "monitor.window",
    "monitor.until",
    "monitor.min_rows",
    "monitor.min_outcomes",
    "monitor.slices",
    "monitor.value",
    "monitor.track",
    "monitor.detail_rows",
    "log.database",
)


def run(config: RunConfig) -> VerbReport:
    """Evaluate all windows that are due, judge them, tell, and leave the reports."""
    found = evaluate(config)
    for line in _lines(found):
        print(line)
    return VerbReport(_report(found), exit_code=3 if found.fired else 0)


@dataclass(frozen=True)
class Monitored:
    """What a run found: its windows and notes, what fired and resolved in it, what is firing now, and the files that it
    left, by what they are for."""

    run: MonitoringRun
    database: str
    events: list[Event]
    firing: list[FiringAlert]
    files: dict[str, str]

    @property
    def windows(self) -> list[Window]:
        """The windows that were evaluated, oldest first."""
        return self.run.windows

    @property
    def notes(self) -> list[str]:
        """What the reader should know."""
        return self.run.notes

    @property
    def fired(self) -> bool:
        """Whether an alert fired in a window of this run."""
        return any(event.kind == "fired" for event in self.events)


def evaluate(config: RunConfig) -> Monitored:
    """Have monitoring evaluate what is due, and alerting judge it and tell. Raises InputError where a setting or the
    data do not fit."""
    from ..alerting import files
    from ..alerting.deliver import deliver
    from ..alerting.settings import AlertSettings
    from ..alerting.windows import WindowAlerts
    from ..monitoring import reports
    from ..monitoring import run as monitoring
    from ..monitoring.settings import MonitorSettings

    settings = config.layer("monitor", MonitorSettings)
    settings.check()
    rules = config.layer("alert", AlertSettings)  # checked before anything is opened
    with monitoring.opened(config, settings) as opened:
        rules.check(opened.watched)
        alerts = WindowAlerts(rules, opened.database)
        opened.evaluate(alerts)
        # what fails here is told in the next run
        opened.notes += deliver(rules, opened.database, config.root, config.project.name)
        shown = alerts.shown(opened.stream)
        written = reports.write(opened, shown, ", ".join(event.title for event in alerts.fired))
    written |= files.write(rules, settings, config)
    return Monitored(opened, opened.database.described, alerts.events, list(shown.firing), written)


def _lines(found: Monitored) -> Iterator[str]:
    """The lines for the terminal: what fired, the newest window, where the rest is."""
    from ..core.text_table import table
    from ..monitoring import summary

    for event in found.events:
        yield f"  {'▲' if event.kind == 'fired' else '▽'} {event.title}"
    if found.windows:
        yield f"  {summary.title(found.windows, found.run.settings.current)}"
        yield ""
        yield from (f"     {line}" for line in table(summary.rows(found.windows[-1])))
        yield ""
        for part in found.windows[-1].apart:
            yield f"  {summary.part_title(part)}"
            if moved := summary.moved(part):
                yield from (f"     {line}" for line in table(moved))
                yield ""
    for note in found.notes:
        yield f"  Note: {note}"
    for name, path in found.files.items():
        yield f"  {name:<12} {path}"


def _report(found: Monitored) -> dict[str, Any]:
    """The content of reports/monitor.json."""
    from ..monitoring import summary

    model, windows = found.run.champion, found.windows
    return {
        "champion": model.version,
        "model": model.card.get("model"),
        "database": found.database,
        "current": found.run.settings.current,
        "fired": [event.to_dict() for event in found.events if event.kind == "fired"],
        "resolved": [event.to_dict() for event in found.events if event.kind == "resolved"],
        "active": [alert.to_dict() for alert in found.firing],
        "rows": sum(window.rows for window in windows),
        "requests": sum(window.requests for window in windows),
        "windows": [summary.entries(window) for window in windows],
        "notes": found.notes,
        "files": found.files,
        "headline": summary.headline(windows[-1]) if windows else {},
    }
