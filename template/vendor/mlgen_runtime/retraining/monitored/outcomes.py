"""Outcomes: so many logged predictions got their truth since the champion took over, or since the last training."""

from __future__ import annotations

from dataclasses import dataclass

from ...config.schema import Count
from ...core.errors import InputError
from ..context import RetrainingContext
from ..triggers import OFF, Finding


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`new_outcomes` is a number of predictions."""

    new_outcomes: Count | None


def look(context: RetrainingContext, settings: Settings) -> Finding:
    """Count the rows of the log that could be learnt from and were not yet."""
    from .logged import database, outcomes

    if settings.new_outcomes is None or context.since is None:
        return OFF
    if context.settings.data == "source":
        return Finding(False, "rows of the log are not trained on (retrain.data=source)")
    since = max(context.since, context.last.moment) if context.last else context.since
    try:
        with database(context.config, newest=True) as opened:
            found = outcomes(opened, since.timestamp())
    except InputError as away:
        return Finding(False, f"the log cannot be read: {away}")
    wanted = settings.new_outcomes
    message = f"{found:,} outcomes of predictions since {since:%Y-%m-%d %H:%M}, retrain.new_outcomes={wanted}"
    return Finding(found >= wanted, message)
