"""What a version says about itself: the bundle's own papers, and the model card that people read."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from . import bundle, lineage, reference, report, scorecard

if TYPE_CHECKING:
    from .evaluate import Entrant
    from .publication import Draft


def write(draft: Draft, run_id: str, importance: dict[str, float]) -> None:
    """Write what the bundle says about itself. No clock and no duration: the same run gives the same bytes."""
    chosen, rows, config, decision = draft.chosen, draft.rows, draft.config, draft.decision
    low, high = decision.intervals[chosen.key]
    train = rows.frame.iloc[rows.parts.train]
    bundle.write_json(chosen.folder, "reference.json", reference.summarise(train, rows.contract, chosen.outputs))
    bundle.write_json(
        chosen.folder,
        "metrics.json",
        {
            "metric": decision.metric,
            "value": _known(chosen.metrics[decision.metric]),
            "low": _known(low),
            "high": _known(high),
            "rows": len(rows.test),
            "test": {name: _known(value) for name, value in chosen.metrics.items()},
            "parity": dataclasses.asdict(chosen.parity) if chosen.parity else None,
        },
    )
    bundle.write_json(
        chosen.folder,
        "lineage.json",
        lineage.trace(
            config.root,
            config.project.package,
            data=rows.source,
            fingerprint=rows.fingerprint,
            rows=len(rows.frame),
            split={"method": rows.parts.method, "test_size": config.split.test_size},
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
            "task": rows.contract.task,
            "target": rows.contract.target.name,
            "unit": rows.contract.target.unit,
            "labels": list(rows.contract.labels),
            "says": _says(draft),
            "importance": {name: _known(round(share, 6)) for name, share in importance.items()},
        },
    )
    bundle.seal(chosen.folder)


def importance(draft: Draft) -> dict[str, float]:
    """Input to share of the gain, largest first; a feature that is a part of an input counts for the input."""
    found = dict.fromkeys((column.name for column in draft.rows.contract.inputs), 0.0)
    names = sorted(found, key=len, reverse=True)
    model = draft.chosen.model
    for feature, share in (model.importance() if model else {}).items():
        name = feature if feature in found else next((name for name in names if feature.startswith(name)), feature)
        found[name] = found.get(name, 0.0) + float(share)
    total = sum(found.values()) or 1.0
    return dict(sorted(((name, share / total) for name, share in found.items()), key=lambda item: (-item[1], item[0])))


def card(draft: Draft, run_id: str, pictures: dict[str, bytes], importance: dict[str, float]) -> report.Card:
    chosen, rows, decision = draft.chosen, draft.rows, draft.decision
    traced = bundle.read_json(chosen.folder, "lineage.json")
    classes = {
        label: {name: chosen.metrics[f"{name}_{label}"] for name in ("precision", "recall", "f1")}
        for label in rows.contract.labels
        if f"f1_{label}" in chosen.metrics
    }
    return report.Card(
        title=f"{draft.config.project.name}: {rows.contract.target.name} by {chosen.name}",
        subtitle=_says(draft),
        promoted=decision.promoted is not None,
        sentence=decision.sentence,
        metric=decision.metric,
        score=scorecard.figure(chosen.metrics[decision.metric], *decision.intervals[chosen.key]),
        facts=_facts(draft),
        table=scorecard.rows(rows.contract.task, draft.entrants, decision),
        shown=chosen.name,
        per_class=classes,
        pictures=pictures,
        contract=rows.contract,
        importance=importance,
        notes=[*draft.known, *_parity_note(chosen)],
        lineage={
            "data": f"{rows.source} ({len(rows.frame):,} rows)",
            "data fingerprint": rows.fingerprint,
            "split": f"{rows.parts.method}, {len(rows.parts.train):,} rows train, {len(rows.parts.test):,} test",
            "git commit": f"{traced['commit']}{' (with uncommitted changes)' if traced['dirty'] else ''}",
            "lock": traced["lock"],
            "seed": draft.config.seed,
            "MLflow run": run_id,
        },
    )


def form(entrant: Entrant) -> str:
    return entrant.parity.format if entrant.parity else "unknown"


def _says(draft: Draft) -> str:
    target, task = draft.rows.contract.target, draft.rows.contract.task
    what = f"one of {len(draft.rows.contract.labels)} classes" if task != "regression" else target.unit or "a number"
    count = len(draft.rows.contract.inputs)
    return f"Predicts {target.name} ({what}) from {count} inputs; trained on {len(draft.rows.parts.train):,} rows."


def _facts(draft: Draft) -> dict[str, str]:
    chosen = draft.chosen
    facts = {
        "test rows": f"{len(draft.rows.test):,}",
        "one row, p99": f"{chosen.latency.p99_ms:.2g} ms",
        f"bundle ({form(chosen)})": f"{chosen.megabytes:.2g} MB",
    }
    if "coverage" in chosen.metrics:
        facts[f"of outcomes in the {draft.config.bundle.coverage:.0%} interval"] = f"{chosen.metrics['coverage']:.1%}"
    return facts


def _parity_note(entrant: Entrant) -> list[str]:
    parity = entrant.parity
    if parity is None:
        return []
    if parity.reason:
        return [f"The bundle keeps the format {parity.format}: {parity.reason}."]
    return [
        f"The bundle's {parity.format} model equals the fitted one to {parity.largest:.1g} on {parity.rows:,} rows."
    ]


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if value == value and abs(value) != float("inf") else None
