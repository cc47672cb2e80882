"""From a decision to a version: MLflow's record, the published bundle, and the champion where the gate said so.

The order is what makes `kill -9` harmless. The bundle lies staged; the run is logged; the version is created, marked
with this process; the bundle is published by one rename; the pointer moves; the ledger and the aliases follow. A
process that dies before the rename leaves a version without a bundle, which the next run deletes; one that dies after
it leaves a whole version that nobody serves, or a champion whose ledger row the next run writes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle, evaluate, lineage, native, papers, plots, registry, report
from .errors import InputError
from .steps import Steps
from .tracking import Dataset

if TYPE_CHECKING:
    from .config import RunConfig
    from .entrants import Entrant, Reign
    from .gate import Decision
    from .preparation import Prepared
    from .workshop import Workshop


@dataclass(frozen=True)
class Draft:
    """All that is known before anything is published. `held` says why who passed the gate is not promoted at once."""

    config: RunConfig
    prepared: Prepared
    entrants: tuple[Entrant, ...]
    reign: Reign
    decision: Decision
    notes: tuple[str, ...]
    held: str | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """What the reader should know: the notes, and why the champion was not compared."""
        return (*self.notes, *([self.reign.note] if self.reign.note else []))

    @property
    def chosen(self) -> Entrant:
        """The entrant that becomes a version."""
        return self.decision.registered

    @property
    def candidate(self) -> Entrant:
        """The entrant that the run set out to train."""
        return next(entrant for entrant in self.entrants if entrant.kind == "candidate")


@dataclass(frozen=True)
class Published:
    """What came of it: the version, its bundle's place, the run, the card, and who is champion now."""

    version: str
    bundle: str
    run_id: str
    card: Path
    champion: str | None
    note: str | None = None


def tags(config: RunConfig, prepared: Prepared) -> dict[str, str]:
    """Return the tags that a run starts with."""
    commit, dirty = lineage.commit(config.root), lineage.dirty(config.root)
    found = {
        "mlflow.runName": config.model.name,
        "mlflow.source.name": f"{config.project.name} train",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": commit,
        "git.dirty": None if dirty is None else str(dirty).lower(),
        "lock.sha256": lineage.lock(config.root),
        "seed": str(config.seed),
        "task": prepared.contract.task,
        "split": prepared.method,
    }
    return {name: value for name, value in found.items() if value is not None}


def register(shop: Workshop, draft: Draft, steps: Steps) -> str:
    """Complete the staged bundle's papers, log everything to MLflow and create the version. Returns its number."""
    with steps("register") as step:
        chosen, config = draft.chosen, draft.config
        importance = papers.importance(draft)
        pictures = plots.draw(draft.prepared, chosen, importance)
        shop.tracker.ready()
        papers.write(draft, shop.tracker.run_id, importance)
        shown = shop.stage()
        for name, data in pictures.items():
            (shown / "plots").mkdir(exist_ok=True)
            (shown / "plots" / f"{name}.png").write_bytes(data)
        bundle.write_json(shown, "config.json", config.record)
        bundle.write_json(shown, "details.json", evaluate.details(draft.prepared, chosen))
        card = shown / "card.html"
        card.write_text(report.page(papers.card(draft, shop.tracker.run_id, pictures, importance)), "utf8")
        shop.tracker.log(_params(draft), _metrics(draft), _dataset(draft))
        shop.tracker.files(shown)
        shop.tracker.files(chosen.folder, "bundle")
        labels = len(draft.prepared.contract.labels)
        outputs = labels if labels > 2 else 1
        model = chosen.model.native if chosen.model else None
        source = native.log(model, chosen.folder, shop.tracker.run_id, outputs) or f"runs:/{shop.tracker.run_id}/bundle"
        version = shop.register(source, _version_tags(draft), draft.decision.sentence)
        kept = config.root / "reports" / "train.html"
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(card, kept.with_suffix(".part"))
        kept.with_suffix(".part").replace(kept)
        step.says = f"version {version} of {config.tracking.model_name} in MLflow, run {shop.tracker.run_id[:8]}"
    return version


def publish(shop: Workshop, draft: Draft, version: str, steps: Steps) -> Published:
    """Publish the bundle; promote it where the gate said so, else name it the challenger."""
    with steps("bundle") as step:
        bundle.seal(draft.chosen.folder)
        evaluate.remember(shop, version, draft.prepared)
        shop.publish(draft.chosen.folder, version)
        note = draft.held
        if draft.decision.promoted is not None and note is None:
            try:
                registry.promote(
                    shop.store,
                    version,
                    draft.decision.sentence,
                    expected=draft.reign.version,
                    guarded=True,
                    run_id=shop.tracker.run_id,
                )
            except InputError as moved:
                note = str(moved)
        now = shop.store.champion()
        reigns = now is not None and now.version == version
        shop.tracker.alias(now.version if now else None, None if reigns else version)
        shop.tracker.finish()
        step.says = (
            f"{draft.config.bundle.store}/{version} ({draft.chosen.megabytes:.2g} MB, {papers.form(draft.chosen)})"
        )
    return Published(
        version=version,
        bundle=f"{draft.config.bundle.store.rstrip('/')}/{version}",
        run_id=shop.tracker.run_id,
        card=draft.config.root / "reports" / "train.html",
        champion=now.version if now else None,
        note=note,
    )


def _params(draft: Draft) -> dict[str, object]:
    """The resolved configuration, flat, and what the fit found (such as the number of trees)."""
    model = draft.candidate.model
    fitted = {f"fitted.{name}": value for name, value in (model.parameters() if model else {}).items()}
    return {**_flat(draft.config.record), **fitted}


def _flat(entries: dict[str, Any], prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in entries.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def _metrics(draft: Draft) -> dict[str, float]:
    """The candidate's metrics by their plain names; those of the others below their role."""
    found = dict(draft.candidate.metrics)
    for entrant in draft.entrants:
        if entrant.kind != "candidate":
            prefix = "champion" if entrant.kind == "champion" else f"{entrant.kind}.{entrant.name}"
            found |= {f"{prefix}.{name}": value for name, value in entrant.metrics.items()}
    for comparison in draft.decision.comparisons:
        name = f"improvement.{comparison.name}.over.{comparison.against}".replace(":", ".")
        found |= {name: comparison.improvement, f"{name}.low": comparison.low, f"{name}.high": comparison.high}
    if latency := draft.candidate.latency:
        found |= {"p50_ms": latency.p50_ms, "p99_ms": latency.p99_ms}
    return {**found, "megabytes": draft.candidate.megabytes}


def _dataset(draft: Draft) -> Dataset:
    kinds = {"number": "double", "integer": "double", "boolean": "double", "datetime": "datetime"}
    types = {
        c.name: kinds.get(c.type, "string") for c in draft.prepared.contract.columns if c.name in draft.prepared.frame
    }
    name = Path(draft.prepared.source).stem or "data"
    made = draft.prepared
    return Dataset(name, made.source, made.fingerprint, made.version, len(made.frame), types)


def _version_tags(draft: Draft) -> dict[str, str]:
    chosen, metric = draft.chosen, draft.decision.metric
    return {
        "model": chosen.name,
        "role": chosen.kind,
        "promoted_by_gate": str(draft.decision.promoted is chosen).lower(),
        metric: f"{chosen.metrics[metric]:.6g}",
        "format": papers.form(chosen),
        "manifest.sha256": bundle.digest(chosen.folder / bundle.MANIFEST),
    }
