"""Age: the champion is older than `retrain.max_age`, and so is the last training that came to an end."""

from __future__ import annotations

from dataclasses import dataclass

from ... import span
from ..scene import Scene
from . import OFF, Finding


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`max_age` is a duration such as 30d."""

    max_age: str | None


def look(scene: Scene, settings: Settings) -> Finding:
    """Compare the age of the champion, by the ledger, with what is allowed."""
    if settings.max_age is None or scene.made is None:
        return OFF
    allowed = span.seconds(settings.max_age, "retrain.max_age")
    assert scene.champion is not None
    age = (scene.now - scene.made).total_seconds()
    says = f"version {scene.champion.version} is {span.words(max(0.0, age))} old, retrain.max_age={settings.max_age}"
    if age > allowed and scene.last is not None and (scene.now - scene.last.moment).total_seconds() <= allowed:
        return Finding(False, f"{says}, but the last training was at {scene.last.at[:16]} ({scene.last.decision})")
    return Finding(age > allowed, says)
