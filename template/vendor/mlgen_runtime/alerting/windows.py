"""The alerts of one run of monitoring: each window is judged as it is evaluated; in the end, what is firing is shown.

alerts = WindowAlerts(settings, database)
run.evaluate(alerts)                  fills alerts.events
alerts.shown("log")                   for pages
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..monitoring.alerts import ShownAlerts
from ..monitoring.window import streams
from . import event
from .judge import judge, standing

if TYPE_CHECKING:
    from ..monitoring.window import Window
    from ..prediction_log.database import Database
    from .event import Event
    from .settings import AlertSettings

#: Metrics whose firing makes a window unfit to say what latency is usual.
LATENCY = ("latency_ratio", "latency_p50_ms", "latency_p95_ms", "latency_p99_ms")


class WindowAlerts:
    """Judges windows by the rules. `events` is what fired and resolved in them, oldest first."""

    def __init__(self, settings: AlertSettings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.events: list[Event] = []

    def judge(self, window: Window) -> None:
        """Judge a window by every rule, and write down what fired and resolved in it."""
        self.events += judge(self.settings, self.database, window)

    def quiet(self, windows: Sequence[Window]) -> list[Window]:
        """Those of some windows of the log, oldest first, in which no rule on latency was firing."""
        rules = [name for name, rule in self.settings.rules.items() if rule.metric in LATENCY]
        if not rules or not windows:
            return list(windows)
        turns = event.turns(self.database, windows[0].stream, rules)
        return [window for window in windows if not _firing(turns, window.end)]

    def shown(self, stream: str) -> ShownAlerts:
        """What is firing in a stream and its parts, and what fired and resolved in them so far."""
        every = streams(stream)
        return ShownAlerts(firing=standing(self.settings, self.database, *every), past=event.past(self.database, every))

    @property
    def fired(self) -> list[Event]:
        """What fired in the windows of this run."""
        return [event for event in self.events if event.kind == "fired"]


def _firing(turns: Sequence[tuple[object, ...]], at: float) -> bool:
    """Whether any rule had fired, and not resolved, by a moment."""
    state = {(rule, subject): kind for rule, subject, moment, kind in turns if float(str(moment)) <= at}
    return "fired" in state.values()
