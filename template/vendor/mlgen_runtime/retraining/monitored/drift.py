"""Drift: an alert is active, on a metric or by a rule that `retrain.alerts` names, over what the champion was asked.

Alerts over windows that ended before the champion took over tell nothing of it: the first window of its own decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ..context import RetrainingContext
from ..triggers import OFF, Finding

if TYPE_CHECKING:
    from ...prediction_log.database import Database

#: Names of columns that a sentence shows at most.
SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`alerts` are names of metrics or of rules."""

    alerts: list[str] | None


def look(context: RetrainingContext, settings: Settings) -> Finding:
    """Look for an active alert. Raises InputError for a name that is neither a metric nor a rule."""
    from ...alerting.judge import standing
    from ...alerting.settings import AlertSettings
    from .logged import database

    if not settings.alerts or context.champion is None:
        return OFF
    rules = context.config.layer("alert", AlertSettings)
    _check(settings.alerts, rules, context)
    try:
        with database(context.config) as opened:
            active = [
                alert
                for alert in standing(rules, opened)
                if {alert.rule, rules.rules[alert.rule].metric} & set(settings.alerts)
            ]
            current = [alert for alert in active if _is_of(context, opened, alert.stream)]
    except InputError as away:
        return Finding(False, f"the log cannot be read: {away}")
    if current:
        names = [alert.title for alert in current]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return Finding(True, f"{', '.join(names[:SHOWN])}{more} active since {current[0].since}")
    if active:
        return Finding(
            False,
            f"{len(active)} active, over windows before version {context.champion.version} took over: run monitor",
        )
    return Finding(False, f"no active alert on {', '.join(settings.alerts)}")


def _check(names: list[str], rules: object, context: RetrainingContext) -> None:
    from ...alerting.settings import AlertSettings
    from ...core.errors import nearest
    from ...monitoring.measure import METRICS

    assert isinstance(rules, AlertSettings)
    known = [*METRICS, *rules.rules]
    for name in names:
        if name not in known:
            raise InputError(
                f"retrain.alerts: {name!r} is neither a metric of monitor nor a rule of conf/alert"
                f"{nearest(name, known)}; see {context.config.where('retrain.alerts')}"
            )


def _is_of(context: RetrainingContext, opened: Database, stream: str) -> bool:
    """Whether the newest window of a stream ended under this champion."""
    found = opened.rows("SELECT MAX(end_at) FROM window_log WHERE stream = ?", (stream,))[0][0]
    return context.since is None or (found is not None and float(found) > context.since.timestamp())
