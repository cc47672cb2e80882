"""How a shadow did: its answers and the champion's to the same requests, once the truth of enough of them is known.

It is promoted where the paired bootstrap shows that it did better by `gate.margin`, as at the gate; else it is dropped.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...bundle import shadow
from ...config.schema import Count
from ...core import duration
from ...core.errors import InputError
from ...core.figures import interval
from ...usecase import registry
from ..optional import Verdict
from .logged import database

if TYPE_CHECKING:
    import pandas as pd

    from ...bundle.predictor import Predictor
    from ...bundle.shadow import Shadow
    from ..context import RetrainingContext

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


@dataclass(frozen=True, eq=False)
class Cases:
    """What both answered and came true: the truth, the scores of both, how often one truth counts on average."""

    truth: Any
    shadow: Any
    champion: Any
    overlap: float


def judge(context: RetrainingContext, standing: Shadow, settings: Settings) -> Verdict:
    """Compare shadow and champion on what came true. Raises InputError where the log's database is away."""
    if context.champion is None or standing.version not in context.store.versions():
        return Verdict("dropped", f"version {standing.version} has nobody to stand beside, or is published no more")
    try:
        ours, theirs = (_load(context, version) for version in (standing.version, context.champion.bundle))
    except InputError as broken:
        return Verdict("dropped", f"version {standing.version} cannot be tried: {broken}")
    since = datetime.datetime.fromisoformat(standing.since)
    answers = _answers(context, standing.version, since.timestamp(), ours)
    enough, met = settings.shadow_outcomes, len(answers)
    cases = _cases(answers, ours, theirs) if met >= enough else None
    if cases is None or not len(cases.shadow):
        lasts = (context.now - since).total_seconds()
        message = f"version {standing.version} met {met:,} of {enough:,} outcomes in {duration.words(max(0.0, lasts))}"
        over = lasts > duration.seconds(settings.shadow_for, "retrain.shadow_for")
        return Verdict("dropped" if over else "waiting", f"{message}; retrain.shadow_for={settings.shadow_for}")
    return _compared(context, standing, ours, cases)


def settle(context: RetrainingContext, standing: Shadow, verdict: Verdict) -> list[str]:
    """Promote the shadow or drop it; return what the reader should know."""
    from ...bundle import promotion
    from ...training import tracking

    if verdict.decision != "promoted":
        shadow.drop(context.store, standing.version)
        return []
    expected = context.champion.version if context.champion else None
    promotion.promote(context.store, standing.version, verdict.message, expected=expected, guarded=True)
    try:
        tracking.follow(context.config.tracking, context.config.root, standing.version)
    except InputError as away:
        return [f"the alias in MLflow did not move: {away}"]
    return []


def _load(context: RetrainingContext, version: str) -> Predictor:
    from ...usecase.loading import load

    return load(context.store.fetch(version), version=version)


def _compared(context: RetrainingContext, standing: Shadow, model: Predictor, cases: Cases) -> Verdict:
    from ...training import bootstrap

    truth, mine, others = cases.truth, cases.shadow, cases.champion
    gate, champion = context.config.gate, context.champion
    assert champion is not None
    metric = registry.find(model.use_case).metrics.metric(gate.metric, model.contract.task)
    sign = 1.0 if metric.greater_is_better else -1.0
    gain = sign * (metric.value(truth, mine) - metric.value(truth, others))
    draws = bootstrap.resample(metric, truth, [mine, others], gate.resamples, context.config.seed)
    # forecasts of the same days are no independent evidence: the interval is as wide as that of so many fewer
    spread = gain + (sign * (draws[0] - draws[1]) - gain) * cases.overlap**0.5
    low, high = bootstrap.interval(spread, gate.confidence)
    gained = interval(gain, low, high, sign=True)
    shown = f"by {metric.name} {gained} on the outcomes of {len(mine):,} answers of both"
    if low > gate.margin:
        return Verdict("promoted", f"the shadow (version {standing.version}) beat version {champion.version} {shown}")
    return Verdict(
        "dropped", f"the shadow (version {standing.version}) is not shown to beat version {champion.version}: {shown}"
    )


def _answers(context: RetrainingContext, version: str, since: float, model: Predictor) -> pd.DataFrame:
    """The pairs of answers whose truth is known, one for each truth: columns as the monitoring view takes them, the
    champion's, and the shadow's with a prefix."""
    import pandas as pd

    from ...monitoring.decoding import Fields, scalar

    assert context.champion is not None
    view = registry.find(model.use_case).monitoring_view
    needed = list(view.needed(model))
    fields = Fields(needed)
    parts = []
    with database(context.config, newest=True) as opened:
        for query in _PAIRS:
            for batch in opened.batches(query, (version, since, context.champion.version)):
                request, row, at, key, subject, truth, served, output, own, own_output = zip(*batch, strict=True)
                cells: dict[str, Any] = {"request_id": request, "row": row, "at": at, "key": key, "subject": subject}
                cells["truth"] = [scalar(text) for text in truth]
                for prefix, predictions, outputs in (("", served, output), (OWN, own, own_output)):
                    cells[f"{prefix}prediction"] = [scalar(text) for text in predictions]
                    named = zip(needed, fields.columns(outputs), strict=True)
                    cells |= {f"{prefix}{name}": values for name, values in named}
                parts.append(pd.DataFrame(cells))
    if not parts:
        return pd.DataFrame()
    found = pd.concat(parts, ignore_index=True).drop_duplicates(["request_id", "row"], ignore_index=True)
    return view.chosen(model, found)


def _cases(answers: pd.DataFrame, ours: Predictor, theirs: Predictor) -> Cases:
    """The cases that both answered."""
    import numpy as np

    view = registry.find(ours.use_case).monitoring_view
    names = {str(name).removeprefix(OWN): name for name in answers if str(name).startswith(OWN)}
    own = answers[list(names.values())].set_axis(list(names), axis=1)
    shared = answers[[name for name in answers if name not in names and name not in names.values()]]
    mine = view.evidence(ours, shared.join(own))
    others = view.evidence(theirs, answers)
    both = np.intersect1d(mine.rows, others.rows)[-DRAWN:]
    here, there = np.isin(mine.rows, both), np.isin(others.rows, both)
    return Cases(mine.truth[here], mine.scores[here], others.scores[there], mine.overlap)
