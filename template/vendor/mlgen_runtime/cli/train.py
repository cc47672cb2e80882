"""Train a model, compare it with the baseline and the champion, and promote it if it is better.

Reads the rows, checks them against data/contract.yaml (inferred and written where there is none), splits them, fits the
baselines and the model, scores the bundles on the test rows, and lets the gate decide. The run, the version and the
model card go to MLflow, the bundle to `bundle.store`. A model that predicts something else than the champion, or needs
what its clients do not send, waits for `promote version=`, however good it is. reports/train.html is the card,
reports/train.json has every figure. Exits with 3 where `gate.strict=true` and the model was not promoted.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..training.pipeline import Trained
    from ..usecase.evaluated import EvaluatedModel

SETTINGS = (
    "model",
    "data.path",
    "data.version",
    "data.target",
    "data.drop",
    "data.time",
    "data.series",
    "data.horizon",
    "target",
    "features",
    "split",
    "train",
    "gate",
    "seed",
    "task",
)


def run(config: RunConfig) -> VerbReport:
    """Train, print the scorecard and the decision, and return every figure."""
    from ..core.progress import Steps
    from ..training import pipeline

    trained = pipeline.train(config, Steps(pipeline.STEPS))
    tell(config, trained)
    missed = config.gate.strict and not _promoted(trained)
    return VerbReport(summary(config, trained), 3 if missed else 0)


def tell(config: RunConfig, trained: Trained) -> None:
    """Print the scorecard, the decision, what the reader should know, and where to look next."""
    from ..core import text_table
    from ..training import scorecard
    from ..usecase import registry

    print()
    beside = registry.of(config).metrics.BESIDE[trained.prepared.contract.task]
    for line in text_table.table(scorecard.rows(beside, trained.models, trained.decision)):
        print(f"  {line}")
    print(f"\n  {trained.prepared.judged}")
    print(f"  Gate: {trained.decision.message}")
    for note in (*trained.notes, *([trained.published.note] if trained.published.note else [])):
        print(f"  Note: {note}")
    print()
    for line in _onward(config, trained):
        print(f"  {line}")


def _promoted(trained: Trained) -> bool:
    """Whether the candidate itself is champion now."""
    promoted = trained.decision.promoted
    return promoted is not None and promoted.kind == "candidate" and trained.published.note is None


def _onward(config: RunConfig, trained: Trained) -> list[str]:
    """Where to look next; where a model waits to be told to serve, that comes last."""
    from ..core.command_line import command, override

    name, published, decision = config.project.name, trained.published, trained.decision
    lines = [f"model card   {published.card.relative_to(config.root)}"]
    asked = {"input": trained.prepared.asks} if trained.prepared.asks else {}
    if published.champion is not None:
        one = {} if decision.held is None else {"version": published.version}
        lines.append(f"predict      {command(name, 'predict', **one, **asked, output='predictions.csv')}")
    if config.tracking.uri.startswith("sqlite:"):
        lines.append(f"experiments  {command('mlflow', 'ui', '--backend-store-uri', config.tracking.uri)}")
        lines.append(f"             {published.page}")
    elif published.page:
        lines.append(f"experiments  {published.page}")
    if published.champion != published.version:
        why = "against the gate's advice"
        if decision.held is not None:
            why = f"not promoted: version {published.champion} serves on, for {decision.held}"
        lines.append(f"serve it     {name} promote {override('version', published.version)}   # {why}")
    return lines


def summary(config: RunConfig, trained: Trained) -> dict[str, Any]:
    """Every figure of a training, for its report."""
    from ..usecase import registry

    decision, published, prepared = trained.decision, trained.published, trained.prepared
    candidate = next(model for model in trained.models if model.kind == "candidate")
    return {
        "headline": {
            "model": candidate.name,
            decision.metric: candidate.metrics[decision.metric],
            "promoted": decision.promoted.name if decision.promoted and not published.note else "nothing",
            "version": published.version,
        },
        "task": prepared.contract.task,
        "metric": decision.metric,
        "promoted": decision.promoted.name if decision.promoted and not published.note else None,
        "decision": decision.message,
        "judged": prepared.judged,
        "unmet_constraints": list(decision.unmet),
        "comparisons": [dataclasses.asdict(comparison) for comparison in decision.comparisons],
        "entrants": [_model(model, trained) for model in trained.models],
        "details": registry.of(config).evaluation.details(prepared, decision.registered),
        "explanation": trained.explained,
        "version": published.version,
        "champion": published.champion,
        "bundle": published.bundle,
        "run_id": published.run_id,
        "tracking_uri": config.tracking.uri,
        "tracking_page": published.page,
        "card": str(published.card.relative_to(config.root)),
        "notes": [*trained.notes, *([published.note] if published.note else [])],
        "data": {
            "source": prepared.source,
            "fingerprint": prepared.fingerprint,
            "version": prepared.version,
            **prepared.counts,
            "split": prepared.method,
        },
        "seed": config.seed,
        "seconds": trained.seconds,
    }


def _model(model: EvaluatedModel, trained: Trained) -> dict[str, Any]:
    low, high = trained.decision.intervals[model.key]
    return {
        "name": model.name,
        "kind": model.kind,
        "version": model.version,
        "promoted": model is trained.decision.promoted,
        "interval": [low, high],
        "metrics": model.metrics,
        "p50_ms": model.latency.p50_ms if model.latency else None,
        "p99_ms": model.latency.p99_ms if model.latency else None,
        "megabytes": model.megabytes,
        "sha256": trained.digests.get(model.key) or None,
        "parity": dataclasses.asdict(model.parity) if model.parity else None,
    }
