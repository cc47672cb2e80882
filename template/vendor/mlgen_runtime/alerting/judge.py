"""Move the rules by a window, in the database: what fired, what resolved, where each rule stands.

    judge(settings, database, window)     [Event(kind="fired", rule="input_drift", subject="age", …)]
    standing(settings, database)          what is firing now

Each state is kept as it was before the window and after it, so that a window may be looked at again: with more rows in
it, it is judged anew from where the rule stood before; but what fired or resolved in it stays, for somebody was told.
A window that ends before the last one that was judged moves nothing.

The deployments of a window are judged apart as well, each in the states of its own stream. Where a figure of a part is
that of the whole (one deployment answered all rows; only the service has latency) it is the same finding, and moves the
part only where the part is already on its way, so that what fired apart also resolves apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..monitoring.alerts import FiringAlert
from ..monitoring.window import deployment
from .event import Event, append
from .state import START, State, step

if TYPE_CHECKING:
    from ..monitoring.measure import Measure
    from ..monitoring.window import Window
    from ..prediction_log.database import Database
    from .settings import AlertSettings, RuleSettings


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A state with the window that moved it last."""

    window: str
    before: State
    after: State

    @property
    def turned(self) -> bool:
        """Whether the rule fired or resolved in that window."""
        return self.before.active != self.after.active

    def moving(self, window: str) -> bool:
        """Whether it is firing before that window, or counts windows."""
        state = self.before if self.window == window else self.after
        return state.active or state.streak > 0

    def alive(self, window: str) -> bool:
        """Whether it is firing before that window, or was when that window was looked at first."""
        return self.before.active if self.window == window else self.after.active


def judge(settings: AlertSettings, database: Database, window: Window) -> list[Event]:
    """Judge a window and its parts by every rule; return what happened in it, the same for the same window again."""
    events: list[Event] = []
    with database.transaction():
        for part in (window, *window.parts):
            events += _judged(settings, database, part, () if part is window else window.measures)
    return events


def _judged(settings: AlertSettings, database: Database, window: Window, whole: Sequence[Measure]) -> Iterator[Event]:
    """Judge the window of one stream; `whole` are the figures of the window that it is a part of."""
    states = _states(database, window.stream)
    shared = {(measure.metric, measure.subject): (measure.value, measure.rows) for measure in whole}
    for name, rule in settings.judged.items():
        found = {measure.subject: measure for measure in window.of(rule.metric, rule.subject)}
        for subject, measure in {**found, **_gone(database, name, found, states, window)}.items():
            kept = states.get((name, subject), _UNSEEN)
            same = measure is not None and shared.get((rule.metric, subject)) == (measure.value, measure.rows)
            if same and not kept.moving(window.id):
                continue
            moved = _moved(rule, kept, measure, window)
            if moved != kept:
                _keep(database, window.stream, name, subject, moved)
            event = _event(name, rule, subject, moved, window)
            if window.end < moved.after.at and moved.window != window.id:
                yield from _earlier(database, rule, name, subject, window)
            elif event is not None:
                yield event
                owed = settings.owed(event.severity)
                append(database, window.stream, event, moved.after.turns, window.end, owed)


def standing(settings: AlertSettings, database: Database, *streams: str) -> list[FiringAlert]:
    """Return what is firing now, in some streams or in all, by the rules that are judged."""
    condition, values = (f"WHERE stream IN ({', '.join('?' * len(streams))})", streams) if streams else ("", ())
    rows = database.rows(f"SELECT stream, rule, subject, after FROM alert_state {condition} ORDER BY 1, 2, 3", values)
    found = []
    for place, name, subject, after in rows:
        state, rule = State.from_dict(json.loads(after)), settings.judged.get(name)
        if state.active and rule is not None and rule.subject in (None, subject):
            shown = {"severity": rule.severity, "since": state.since, "message": state.message, "runbook": rule.runbook}
            shown["deployment"] = deployment(place)
            found.append(FiringAlert(stream=place, rule=name, subject=subject, **shown))
    return found


_UNSEEN = Kept(window="", before=START, after=START)


def _moved(rule: RuleSettings, kept: Kept, measure: Measure | None, window: Window) -> Kept:
    """The state after the window, which is the state before where the window has nothing to say to it."""
    again = kept.window == window.id
    before = kept.before if again else kept.after
    if window.end < before.at or (again and kept.turned):
        return kept
    if measure is None:
        after, kind = step(replace(rule, resolve_windows=1), before, 0.0, False, window.id, window.end)
    else:
        after, kind = step(rule, before, measure.value, measure.proven, window.id, window.end, measure.usual)
    if kind is not None:
        after = replace(after, message=_message(rule, measure, kind == "fired"))
    return Kept(window=window.id, before=before, after=after)


def _gone(
    database: Database,
    name: str,
    found: Mapping[str, Measure],
    states: Mapping[tuple[str, str], Kept],
    window: Window,
) -> dict[str, None]:
    """What a rule fires on and another version of the model has no more, such as a column: nobody will see it calm."""
    if not found:
        return {}
    active = {subject: kept for (rule, subject), kept in states.items() if rule == name and kept.alive(window.id)}
    return {
        subject: None
        for subject, kept in active.items()
        if subject not in found and _version(database, window.stream, kept) not in ("", window.model_version)
    }


def _version(database: Database, stream: str, kept: Kept) -> str:
    """The version of the model in the window that fired; "" where that is not known any more."""
    since = kept.before.since or kept.after.since
    rows = database.rows("SELECT model_version FROM window_log WHERE stream = ? AND id = ?", (stream, since))
    return str(rows[0][0] or "") if rows else ""


def _event(name: str, rule: RuleSettings, subject: str, kept: Kept, window: Window) -> Event | None:
    """What happened to a rule in this very window."""
    if kept.window != window.id or not kept.turned:
        return None
    return Event(
        kind="fired" if kept.after.active else "resolved",
        rule=name,
        subject=subject,
        severity=rule.severity,
        message=kept.after.message,
        window_id=window.id,
        runbook=rule.runbook,
        deployment=window.deployment,
    )


def _earlier(database: Database, rule: RuleSettings, name: str, subject: str, window: Window) -> list[Event]:
    """What happened to a rule in a window that lies before the last one."""
    rows = database.rows(
        "SELECT kind, severity, message FROM alert_log WHERE stream = ? AND window_id = ? AND rule = ? AND subject = ?",
        (window.stream, window.id, name, subject),
    )
    return [
        Event(
            kind=kind,
            rule=name,
            subject=subject,
            severity=severity,
            message=message,
            window_id=window.id,
            runbook=rule.runbook,
            deployment=window.deployment,
        )
        for kind, severity, message in rows
    ]


def _message(rule: RuleSettings, measure: Measure | None, fired: bool) -> str:
    if measure is None:
        return "not measured any more: another version of the model does without it"
    message = measure.message.rstrip(".")
    if fired:
        return f"{message}; {rule.condition}"
    return f"{message}; back to {rule.calm_condition}" if measure.proven else f"{message}; no more than chance explains"


def _states(database: Database, stream: str) -> dict[tuple[str, str], Kept]:
    rows = database.rows("SELECT rule, subject, window_id, before, after FROM alert_state WHERE stream = ?", (stream,))
    return {
        (rule, subject): Kept(
            window=window,
            before=State.from_dict(json.loads(before)),
            after=State.from_dict(json.loads(after)),
        )
        for rule, subject, window, before, after in rows
    }


def _keep(database: Database, stream: str, rule: str, subject: str, kept: Kept) -> None:
    database.run(
        "INSERT INTO alert_state (stream, rule, subject, window_id, before, after) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (stream, rule, subject) DO UPDATE SET window_id = excluded.window_id, "
        "before = excluded.before, after = excluded.after",
        (stream, rule, subject, kept.window, json.dumps(kept.before.to_dict()), json.dumps(kept.after.to_dict())),
    )
