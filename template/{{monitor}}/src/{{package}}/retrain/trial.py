"""How a shadow did: its answers and the champion's to the same requests, once the truth of enough of them is known.

It is promoted where the paired bootstrap shows that it did better by `gate.margin`, as at the gate; else it is dropped.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import shadow, span
from ..errors import InputError
from ..shape import Count
from .logged import database

if TYPE_CHECKING:
    import pandas as pd

    from ..predictor import Predictor
    from ..shadow import Shadow
    from .scene import Scene

#: Cases that the bootstrap draws from at most.
DRAWN = 100_000
#: What the names of the shadow's columns begin with.
OWN = "shadow."
_PAIRS = tuple(
    "SELECT p.request_id, p.row, p.at, p.key, o.subject, o.truth, p.prediction, p.output, s.prediction, s.output "
    "FROM prediction_log s JOIN prediction_log p ON p.request_id = s.request_id AND p.row = s.row "
    f"JOIN outcome_log o ON o.subject = {subject} WHERE s.source = 'shadow' AND s.model_version = ? AND s.at >= ? "
    "AND p.source IN ('rest', 'batch') AND p.model_version = ? ORDER BY p.at, p.request_id, p.row"
    for subject in ("p.request_id || '/' || CAST(p.row AS TEXT)", "'key:' || p.key")
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Whether candidates are tried in the shadow first; the outcomes that a verdict takes, and how long they may."""

    shadow: bool
    shadow_outcomes: Count
    shadow_for: str


@dataclass(frozen=True)
class Verdict:
    """waiting, promoted or dropped, and the sentence that says why."""

    decision: str
    says: str


def judge(scene: Scene, standing: Shadow, settings: Settings) -> Verdict:
    """Compare shadow and champion on what came true. Raises InputError where the log's database is away."""
    if scene.champion is None or standing.version not in scene.store.versions():
        return Verdict("dropped", f"version {standing.version} has nobody to stand beside, or is published no more")
    try:
        ours, theirs = (_load(scene, version) for version in (standing.version, scene.champion.bundle))
    except InputError as broken:
        return Verdict("dropped", f"version {standing.version} cannot be tried: {broken}")
    since = datetime.datetime.fromisoformat(standing.since)
    answers = _answers(scene, standing.version, since.timestamp(), ours)
    enough, met = settings.shadow_outcomes, len(answers)
    cases = _cases(answers, ours, theirs) if met >= enough else None
    if cases is None or not len(cases[1]):
        lasts = (scene.now - since).total_seconds()
        says = f"version {standing.version} met {met:,} of {enough:,} outcomes in {span.words(max(0.0, lasts))}"
        over = lasts > span.seconds(settings.shadow_for, "retrain.shadow_for")
        return Verdict("dropped" if over else "waiting", f"{says}; retrain.shadow_for={settings.shadow_for}")
    return _compared(scene, standing, cases)


def settle(scene: Scene, standing: Shadow, verdict: Verdict) -> list[str]:
    """Promote the shadow or drop it; return what the reader should know."""
    from .. import registry, tracking

    if verdict.decision != "promoted":
        shadow.drop(scene.store, standing.version)
        return []
    expected = scene.champion.version if scene.champion else None
    registry.promote(scene.store, standing.version, verdict.says, expected=expected, guarded=True)
    try:
        tracking.follow(scene.config.tracking, scene.config.root, standing.version)
    except InputError as away:
        return [f"the alias in MLflow did not move: {away}"]
    return []


def _load(scene: Scene, version: str) -> Predictor:
    from .. import predictor

    return predictor.load(scene.store.fetch(version), version=version)


def _compared(scene: Scene, standing: Shadow, cases: tuple[Any, Any, Any, float]) -> Verdict:
    from .. import bootstrap, metrics

    truth, mine, others, overlap = cases
    gate, champion = scene.config.gate, scene.champion
    assert champion is not None
    metric = metrics.metric(gate.metric, _load(scene, standing.version).contract.task)
    sign = 1.0 if metric.greater_is_better else -1.0
    gain = sign * (metric.value(truth, mine) - metric.value(truth, others))
    draws = bootstrap.resample(metric, truth, [mine, others], gate.resamples, scene.config.seed)
    # forecasts of the same days are no independent evidence: the interval is as wide as that of so many fewer
    spread = gain + (sign * (draws[0] - draws[1]) - gain) * overlap**0.5
    low, high = bootstrap.interval(spread, gate.confidence)
    figure = f"by {metric.name} {gain:+.4g} [{low:+.4g}, {high:+.4g}] on the outcomes of {len(mine):,} answers of both"
    if low > gate.margin:
        return Verdict("promoted", f"the shadow (version {standing.version}) beat version {champion.version} {figure}")
    return Verdict(
        "dropped", f"the shadow (version {standing.version}) is not shown to beat version {champion.version}: {figure}"
    )


def _answers(scene: Scene, version: str, since: float, model: Predictor) -> pd.DataFrame:
    """The pairs of answers whose truth is known, one for each truth: columns as `live` takes them, the champion's, and
    the shadow's with a prefix."""
    import pandas as pd

    from .. import live
    from ..monitor.decoding import Fields, scalar

    assert scene.champion is not None
    needed = list(live.needed(model))
    fields = Fields(needed)
    parts = []
    with database(scene.config, newest=True) as opened:
        for query in _PAIRS:
            for batch in opened.batches(query, (version, since, scene.champion.version)):
                request, row, at, key, subject, truth, said, output, own, own_output = zip(*batch, strict=True)
                cells: dict[str, Any] = {"request_id": request, "row": row, "at": at, "key": key, "subject": subject}
                cells["truth"] = [scalar(text) for text in truth]
                for prefix, told, outputs in (("", said, output), (OWN, own, own_output)):
                    cells[f"{prefix}prediction"] = [scalar(text) for text in told]
                    named = zip(needed, fields.columns(outputs), strict=True)
                    cells |= {f"{prefix}{name}": values for name, values in named}
                parts.append(pd.DataFrame(cells))
    if not parts:
        return pd.DataFrame()
    found = pd.concat(parts, ignore_index=True).drop_duplicates(["request_id", "row"], ignore_index=True)
    chosen: pd.DataFrame = live.chosen(model, found)
    return chosen


def _cases(answers: pd.DataFrame, ours: Predictor, theirs: Predictor) -> tuple[Any, Any, Any, float]:
    """The truth, the shadow's scores and the champion's, of the cases that both answered; their overlap."""
    import numpy as np

    from .. import live

    names = {str(name).removeprefix(OWN): name for name in answers if str(name).startswith(OWN)}
    own = answers[list(names.values())].set_axis(list(names), axis=1)
    shared = answers[[name for name in answers if name not in names and name not in names.values()]]
    mine = live.evidence(ours, shared.join(own))
    others = live.evidence(theirs, answers)
    both = np.intersect1d(mine.rows, others.rows)[-DRAWN:]
    here, there = np.isin(mine.rows, both), np.isin(others.rows, both)
    return mine.truth[here], mine.scores[here], others.scores[there], mine.overlap
