"""Whether to train now: what the triggers ask for, against the cooldown and the budget."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from ..core import duration
from .context import RetrainingContext
from .history import trainings
from .settings import Settings
from .triggers import Finding, triggers

WEEK = datetime.timedelta(days=7)


@dataclass(frozen=True)
class Plan:
    """Whether to train, why or why not in a sentence; what each trigger found, and the reasons of those that ask."""

    train: bool
    message: str
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def reasons(self) -> dict[str, str]:
        """Trigger to sentence, of those that ask."""
        return {name: found.message for name, found in self.findings.items() if found.asks}


def decide(context: RetrainingContext, settings: Settings) -> Plan:
    """Ask the triggers; hold back what comes too soon or too often, unless a person asked for it."""
    own = settings.retrain
    if own.when == "never":
        return Plan(False, "retrain.when=never")
    if own.by_hand:
        return Plan(True, "retrain.when=always", {"always": Finding(True, "asked for by hand")})
    if context.champion is None:
        findings = {"first": Finding(True, "there is no champion yet")}
    else:
        found = triggers(context.config.raw)
        findings = {name: found[name].look(context, each) for name, each in settings.triggers.items()}
    asking = [name for name, each in findings.items() if each.asks]
    if not asking:
        return Plan(False, "no trigger asks for a training", findings)
    if reason := held_back(context, settings):
        return Plan(False, f"{', '.join(asking)} would train, but {reason}", findings)
    return Plan(True, f"asked for by {', '.join(asking)}", findings)


def held_back(context: RetrainingContext, settings: Settings) -> str | None:
    """Return why there is no training now although one is asked for: the cooldown, then the budget."""
    own, tried = settings.retrain, [row.moment for row in trainings(context.history)]
    if not tried:
        return None
    passed = (context.now - max(tried)).total_seconds()
    if passed < own.patience:
        last = max(trainings(context.history), key=lambda row: row.moment)
        ago = f"{duration.words(max(0.0, passed))} ago ({last.decision})"
        return f"the last one was {ago}, and retrain.cooldown={own.cooldown}"
    recent = [moment for moment in tried if context.now - moment < WEEK]
    if own.max_per_week is not None and len(recent) >= own.max_per_week:
        return f"there were {len(recent)} within 7 days, and retrain.max_per_week={own.max_per_week}"
    return None
