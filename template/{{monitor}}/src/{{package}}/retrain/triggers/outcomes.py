"""Outcomes: so many logged predictions got their truth since the champion took over, or since the last training."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InputError
from ...retrain.scene import Scene
from ...retrain.triggers import OFF, Finding
from ...shape import Count


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`new_outcomes` is a number of predictions."""

    new_outcomes: Count | None


def look(scene: Scene, settings: Settings) -> Finding:
    """Count the rows of the log that could be learnt from and were not yet."""
    from ..logged import database, outcomes

    if settings.new_outcomes is None or scene.since is None:
        return OFF
    if scene.settings.data == "source":
        return Finding(False, "rows of the log are not trained on (retrain.data=source)")
    since = max(scene.since, scene.last.moment) if scene.last else scene.since
    try:
        with database(scene.config, newest=True) as opened:
            found = outcomes(opened, since.timestamp())
    except InputError as away:
        return Finding(False, f"the log cannot be read: {away}")
    wanted = settings.new_outcomes
    says = f"{found:,} outcomes of predictions since {since:%Y-%m-%d %H:%M}, retrain.new_outcomes={wanted}"
    return Finding(found >= wanted, says)
