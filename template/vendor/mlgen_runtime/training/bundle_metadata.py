"""What a bundle says about itself: its reference, its figures, its lineage, what the model is called."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..contract.features import predictors

if TYPE_CHECKING:
    from .judged import Judged
    from .lineage import Origin


def lineage_of(judged: Judged, origin: Origin, run_id: str) -> dict[str, Any]:
    """Where the model is from: code, data, split, seed, run. Enough to make it again."""
    prepared, config = judged.prepared, judged.config
    own = [
        {"kind": each.kind, "name": each.name, "module": each.module, "sha256": each.sha256}
        for each in judged.extensions
    ]
    return {
        **dataclasses.asdict(origin),
        "data": prepared.source,
        "fingerprint": prepared.fingerprint,
        "data_version": prepared.version,
        "rows": len(prepared.frame),
        "split": {"method": prepared.method, **dataclasses.asdict(config.split)},
        "seed": config.seed,
        "run_id": run_id,
        **({"extensions": own} if own else {}),
    }


def write(judged: Judged, lineage: dict[str, Any], importance: dict[str, float]) -> None:
    """Write what the bundle says about itself, and seal it. No clock and no duration: the same run gives the same
    bytes."""
    chosen, prepared, config, decision = judged.chosen, judged.prepared, judged.config, judged.decision
    low, high = decision.intervals[chosen.key]
    bundle.write_json(chosen.folder, "reference.json", judged.case.evaluation.reference(prepared, chosen))
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
    bundle.write_json(chosen.folder, "lineage.json", lineage)
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
            "message": prepared.message,
            "rule": judged.case.evaluation.rule(prepared, chosen),
            "importance": {name: _known(round(share, 6)) for name, share in importance.items()},
        },
    )
    bundle.seal(chosen.folder)


def importance(judged: Judged) -> dict[str, float]:
    """Input to share of the gain, largest first; a feature that is a part of an input counts for the input."""
    found = dict.fromkeys((column.name for column in predictors(judged.prepared.contract)), 0.0)
    names = sorted(found, key=len, reverse=True)
    model = judged.chosen.model
    for feature, share in (model.importance() if model else {}).items():
        name = feature if feature in found else next((name for name in names if feature.startswith(name)), feature)
        found[name] = found.get(name, 0.0) + float(share)
    total = sum(found.values()) or 1.0
    return dict(sorted(((name, share / total) for name, share in found.items()), key=lambda item: (-item[1], item[0])))


def _lasting(parity: dict[str, Any]) -> dict[str, Any]:
    """What is the same in every run: not how quick the engines were, which the report of the training has."""
    return {name: value for name, value in parity.items() if name != "bulk"}


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if value == value and abs(value) != float("inf") else None
