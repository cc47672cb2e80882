"""From a decision to a version: MLflow's record, the published bundle, and the champion where the gate said so.

The order is what makes `kill -9` harmless. The bundle lies staged; the run is logged; the version is created, marked
with this process; the bundle is published by one rename; the pointer moves; the ledger and the aliases follow. A
process that dies before the rename leaves a version without a bundle, which the next run deletes; one that dies after
it leaves a whole version that nobody serves, or a champion whose ledger row the next run writes.
"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import bundle, lineage, native, plots, reference, registry, report, scorecard, seen
from .errors import InputError
from .steps import Steps
from .tracking import Dataset

if TYPE_CHECKING:
    from .config import RunConfig
    from .evaluate import Entrant, Reign
    from .gate import Decision
    from .rows import Rows
    from .workshop import Workshop


@dataclass(frozen=True)
class Draft:
    """All that is known before anything is published."""

    config: RunConfig
    rows: Rows
    entrants: tuple[Entrant, ...]
    reign: Reign
    decision: Decision
    notes: tuple[str, ...]

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


def tags(config: RunConfig, rows: Rows) -> dict[str, str]:
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
        "task": rows.contract.task,
        "split": rows.parts.method,
    }
    return {name: value for name, value in found.items() if value is not None}


def register(shop: Workshop, draft: Draft, steps: Steps) -> str:
    """Complete the staged bundle's papers, log everything to MLflow and create the version. Returns its number."""
    with steps("register") as step:
        chosen, config = draft.chosen, draft.config
        importance = _importance(draft)
        pictures = plots.draw(
            draft.rows.contract.labels,
            draft.rows.test_truth,
            chosen.outputs,
            chosen.scores,
            importance,
            draft.rows.contract.target.name,
        )
        shop.tracker.ready()
        _papers(draft, shop.tracker.run_id, importance)
        papers = shop.stage()
        for name, data in pictures.items():
            (papers / "plots").mkdir(exist_ok=True)
            (papers / "plots" / f"{name}.png").write_bytes(data)
        bundle.write_json(papers, "config.json", config.record)
        card = papers / "card.html"
        card.write_text(report.page(_card(draft, shop.tracker.run_id, pictures, importance)), "utf8")
        shop.tracker.log(_params(draft), _metrics(draft), _dataset(draft))
        shop.tracker.files(papers)
        shop.tracker.files(chosen.folder, "bundle")
        outputs = len(draft.rows.contract.labels) if draft.rows.contract.task == "multiclass" else 1
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
        rows = draft.rows
        seen.record(shop.store, version, rows.frame.iloc[rows.parts.train], rows.contract)
        shop.publish(draft.chosen.folder, version)
        note = None
        if draft.decision.promoted is not None:
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
        step.says = f"{draft.config.bundle.store}/{version} ({draft.chosen.megabytes:.2g} MB, {_form(draft.chosen)})"
    return Published(
        version=version,
        bundle=f"{draft.config.bundle.store.rstrip('/')}/{version}",
        run_id=shop.tracker.run_id,
        card=draft.config.root / "reports" / "train.html",
        champion=now.version if now else None,
        note=note,
    )


def _papers(draft: Draft, run_id: str, importance: dict[str, float]) -> None:
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


def _says(draft: Draft) -> str:
    target, task = draft.rows.contract.target, draft.rows.contract.task
    what = f"one of {len(draft.rows.contract.labels)} classes" if task != "regression" else target.unit or "a number"
    count = len(draft.rows.contract.inputs)
    return f"Predicts {target.name} ({what}) from {count} inputs; trained on {len(draft.rows.parts.train):,} rows."


def _importance(draft: Draft) -> dict[str, float]:
    """Input to share of the gain, largest first; a feature that is a part of an input counts for the input."""
    found = dict.fromkeys((column.name for column in draft.rows.contract.inputs), 0.0)
    names = sorted(found, key=len, reverse=True)
    model = draft.chosen.model
    for feature, share in (model.importance() if model else {}).items():
        name = feature if feature in found else next((name for name in names if feature.startswith(name)), feature)
        found[name] = found.get(name, 0.0) + float(share)
    total = sum(found.values()) or 1.0
    return dict(sorted(((name, share / total) for name, share in found.items()), key=lambda item: (-item[1], item[0])))


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
            prefix = "champion" if entrant.kind == "champion" else f"baseline.{entrant.name}"
            found |= {f"{prefix}.{name}": value for name, value in entrant.metrics.items()}
    for comparison in draft.decision.comparisons:
        name = f"improvement.{comparison.name}.over.{comparison.against}".replace(":", ".")
        found |= {name: comparison.improvement, f"{name}.low": comparison.low, f"{name}.high": comparison.high}
    found |= {"p50_ms": draft.candidate.latency.p50_ms, "p99_ms": draft.candidate.latency.p99_ms}
    return {**found, "megabytes": draft.candidate.megabytes}


def _dataset(draft: Draft) -> Dataset:
    kinds = {"number": "double", "integer": "double", "boolean": "double", "datetime": "datetime"}
    types = {c.name: kinds.get(c.type, "string") for c in draft.rows.contract.columns if c.name in draft.rows.frame}
    name = Path(draft.rows.source).stem or "data"
    return Dataset(name, draft.rows.source, draft.rows.fingerprint, len(draft.rows.frame), types)


def _version_tags(draft: Draft) -> dict[str, str]:
    chosen, metric = draft.chosen, draft.decision.metric
    return {
        "model": chosen.name,
        "role": chosen.kind,
        "promoted_by_gate": str(draft.decision.promoted is chosen).lower(),
        metric: f"{chosen.metrics[metric]:.6g}",
        "format": _form(chosen),
        "manifest.sha256": bundle.digest(chosen.folder / bundle.MANIFEST),
    }


def _form(entrant: Entrant) -> str:
    return entrant.parity.format if entrant.parity else "unknown"


def _card(draft: Draft, run_id: str, pictures: dict[str, bytes], importance: dict[str, float]) -> report.Card:
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


def _facts(draft: Draft) -> dict[str, str]:
    chosen = draft.chosen
    facts = {
        "test rows": f"{len(draft.rows.test):,}",
        "one row, p99": f"{chosen.latency.p99_ms:.2g} ms",
        f"bundle ({_form(chosen)})": f"{chosen.megabytes:.2g} MB",
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
