"""Age: the champion is older than `retrain.max_age`, and so is the last training that came to an end."""

from __future__ import annotations

from dataclasses import dataclass

from ...core import duration
from ..context import RetrainingContext
from . import OFF, Finding


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`max_age` is a duration such as 30d."""

    max_age: str | None


def look(context: RetrainingContext, settings: Settings) -> Finding:
    """Compare the age of the champion, by the ledger, with what is allowed."""
    if settings.max_age is None or context.made is None:
        return OFF
    allowed = duration.seconds(settings.max_age, "retrain.max_age")
    assert context.champion is not None
    age = (context.now - context.made).total_seconds()
    message = (
        f"version {context.champion.version} is {duration.words(max(0.0, age))} old, retrain.max_age={settings.max_age}"
    )
    if age > allowed and context.last is not None and (context.now - context.last.moment).total_seconds() <= allowed:
        return Finding(
            False, f"{message}, but the last training was at {context.last.at[:16]} ({context.last.decision})"
        )
    return Finding(age > allowed, message)
