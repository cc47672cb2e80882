"""Decide whether to train anew; train, compare with the champion on the newest data, and let the gate promote.

Triggers say when: the champion's age, new rows in data.path and, with monitoring, drift, fallen quality and outcomes
that arrived (`retrain.when=auto`, or some of them: `[schedule,volume]`). The candidate is trained on `retrain.window`
and compared with the champion on `retrain.holdout`, the newest rows; the former champion stays published for
`rollback`. A cooldown and a budget hold back what comes too soon or too often. `--dry-run` says what would be done and
why. Exits with 3 where `gate.strict=true` and the model was not promoted.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..retraining.decision import Plan
    from ..retraining.job import RetrainResult

SETTINGS = (
    "retrain.when",
    "retrain.data",
    "retrain.window",
    "retrain.holdout",
    "retrain.cooldown",
    "retrain.max_per_week",
    "retrain.budget_minutes",
    "retrain.shadow",
    "retrain.dry_run",
    "retrain",
    "model",
    "data.path",
    "gate",
)
FLAGS = {"--dry-run": "retrain.dry_run=true"}


def run(config: RunConfig) -> VerbReport:
    """Decide, train where it is time to, and say what each trigger found and what came of it."""
    from ..retraining import job
    from . import train

    done = job.run(config, _found)
    if done.trained is not None:
        train.tell(config, done.trained)
    else:
        print(f"  {_HEADS.get(done.decision, done.decision)}: {done.message}")
    for note in done.notes:
        print(f"  Note: {note}")
    missed = config.gate.strict and done.decision in ("refused", "dropped")
    return VerbReport(_summary(done), 3 if missed else 0)


def _found(plan: Plan) -> None:
    """Say what each trigger found, before anything is done about it."""
    for name, found in plan.findings.items():
        print(f"  {name:<10} {'asks' if found.asks else 'no':<5} {found.message}", flush=True)


_HEADS = {
    "nothing": "Nothing to do",
    "planned": "A dry run",
    "waiting": "The shadow waits",
    "promoted": "The shadow is promoted",
    "dropped": "The shadow is dropped",
}


def _summary(done: RetrainResult) -> dict[str, Any]:
    from . import train

    plan, data = done.plan, done.data
    return {
        "headline": {"decision": done.decision, "version": done.row.version if done.row else None},
        "decision": done.decision,
        "message": done.message,
        "triggers": {name: dataclasses.asdict(found) for name, found in plan.findings.items()} if plan else {},
        "rows": data.rows if data else None,
        "new_rows": data.new if data else None,
        "data": data.config.data.path if data else None,
        "fingerprint": data.fingerprint if data else None,
        "split": data.config.raw["split"] if data else None,
        "attempt": dataclasses.asdict(done.row) if done.row else None,
        "training": train.summary(data.config, done.trained) if data and done.trained else None,
        "notes": done.notes,
    }
