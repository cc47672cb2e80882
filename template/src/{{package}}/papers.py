"""What a version says about itself: the bundle's own papers, and the model card that people read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from . import bundle, evaluate, lineage, plots, report, scorecard

if TYPE_CHECKING:
    from .entrants import Entrant
    from .publication import Draft


def write(draft: Draft, run_id: str, importance: dict[str, float]) -> None:
    """Write what the bundle says about itself. No clock and no duration: the same run gives the same bytes."""
    chosen, prepared, config, decision = draft.chosen, draft.prepared, draft.config, draft.decision
    low, high = decision.intervals[chosen.key]
    bundle.write_json(chosen.folder, "reference.json", evaluate.portrait(prepared, chosen))
    bundle.write_json(
        chosen.folder,
        "metrics.json",
        {
            "metric": decision.metric,
            "value": _known(chosen.metrics[decision.metric]),
            "low": _known(low),
            "high": _known(high),
            "rows": len(prepared.truth),
            "test": {name: _known(value) for name, value in chosen.metrics.items()},
            "parity": _lasting(dataclasses.asdict(chosen.parity)) if chosen.parity else None,
        },
    )
    bundle.write_json(
        chosen.folder,
        "lineage.json",
        lineage.trace(
            config.root,
            config.project.package,
            data=prepared.source,
            fingerprint=prepared.fingerprint,
            data_version=prepared.version,
            rows=len(prepared.frame),
            split={"method": prepared.method, **dataclasses.asdict(config.split)},
            seed=config.seed,
            run_id=run_id,
        ),
    )
    bundle.write_json(
        chosen.folder,
        "card.json",
        {
            "name": config.project.name,
            "model": chosen.name,
            "baseline": chosen.kind == "baseline",
            "task": prepared.contract.task,
            "target": prepared.contract.target.name,
            "unit": prepared.contract.target.unit,
            "labels": list(prepared.contract.labels),
            "says": draft.prepared.says,
            "importance": {name: _known(round(share, 6)) for name, share in importance.items()},
        },
    )
    bundle.seal(chosen.folder)


def importance(draft: Draft) -> dict[str, float]:
    """Input to share of the gain, largest first; a feature that is a part of an input counts for the input."""
    found = dict.fromkeys((column.name for column in draft.prepared.contract.inputs), 0.0)
    names = sorted(found, key=len, reverse=True)
    model = draft.chosen.model
    for feature, share in (model.importance() if model else {}).items():
        name = feature if feature in found else next((name for name in names if feature.startswith(name)), feature)
        found[name] = found.get(name, 0.0) + float(share)
    total = sum(found.values()) or 1.0
    return dict(sorted(((name, share / total) for name, share in found.items()), key=lambda item: (-item[1], item[0])))


def card(draft: Draft, run_id: str, pictures: dict[str, bytes], importance: dict[str, float]) -> report.Card:
    chosen, prepared, config, decision = draft.chosen, draft.prepared, draft.config, draft.decision
    traced = bundle.read_json(chosen.folder, "lineage.json")
    return report.Card(
        title=f"{config.project.name}: {prepared.contract.target.name} by {chosen.name}",
        subtitle=draft.prepared.says,
        promoted=decision.promoted is not None,
        sentence=decision.sentence,
        metric=decision.metric,
        score=scorecard.figure(chosen.metrics[decision.metric], *decision.intervals[chosen.key]),
        facts=evaluate.facts(config, prepared, chosen),
        table=scorecard.rows(prepared.contract.task, draft.entrants, decision),
        shown=chosen.name,
        measured=evaluate.MEASURED,
        tables=evaluate.tables(prepared, chosen),
        pictures=pictures,
        captions=plots.CAPTIONS,
        contract=prepared.contract,
        importance=importance,
        notes=[*draft.known, *_parity_note(chosen)],
        lineage={
            "data": f"{prepared.source} ({len(prepared.frame):,} rows)",
            "data fingerprint": prepared.fingerprint,
            **({"data version": prepared.version} if prepared.version else {}),
            "split": prepared.divided,
            "git commit": f"{traced['commit']}{' (with uncommitted changes)' if traced['dirty'] else ''}",
            "lock": traced["lock"],
            "seed": config.seed,
            "MLflow run": run_id,
        },
    )


def form(entrant: Entrant) -> str:
    return entrant.parity.format if entrant.parity else "unknown"


def _parity_note(entrant: Entrant) -> list[str]:
    parity = entrant.parity
    if parity is None:
        return []
    if parity.reason:
        return [f"The bundle keeps the format {parity.format}: {parity.reason}."]
    return [
        f"The bundle's {parity.format} model equals the fitted one to {parity.largest:.1g} on {parity.rows:,} rows."
    ]


def _lasting(parity: dict[str, Any]) -> dict[str, Any]:
    """What is the same in every run: not how quick the engines were, which the report of the training has."""
    return {name: value for name, value in parity.items() if name != "bulk"}


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if value == value and abs(value) != float("inf") else None
