"""Promote only what is better: the candidate against the best baseline and against the champion.

"Better" means that the paired bootstrap's interval of the improvement lies above `gate.margin` altogether. A more
complex model has to earn its place: on noise the baseline stays. Where so few cases can be had that an interval proves
nothing (windows of a single series), `gate.baseline=ahead` lets the better figure decide against the baseline. Declared
constraints (latency, size) are met or not, whatever the quality. However good it is, a model does not by itself take
the place of a champion whose clients it would break: it predicts something else, or needs what they do not send.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..core.figures import figure, interval
from . import bootstrap

if TYPE_CHECKING:
    import numpy as np

    from ..config.settings import GateSettings
    from ..usecase.evaluated import EvaluatedModel, Truth
    from ..usecase.protocol import Metric


@dataclass(frozen=True)
class Comparison:
    """How much better `name` scored than `against`, in units of the metric (positive is better), with its interval.

    `better` is the gate's verdict, `shown` whether the interval alone says so.
    """

    name: str
    against: str
    improvement: float
    low: float
    high: float
    better: bool
    shown: bool = True

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
) -> Decision:
    """Compare the models on the test rows and decide.

    `models` are the baselines (simplest first), one candidate, and at most one champion, all scored on `truth` [n],
    the champion on those of its rows that it was not trained on.
    `stays` is the version that goes on serving where the candidate fails; None where there is none.
    """
    comparing = _Comparisons(metric, settings, seed, truth, list(models))
    candidate = comparing.one("candidate")
    champion = comparing.one("champion")
    assert candidate is not None
    baseline, comparisons = comparing.best_baseline()
    rivals = [rival for rival in (baseline, champion) if rival is not None]
    faced = [
        comparing.compare(candidate, rival, settings.margin, shown=rival is champion or settings.baseline == "shown")
        for rival in rivals
    ]
    unmet = constraints(candidate, settings)
    promoted, message = _verdict(candidate, baseline, stays, faced, unmet, settings)
    return Decision(
        metric=metric.name,
        promoted=promoted,
        registered=promoted or candidate,
        message=message,
        comparisons=(*comparisons, *faced),
        unmet=unmet,
        intervals={model.key: comparing.interval(model) for model in models},
    )


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

    def one(self, kind: str) -> EvaluatedModel | None:
        return next((model for model in self.models if model.kind == kind), None)

    @cached_property
    def draws(self) -> dict[str, np.ndarray]:
        """The metric [resamples] of each model on the same draws of all test rows."""
        whole = [model for model in self.models if model.fair is None]
        return dict(zip((e.key for e in whole), self._resample(self.truth, [e.scores for e in whole]), strict=True))

    @cached_property
    def duel(self) -> np.ndarray:
        """The metric [candidate and champion, resamples] on the same draws of the rows that are fair to both."""
        candidate, champion = self.one("candidate"), self.one("champion")
        assert candidate is not None
        assert champion is not None
        return self._resample(self.truth[champion.fair], [candidate.scores[champion.fair], champion.scores])

    def interval(self, model: EvaluatedModel) -> tuple[float, float]:
        draws = self.draws[model.key] if model.fair is None else self.duel[1]
        return bootstrap.interval(draws, self.settings.confidence)

    def compare(
        self, name: EvaluatedModel, against: EvaluatedModel, margin: float, *, shown: bool = True
    ) -> Comparison:
        """Compare two models; `shown` asks for an interval above the margin, otherwise the figure is enough."""
        sign = 1.0 if self.metric.greater_is_better else -1.0
        if against.fair is None:
            here, there = self.draws[name.key], self.draws[against.key]
            mine = name.metrics[self.metric.name]
        else:
            here, there = self.duel
            mine = self.metric.value(self.truth[against.fair], name.scores[against.fair])
        low, high = bootstrap.interval(sign * (here - there), self.settings.confidence)
        gain = sign * (mine - against.metrics[self.metric.name])
        return Comparison(name.key, against.key, gain, low, high, (low if shown else gain) > margin, low > margin)

    def _resample(self, truth: Truth, scores: Sequence[Any]) -> np.ndarray:
        return bootstrap.resample(self.metric, truth, scores, self.settings.resamples, self.seed)

    def best_baseline(self) -> tuple[EvaluatedModel | None, list[Comparison]]:
        """The simplest baseline that no later one is shown to beat, and the comparisons that say so."""
        baselines = [model for model in self.models if model.kind == "baseline"]
        best, comparisons = baselines[0] if baselines else None, []
        for other in baselines[1:]:
            comparisons.append(self.compare(other, best or other, margin=0.0))  # the margin is the candidate's bar
            best = other if comparisons[-1].better else best
        return best, comparisons


def _verdict(
    candidate: EvaluatedModel,
    baseline: EvaluatedModel | None,
    stays: str | None,
    faced: Sequence[Comparison],
    unmet: Sequence[str],
    settings: GateSettings,
) -> tuple[EvaluatedModel | None, str]:
    """Return who is to be promoted (None: nothing changes) and the sentence that says why."""
    lost = [comparison for comparison in faced if not comparison.better]
    if not lost and not unmet:
        won = " and ".join(f"{_label(c.against)} by {c}" for c in faced)
        verb = "beats" if all(comparison.shown for comparison in faced) else "is ahead of"
        return candidate, f"{candidate.name} is promoted: it {verb} {won}."
    because = "; ".join(
        [*(f"it is not shown to beat {_label(c.against)}{_margin(settings)} ({c})" for c in lost), *unmet]
    )
    if stays is not None or baseline is None:
        serving = f" and the champion (version {stays}) stays" if stays is not None else ""
        return None, f"{candidate.name} is not promoted{serving}: {because}."
    if kept := "; ".join(constraints(baseline, settings)):
        return None, f"nothing is promoted: {because}; and the baseline {baseline.name} fails as well: {kept}."
    return baseline, f"the baseline {baseline.name} is promoted, not {candidate.name}: {because}."


def _label(key: str) -> str:
    kind, _, name = key.partition(":")
    return f"the {kind} {name}" if kind != "champion" else f"the champion (version {name})"


def _margin(settings: GateSettings) -> str:
    return f" by more than {settings.margin:g}" if settings.margin and not math.isnan(settings.margin) else ""
