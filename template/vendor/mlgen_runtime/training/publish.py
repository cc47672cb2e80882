"""From a decision to a version: MLflow's record, the published bundle, and the champion where the gate said so.

The order is what makes `kill -9` harmless. The bundle lies staged; the run is logged; the version is created, marked
with this process; the bundle is published by one rename; the pointer moves; the ledger and the aliases follow. A
process that dies before the rename leaves a version without a bundle, which the next run deletes; one that dies after
it leaves a whole version that nobody serves, or a champion whose ledger row the next run writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..bundle import format as bundle
from ..bundle import promotion
from ..core import atomic
from ..core.errors import InputError
from ..core.figures import figure
from ..core.progress import Steps
from . import bundle_metadata, card, card_content, native_model
from .run_record import dataset, metrics, params, version_tags

if TYPE_CHECKING:
    from .judged import Judged
    from .run_context import RunContext


@dataclass(frozen=True)
class Published:
    """What came of it: the version, its bundle's place, the run, the card, who is champion now, and the page that shows
    the runs."""

    version: str
    bundle: str
    run_id: str
    card: Path
    champion: str | None
    page: str
    note: str | None = None


def register(run: RunContext, judged: Judged, steps: Steps) -> str:
    """Complete the staged bundle's metadata, log everything to MLflow and create the version. Returns its number."""
    with steps("register") as step:
        chosen, config, case = judged.chosen, judged.config, judged.case
        importance = bundle_metadata.importance(judged)
        looked_at = judged.explained.pictures
        _log_model(run, judged)
        run.tracker.log(params(judged), metrics(judged), dataset(judged), judged.decision.message)
        # MLflow works meanwhile
        pictures = case.plots.draw(judged.prepared, chosen, {} if "importance" in looked_at else importance)
        pictures |= looked_at
        lineage = bundle_metadata.lineage_of(judged, run.origin, run.tracker.run_id)
        bundle_metadata.write(judged, lineage, importance)
        shown = run.stage()
        for name, data in pictures.items():
            (shown / "plots").mkdir(exist_ok=True)
            (shown / "plots" / f"{name}.png").write_bytes(data)
        bundle.write_json(shown, "config.json", config.record)
        details = case.evaluation.details(judged.prepared, chosen)
        bundle.write_json(shown, "details.json", {**details, "explanation": judged.explained.figures})
        page = shown / "card.html"
        page.write_text(card.page(card_content.content(judged, lineage, pictures, importance)), "utf8")
        run.tracker.files(shown)
        run.tracker.files(chosen.folder, "bundle")
        version = run.register(version_tags(judged), judged.decision.message)
        atomic.write(config.root / "reports" / "train.html", page.read_text("utf8"))
        step.message = f"version {version} of {config.tracking.model_name} in MLflow, run {run.tracker.run_id[:8]}"
    return version


def _log_model(run: RunContext, judged: Judged) -> None:
    """Have MLflow take the model in its library's own format, where it has one."""
    chosen, labels = judged.chosen, len(judged.prepared.contract.labels)
    written = native_model.write(chosen.model.native if chosen.model else None, chosen.folder, run.stage())
    if written is not None:
        run.tracker.model(*written, labels if labels > 2 else 1)


def publish(run: RunContext, judged: Judged, version: str, held: str | None, steps: Steps) -> Published:
    """Publish the bundle; promote it where the gate said so, else name it the challenger.

    `held` says why one that passed the gate is not promoted at once.
    """
    with steps("bundle") as step:
        chosen, config = judged.chosen, judged.config
        judged.case.evaluation.remember(run, version, judged.prepared, chosen)
        run.publish(chosen.folder, version)
        note = held
        if judged.decision.promoted is not None and note is None:
            try:
                promotion.promote(
                    run.store,
                    version,
                    f"{judged.decision.message} {judged.prepared.judged}",
                    expected=judged.status.version,
                    guarded=True,
                    run_id=run.tracker.run_id,
                )
            except InputError as moved:
                note = str(moved)
        now = run.store.champion()
        reigns = now is not None and now.version == version
        run.tracker.alias(now.version if now else None, None if reigns else version)
        run.tracker.finish()
        step.message = f"{config.bundle.store}/{version} ({figure(chosen.megabytes, 2)} MB, {chosen.format})"
    return Published(
        version=version,
        bundle=f"{config.bundle.store.rstrip('/')}/{version}",
        run_id=run.tracker.run_id,
        card=config.root / "reports" / "train.html",
        champion=now.version if now else None,
        page=run.tracker.page,
        note=note,
    )
