"""What MLflow's record of a run says: tags, parameters, metrics, the data set, the tags of the version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from .tracking import Dataset

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..usecase.protocol import Prepared, UseCase
    from .judged import Judged
    from .lineage import Origin


def run_tags(config: RunConfig, prepared: Prepared, origin: Origin) -> dict[str, str]:
    """Return the tags that a run starts with."""
    found = {
        "mlflow.runName": f"{config.model.name} on {_data(prepared.source)}"[:250],
        "mlflow.source.name": f"{config.project.name} train",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": origin.commit,
        "git.dirty": None if origin.dirty is None else str(origin.dirty).lower(),
        "lock.sha256": origin.lock,
        "seed": str(config.seed),
        "task": prepared.contract.task,
        "split": prepared.method,
    }
    return {name: value for name, value in found.items() if value is not None}


def params(judged: Judged) -> dict[str, object]:
    """The resolved configuration, flat, and what the fit found (such as the number of trees)."""
    fitted_model = judged.candidate.model
    found = fitted_model.parameters() if fitted_model else {}
    fitted = {f"fitted.{name}": value for name, value in found.items()}
    return {**_flat(judged.config.record), **fitted}


def _flat(entries: dict[str, Any], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in entries.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def metrics(judged: Judged) -> dict[str, float]:
    """The candidate's metrics by their plain names; those of the others below their role."""
    found = dict(judged.candidate.metrics)
    for model in judged.models:
        if model.kind != "candidate":
            prefix = "champion" if model.kind == "champion" else f"{model.kind}.{model.name}"
            found |= {f"{prefix}.{name}": value for name, value in model.metrics.items()}
    for comparison in judged.decision.comparisons:
        name = f"improvement.{comparison.name}.over.{comparison.against}".replace(":", ".")
        found |= {name: comparison.improvement, f"{name}.low": comparison.low, f"{name}.high": comparison.high}
    if latency := judged.candidate.latency:
        found |= {"p50_ms": latency.p50_ms, "p99_ms": latency.p99_ms}
    return {**found, "megabytes": judged.candidate.megabytes}


def first_metrics(deciding: str, case: UseCase, prepared: Prepared) -> list[str]:
    """The metrics that a reader looks for, the deciding one first: those of the scorecard."""
    return list(dict.fromkeys([deciding, *case.metrics.BESIDE[prepared.contract.task], "p99_ms", "megabytes"]))


def dataset(judged: Judged) -> Dataset:
    kinds = {"number": "double", "integer": "double", "boolean": "double", "datetime": "datetime"}
    types = {
        c.name: kinds.get(c.type, "string") for c in judged.prepared.contract.columns if c.name in judged.prepared.frame
    }
    made = judged.prepared
    return Dataset(_data(made.source), made.source, made.fingerprint, made.version, len(made.frame), types)


def _data(source: str) -> str:
    """What the data is called: the file or table at the end of where it is from, without its ending; of a query, the
    database that it is put to."""
    place, _, asked = source.partition("#")
    return asked if asked.isidentifier() else Path(place.partition("?")[0]).stem or "data"


def version_tags(judged: Judged) -> dict[str, str]:
    chosen, metric = judged.chosen, judged.decision.metric
    return {
        "model": chosen.name,
        "role": chosen.kind,
        "promoted_by_gate": str(judged.decision.promoted is chosen).lower(),
        metric: f"{chosen.metrics[metric]:.6g}",
        "format": chosen.format,
        "manifest.sha256": bundle.digest(chosen.folder / bundle.MANIFEST),
    }
