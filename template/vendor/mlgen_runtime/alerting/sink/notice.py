"""What a sink is told: an event with its name and its moment, and the failure of a sink that could not be told."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..event import Event


class Unheard(Exception):
    """A sink could not be told; the message says why, and holds no secret. `told`: not all of it, but the most, so that
    telling it again would tell some twice."""

    def __init__(self, reason: str, *, told: bool = False) -> None:
        super().__init__(reason)
        self.told = told


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An event of a project with the name that it is kept under, the stream it happened in, and when, in seconds since
    1970."""

    id: str
    project: str
    stream: str
    at: float
    event: Event

    @property
    def moment(self) -> str:
        """The end of the window in ISO 8601."""
        return datetime.datetime.fromtimestamp(self.at, datetime.UTC).isoformat(timespec="seconds")

    def to_dict(self) -> dict[str, Any]:
        """The notice as plain data."""
        return {
            "id": self.id,
            "project": self.project,
            "stream": self.stream,
            "at": self.moment,
            **self.event.to_dict(),
        }


def batch_id(notices: Sequence[Notice]) -> str:
    """A name for these notices together: a receiver knows by it what it was told already."""
    return hashlib.sha256(" ".join(notice.id for notice in notices).encode()).hexdigest()[:24]


def title(notices: Sequence[Notice]) -> str:
    """One line over all of them, such as "churn: 2 alerts fired, 1 resolved"."""
    project, kinds = notices[0].project, [notice.event.kind for notice in notices]
    fired, resolved = kinds.count("fired"), kinds.count("resolved")
    if len(notices) == 1:
        return f"{project}: {notices[0].event.title}"
    parts = [f"{fired} alert{'s' * (fired > 1)} fired"] * bool(fired) + [f"{resolved} resolved"] * bool(resolved)
    return f"{project}: {', '.join(parts)}"


def lines(notices: Sequence[Notice]) -> list[str]:
    """What happened, a line each, and below what fired what to do."""
    found = []
    for notice in notices:
        found.append(f"{notice.moment} {notice.event.title}")
        if notice.event.kind == "fired" and notice.event.runbook:
            found.append(f"  what to do: {notice.event.runbook}")
    return found
