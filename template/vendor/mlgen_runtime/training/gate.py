"""Promote only what is better: a choice among baselines and candidate, and evidence against a reigning champion.

Who has nobody to unseat is chosen: the simplest baseline serves unless another is better than chance (the paired
bootstrap's interval of the improvement lies above 0; of folds it is taken wider, see `bootstrap.widening`), and of
those that are, the better expected figure wins, where a more complex model must lead by `gate.prudence` standard errors
(the rule of Breiman et al., Classification and Regression Trees, 1984, section 3.4.3, which takes one) and by
`gate.margin`. Where so few cases can be had that an interval proves nothing (windows of a single series),
`gate.baseline=ahead` lets the better figure decide throughout.

Whoever is chosen then faces the champion, and takes its place only where the interval lies above the margin; but the
simplest baseline, which knows nothing, never does: rows on which a champion is worse have wrong labels. Declared
constraints (latency, size) are met or not, whatever the quality. However good it is, a model does not by itself take
the place of a champion whose clients it would break: it predicts something else, or needs what they do not send.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..core.figures import figure, interval
from . import bootstrap

if TYPE_CHECKING:
    import numpy as np

    from ..config.settings import GateSettings
    from ..usecase.evaluated import EvaluatedModel, Truth
    from ..usecase.protocol import Metric


Asked = Literal["interval", "lead", "figure"]


@dataclass(frozen=True)
class Comparison:
    """How much better `name` scored than `against`, in units of the metric (positive is better), with its interval.

    `better` is the gate's verdict by what was `asked` of it, `shown` whether the interval alone says so.
    """

    name: str
    against: str
    improvement: float
    low: float
    high: float
    better: bool
    shown: bool = True
    asked: Asked = "interval"

    def __str__(self) -> str:
        return interval(self.improvement, self.low, self.high, sign=True)


@dataclass(frozen=True)
class Decision:
    """What the gate decided. `promoted` is the model to be served from now on, None where nothing changes.

    `registered` is the model that becomes a version; `intervals` are those of each model's own metric. `held` says why
    a model that passed waits for `promote version=` all the same.
    """

    metric: str
    promoted: EvaluatedModel | None
    registered: EvaluatedModel
    message: str
    comparisons: tuple[Comparison, ...]
    unmet: tuple[str, ...]
    intervals: dict[str, tuple[float, float]]
    held: str | None = None


def decide(
    metric: Metric,
    settings: GateSettings,
    seed: int,
    truth: Truth,
    models: Sequence[EvaluatedModel],
    stays: str | None = None,
    folds: int = 1,
) -> Decision:
    """Compare the models on the test rows and decide.

    `models` are the baselines (simplest first), one candidate, and at most one champion, all scored on `truth` [n],
    the champion on those of its rows that it was not trained on.
    `stays` is the version that goes on serving where the candidate fails; None where there is none. `folds` is how many
    fits of one recipe gave the answers, each to rows that the others learnt from.
    """
    comparing = _Comparisons(metric, settings, seed, truth, list(models), folds)
    candidate, champion = comparing.one("candidate"), comparing.one("champion")
    assert candidate is not None
    unmet = {model.key: constraints(model, settings) for model in models}
    chosen, faced = _chosen(comparing, [*comparing.baselines, candidate], unmet)
    duel = None
    if champion is not None:
        duel = comparing.compare(chosen or candidate, champion, settings.margin)
    constant = comparing.baselines[0] if comparing.baselines else None
    promoted, message = _verdict(candidate, chosen, stays, faced, duel, unmet, settings, constant)
    return Decision(
        metric=metric.name,
        promoted=promoted,
        registered=promoted or candidate,
        message=message,
        comparisons=(*faced, *([duel] if duel is not None else [])),
        unmet=unmet[candidate.key],
        intervals={model.key: comparing.interval(model) for model in models},
    )


def _chosen(
    comparing: _Comparisons, field: Sequence[EvaluatedModel], unmet: Mapping[str, Sequence[str]]
) -> tuple[EvaluatedModel | None, list[Comparison]]:
    """The model that is chosen from `field`, the simplest first, and the comparisons that say why.

    None where none meets the constraints.
    """
    settings, faced = comparing.settings, []
    shown = settings.baseline == "shown"
    simplest, best = field[0], None if unmet[field[0].key] else field[0]
    for model in field[1:]:
        margin = settings.margin if model.kind == "candidate" else 0.0  # the margin is the candidate's bar
        rivals = [simplest] if best in (None, simplest) else [simplest, best]
        met = []
        for rival in rivals:
            asked: Asked = "interval" if shown and rival is simplest else "lead" if shown else "figure"
            met.append(comparing.compare(model, rival, margin, asked=asked, first=rival is simplest))
        faced += met
        if all(comparison.better for comparison in met) and not unmet[model.key]:
            best = model
    return best, faced


def held(decision: Decision, champion: str, broken: str) -> Decision:
    """The decision where the clients of the champion (a version) would be `broken`: who passed is registered beside
    it."""
    if decision.promoted is None:
        return decision
    passed = decision.message.removesuffix(".").replace(" is promoted", " would be promoted", 1)
    message = f"{passed}; but the champion (version {champion}) stays: {broken}."
    return dataclasses.replace(decision, promoted=None, message=message, held=broken)


def constraints(model: EvaluatedModel, settings: GateSettings) -> tuple[str, ...]:
    """Return, in words, the declared constraints that a model does not meet."""
    unmet = []
    if settings.max_p99_ms is not None and model.latency is not None and model.latency.p99_ms > settings.max_p99_ms:
        unmet.append(
            f"its p99 of {figure(model.latency.p99_ms, 3)} ms is above gate.max_p99_ms={settings.max_p99_ms:g}"
        )
    if settings.max_size_mb is not None and model.megabytes > settings.max_size_mb:
        unmet.append(f"its {figure(model.megabytes, 3)} MB are above gate.max_size_mb={settings.max_size_mb:g}")
    return tuple(unmet)


@dataclass(frozen=True)
class _Comparisons:
    """The models on the same rows. Those that are fair to the champion alone have draws of their own."""

    metric: Metric
    settings: GateSettings
    seed: int
    truth: Truth
    models: list[EvaluatedModel]
    folds: int

    def one(self, kind: str) -> EvaluatedModel | None:
        return next((model for model in self.models if model.kind == kind), None)

    @cached_property
    def draws(self) -> dict[str, np.ndarray]:
        """The metric [resamples] of each model on the same draws of all test rows."""
        whole = [model for model in self.models if model.fair is None]
        return dict(zip((e.key for e in whole), self._resample(self.truth, [e.scores for e in whole]), strict=True))

    def duel(self, challenger: EvaluatedModel) -> np.ndarray:
        """The metric [challenger and champion, resamples] on the same draws of the rows that are fair to both."""
        champion = self.one("champion")
        assert champion is not None
        return self._resample(self.truth[champion.fair], [challenger.scores[champion.fair], champion.scores])

    def interval(self, model: EvaluatedModel) -> tuple[float, float]:
        if model.fair is None:
            draws = self.draws[model.key]
        else:
            draws = self._resample(self.truth[model.fair], [model.scores])[0]
        return bootstrap.interval(draws, self.settings.confidence)

    @property
    def baselines(self) -> list[EvaluatedModel]:
        """The baselines, the simplest first."""
        return [model for model in self.models if model.kind == "baseline"]

    def compare(
        self,
        name: EvaluatedModel,
        against: EvaluatedModel,
        margin: float,
        *,
        asked: Asked = "interval",
        first: bool = False,
    ) -> Comparison:
        """Compare two models; `asked` is what must lie above the margin: the whole interval, the figure less
        `gate.prudence` standard errors of the difference (lead), or the figure. `first` asks whether there is anything
        to learn at all: the interval then counts what folds share."""
        sign = 1.0 if self.metric.greater_is_better else -1.0
        if against.fair is None:
            here, there = self.draws[name.key], self.draws[against.key]
            mine = name.metrics[self.metric.name]
        else:
            here, there = self.duel(name)
            mine = self.metric.value(self.truth[against.fair], name.scores[against.fair])
        low, high = bootstrap.interval(sign * (here - there), self.settings.confidence)
        gain = sign * (mine - against.metrics[self.metric.name])
        if first:
            wider = bootstrap.widening(self.folds)
            low, high = gain - wider * (gain - low), gain + wider * (high - gain)
        bar = margin + (self.settings.prudence * bootstrap.error(here - there) if asked == "lead" else 0.0)
        better = (low if asked == "interval" else gain) > bar
        return Comparison(name.key, against.key, gain, low, high, better, low > margin, asked)

    def _resample(self, truth: Truth, scores: Sequence[Any]) -> np.ndarray:
        return bootstrap.resample(self.metric, truth, scores, self.settings.resamples, self.seed)


def _verdict(
    candidate: EvaluatedModel,
    chosen: EvaluatedModel | None,
    stays: str | None,
    faced: Sequence[Comparison],
    duel: Comparison | None,
    unmet: Mapping[str, Sequence[str]],
    settings: GateSettings,
    simplest: EvaluatedModel | None,
) -> tuple[EvaluatedModel | None, str]:
    """Return who is to be promoted (None: nothing changes) and the sentence that says why."""
    because = _because(candidate, chosen, faced, unmet, settings)
    if chosen is None:
        failed = [(key, found) for key, found in unmet.items() if found and key.startswith("baseline")]
        kept = "; ".join(f"{_label(key)} fails as well: {'; '.join(found)}" for key, found in failed)
        why = f"{because}; and {kept}" if kept else because
        return None, f"nothing is promoted: {why}."
    if duel is not None and not duel.better:
        lost = f"it is not shown to beat {_label(duel.against)}{_margin(settings)} ({duel})"
        if chosen is candidate:
            return None, f"{candidate.name} is not promoted and the champion (version {stays}) stays: {lost}."
        also = f"; nor is the baseline {chosen.name} shown to beat the champion ({duel})"
        return None, f"{candidate.name} is not promoted and the champion (version {stays}) stays: {because}{also}."
    if chosen is not candidate and stays is not None and duel is None:
        return None, f"{candidate.name} is not promoted and the champion (version {stays}) stays: {because}."
    if chosen is simplest and duel is not None:  # it knows nothing, so that the rows are at fault is likelier
        why = f"{because}; {chosen.name} beats the champion by {duel}, so look at the labels of these rows"
        return None, f"{candidate.name} is not promoted and the champion (version {stays}) stays: {why}."
    beaten = [comparison for comparison in [*faced, *([duel] if duel else [])] if comparison.name == chosen.key]
    won = " and ".join(f"{_label(c.against)} by {c}" for c in beaten)
    verb = "beats" if all(comparison.shown for comparison in beaten) else "is ahead of"
    if chosen is candidate:
        return candidate, f"{candidate.name} is promoted" + (f": it {verb} {won}." if won else ".")
    after = f"; it {verb} {won}" if duel else ""
    return chosen, f"the baseline {chosen.name} is promoted, not {candidate.name}: {because}{after}."


def _because(
    candidate: EvaluatedModel,
    chosen: EvaluatedModel | None,
    faced: Sequence[Comparison],
    unmet: Mapping[str, Sequence[str]],
    settings: GateSettings,
) -> str:
    """Why the candidate is not chosen; empty where it is."""
    if chosen is candidate:
        return ""
    lost = [comparison for comparison in faced if comparison.name == candidate.key and not comparison.better]
    if len(lost) > 1 and chosen is not None:
        lost = [comparison for comparison in lost if comparison.against == chosen.key] or lost
    return "; ".join([*(_lost(comparison, settings) for comparison in lost), *unmet[candidate.key]])


def _lost(comparison: Comparison, settings: GateSettings) -> str:
    rival = f"{_label(comparison.against)}{_margin(settings)}"
    if comparison.asked == "interval":
        return f"it is not shown to beat {rival} ({comparison})"
    if comparison.asked == "lead" and comparison.improvement > settings.margin:
        within = f"within {settings.prudence:g} standard errors ({comparison})"
        return f"its lead over {rival} is {within}, and the simpler wins"
    return f"it is not ahead of {rival} ({comparison})"


def _label(key: str) -> str:
    kind, _, name = key.partition(":")
    return f"the {kind} {name}" if kind != "champion" else f"the champion (version {name})"


def _margin(settings: GateSettings) -> str:
    return f" by more than {settings.margin:g}" if settings.margin and not math.isnan(settings.margin) else ""
