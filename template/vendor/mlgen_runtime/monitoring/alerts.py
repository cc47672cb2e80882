"""Alerts as pages and metrics show them: plain data, from whoever judges the windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class FiringAlert:
    """An alert that is firing: since which window, and the sentence that it fired with; of one `deployment` or of all
    ("")."""

    stream: str
    rule: str
    subject: str
    severity: str
    since: str
    message: str
    runbook: str
    deployment: str = ""

    @property
    def title(self) -> str:
        """The rule, of what, and where."""
        return titled(self.rule, self.subject, self.deployment)

    def to_dict(self) -> dict[str, Any]:
        """The alert as plain data, for reports."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class PastAlert:
    """What happened to a rule in a window: `kind` is fired or resolved, `at` the window's end in seconds since 1970."""

    window_id: str
    at: float
    kind: str
    rule: str
    subject: str
    severity: str
    message: str
    deployment: str = ""


def titled(rule: str, subject: str, deployment: str) -> str:
    """A rule, of what, and where, such as "input_drift age (rest)"."""
    return " ".join(filter(None, (rule, subject, f"({deployment})" if deployment else "")))


@dataclass(frozen=True, kw_only=True)
class ShownAlerts:
    """What is firing now, and what fired and resolved so far, newest first."""

    firing: Sequence[FiringAlert] = ()
    past: Sequence[PastAlert] = ()
