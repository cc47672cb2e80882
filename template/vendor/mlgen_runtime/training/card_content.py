"""What the model card says of a run: gathered here, laid out by `card`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import scorecard
from .card import Card

if TYPE_CHECKING:
    from ..usecase.evaluated import EvaluatedModel
    from .judged import Judged


def content(judged: Judged, lineage: dict[str, Any], pictures: dict[str, bytes], importance: dict[str, float]) -> Card:
    """The card of the model that becomes a version."""
    chosen, prepared, config, decision = judged.chosen, judged.prepared, judged.config, judged.decision
    beside = judged.case.metrics.BESIDE[prepared.contract.task]
    evaluation, plots = judged.case.evaluation, judged.case.plots
    dirty = " (with uncommitted changes)" if lineage["dirty"] else ""
    return Card(
        title=f"{config.project.name}: {prepared.contract.target.name} by {chosen.name}",
        subtitle=judged.prepared.message,
        promoted=decision.promoted is not None,
        message=decision.message,
        metric=decision.metric,
        score=scorecard.figure(chosen.metrics[decision.metric], *decision.intervals[chosen.key]),
        facts=evaluation.facts(config, prepared, chosen),
        table=scorecard.rows(beside, judged.models, decision),
        shown=chosen.name,
        measured=prepared.judged,
        tables=evaluation.tables(prepared, chosen),
        pictures=pictures,
        captions={**plots.CAPTIONS, **judged.explained.captions},
        contract=prepared.contract,
        importance=importance,
        notes=[*judged.notes, *_parity_note(chosen)],
        lineage={
            "data": f"{prepared.source} ({len(prepared.frame):,} rows)",
            "data fingerprint": prepared.fingerprint,
            **({"data version": prepared.version} if prepared.version else {}),
            "split": prepared.divided,
            "git commit": lineage["commit"] and f"{lineage['commit']}{dirty}",
            "lock": lineage["lock"],
            "seed": config.seed,
            "MLflow run": lineage["run_id"],
        },
    )


def _parity_note(model: EvaluatedModel) -> list[str]:
    parity = model.parity
    if parity is None:
        return []
    if parity.reason:
        return [f"The bundle keeps the format {parity.format}: {parity.reason}."]
    return [
        f"The bundle's {parity.format} model equals the fitted one to {parity.largest:.1g} on {parity.rows:,} rows."
    ]
