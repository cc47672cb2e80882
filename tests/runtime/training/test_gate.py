"""The gate: only what is shown to be better is promoted, and it says why. Stand-ins take the place of the metrics."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.config.settings import GateSettings
from mlgen_runtime.training import bootstrap, gate
from mlgen_runtime.usecase.evaluated import EvaluatedModel, Latency


@dataclass(frozen=True)
class Metric:
    """The mean over the cases of what `of` makes of truth [n] and scores [n]: all that the gate asks of a metric."""

    name: str
    greater_is_better: bool
    of: Callable[[np.ndarray, np.ndarray], np.ndarray]

    def prepare(self, truth: np.ndarray, scores: np.ndarray) -> Callable[[np.ndarray | None], float]:
        each = self.of(truth, scores)
        return lambda counts: float(np.average(each, weights=counts))

    def value(self, truth: np.ndarray, scores: np.ndarray) -> float:
        return self.prepare(truth, scores)(None)


ERROR = Metric("error", False, lambda truth, scores: np.abs(truth - scores))
HITS = Metric("hits", True, lambda truth, scores: truth == (scores > 0.5))
SETTINGS = GateSettings(
    metric=None,
    baseline="shown",
    prudence=0.5,
    margin=0.0,
    confidence=0.95,
    resamples=300,
    strict=False,
    max_p99_ms=None,
    max_size_mb=None,
)
TRUTH = np.random.default_rng(0).normal(size=400)


def entrant(
    kind: str, name: str, scores: np.ndarray, truth: np.ndarray = TRUTH, version: str | None = None
) -> EvaluatedModel:
    """An entrant of which only the scores matter."""
    found = {metric.name: metric.value(truth, scores) for metric in (ERROR, HITS)}
    return EvaluatedModel(kind, name, Path(), version, scores, {}, found, Latency(0.05, 0.1), 1.0)


def with_error(size: float, seed: int) -> np.ndarray:
    """Predictions of TRUTH that are off by about `size`."""
    return TRUTH + np.random.default_rng(seed).normal(scale=size, size=len(TRUTH))


MEAN = entrant("baseline", "mean", np.zeros(len(TRUTH)))
RIDGE = entrant("baseline", "ridge", with_error(0.5, 1))
GOOD = entrant("candidate", "model", with_error(0.2, 2))
POOR = entrant("candidate", "model", with_error(0.9, 3))


def decide(*entrants: EvaluatedModel, **changed: Any) -> gate.Decision:
    """The gate's decision with these settings changed."""
    champion = next((entrant.version for entrant in entrants if entrant.kind == "champion"), None)
    stays = changed.pop("stays", champion)
    return gate.decide(ERROR, dataclasses.replace(SETTINGS, **changed), 42, TRUTH, entrants, stays)


def test_a_better_candidate_is_promoted() -> None:
    """It beats the best baseline, and the sentence names that baseline."""
    decision = decide(MEAN, RIDGE, GOOD)

    assert decision.promoted is GOOD
    assert decision.message.startswith("model is promoted: it beats the baseline mean by +")
    assert " and the baseline ridge by +" in decision.message


def test_ahead_of_the_baseline_is_enough_where_the_setting_says_so_but_not_of_a_champion() -> None:
    """With gate.baseline=ahead a slightly better figure serves; a champion is still not replaced without evidence."""
    slightly = entrant("candidate", "model", 0.999 * RIDGE.scores + 0.001 * TRUTH)
    shaken = RIDGE.scores + np.where(np.arange(len(TRUTH)) % 2, 1e-3, -1e-3)
    champion = entrant("champion", "ridge", shaken, version="3")

    decision = decide(MEAN, RIDGE, slightly, baseline="ahead")

    assert decision.promoted is slightly
    assert decide(MEAN, RIDGE, GOOD, baseline="ahead").message.startswith("model is promoted: it beats")
    assert decide(MEAN, RIDGE, POOR, baseline="ahead").promoted is RIDGE
    noise = entrant("candidate", "model", with_error(0.5, 1) + np.random.default_rng(9).normal(scale=1e-3, size=400))
    assert decide(MEAN, RIDGE, noise, champion, baseline="ahead").promoted is None


def test_the_best_baseline_is_promoted_where_the_candidate_is_worse() -> None:
    """Without a champion somebody has to serve: the simplest baseline that no other beats."""
    decision = decide(MEAN, RIDGE, POOR)

    assert decision.promoted is RIDGE
    assert decision.registered is RIDGE
    assert "the baseline ridge is promoted, not model" in decision.message


def test_a_baseline_that_is_not_shown_to_be_better_loses_to_a_simpler_one() -> None:
    """A linear model that knows nothing does not replace the mean."""
    useless = entrant("baseline", "ridge", np.random.default_rng(5).normal(scale=0.01, size=len(TRUTH)))

    assert decide(MEAN, useless, POOR).promoted is MEAN


def test_a_champion_stays_where_the_candidate_is_worse() -> None:
    """Nothing changes, and the candidate is registered all the same."""
    champion = entrant("champion", "model", with_error(0.1, 4), version="7")

    decision = decide(MEAN, RIDGE, GOOD, champion)

    assert decision.promoted is None
    assert decision.registered is GOOD
    assert "the champion (version 7) stays" in decision.message


def test_a_candidate_that_equals_the_champion_is_not_promoted() -> None:
    """Training the same model again changes nothing."""
    champion = dataclasses.replace(GOOD, kind="champion", version="7")

    assert decide(MEAN, RIDGE, GOOD, champion).promoted is None


def test_a_champion_that_a_baseline_beats_does_not_stay() -> None:
    """Whoever is chosen faces the champion, also where that is the baseline; a candidate behind it is not promoted."""
    champion = entrant("champion", "model", with_error(2.0, 4), version="7")

    decision = decide(MEAN, RIDGE, POOR, champion)

    assert decision.promoted is RIDGE
    assert decision.message.startswith("the baseline ridge is promoted, not model: ")
    assert "it beats the baseline mean by" in decision.message and "the champion (version 7) by +" in decision.message


def test_a_constant_takes_no_champion_s_place() -> None:
    """Where labels are spoilt, everybody is worse than the constant, and the champion is what is known to be good."""
    champion = entrant("champion", "model", with_error(3.0, 4), version="7")

    decision = decide(MEAN, POOR, champion)

    assert decision.promoted is None and decision.registered is POOR
    assert "the champion (version 7) stays" in decision.message
    assert "mean beats the champion by" in decision.message and "look at the labels" in decision.message


def test_a_champion_stays_where_the_better_baseline_does_not_beat_it() -> None:
    champion = dataclasses.replace(RIDGE, kind="champion", name="model", version="7")

    decision = decide(MEAN, RIDGE, POOR, champion)

    assert decision.promoted is None
    assert "nor is the baseline ridge shown to beat the champion" in decision.message


def nearly(lead: float) -> EvaluatedModel:
    """A candidate that leads RIDGE by so many standard errors of the difference."""
    errors = np.abs(RIDGE.scores - TRUTH)
    shaken = 0.1 * np.random.default_rng(11).normal(size=len(TRUTH))
    shaken -= np.average(shaken, weights=errors)
    share = 0.0
    for _ in range(5):  # the share of all errors that is taken off moves the standard error a little, too
        share = lead * float(np.std(errors * (shaken + share))) / np.sqrt(len(TRUTH)) / float(errors.mean())
    return entrant("candidate", "model", TRUTH + (RIDGE.scores - TRUTH) * (1 - shaken - share))


@pytest.mark.parametrize(("lead", "prudence", "winner"), [(1.3, 1, "model"), (0.7, 1, "ridge"), (0.7, 0.5, "model")])
def test_without_a_champion_the_better_figure_serves_by_the_configured_prudence(
    lead: float, prudence: float, winner: str
) -> None:
    """No proof is asked between two that are better than nothing; within the standard errors the simpler one wins."""
    decision = decide(MEAN, RIDGE, nearly(lead), prudence=prudence)

    assert decision.promoted is not None and decision.promoted.name == winner
    if winner == "ridge":
        assert f"within {prudence} standard errors" in decision.message and "the simpler wins" in decision.message
    else:
        assert decision.message.startswith("model is promoted: it is ahead of the baseline mean by")


def test_against_a_champion_a_lead_is_not_enough() -> None:
    champion = dataclasses.replace(RIDGE, kind="champion", version="7")

    assert decide(MEAN, RIDGE, nearly(1.3), champion).promoted is None


def test_a_champion_that_cannot_be_compared_stays_where_the_candidate_fails() -> None:
    """Its contract differs, so the candidate faces the baseline alone; failing that changes nothing."""
    assert decide(MEAN, RIDGE, POOR, stays="7").promoted is None
    assert decide(MEAN, RIDGE, GOOD, stays="7").promoted is GOOD


def test_the_margin_raises_the_bar() -> None:
    """An improvement of about 0.3 passes a margin of 0.1 and not one of 0.5."""
    assert decide(MEAN, RIDGE, GOOD, margin=0.1).promoted is GOOD
    assert decide(MEAN, RIDGE, GOOD, margin=0.5).promoted is RIDGE


def test_the_direction_of_the_metric_counts() -> None:
    """A greater share of hits is better, a greater error is worse."""
    truth = np.arange(400) % 2
    majority = entrant("baseline", "majority", np.zeros(400), truth)
    good = entrant("candidate", "model", np.random.default_rng(0).normal(size=400) + truth, truth)

    decision = gate.decide(HITS, SETTINGS, 42, truth, [majority, good])

    assert decision.promoted is good
    assert decision.comparisons[0].improvement > 0


@pytest.mark.parametrize(
    ("limit", "words"), [("max_p99_ms", "gate.max_p99_ms=0.01"), ("max_size_mb", "gate.max_size_mb=0.01")]
)
def test_a_constraint_that_is_not_met_keeps_a_better_model_out(limit: str, words: str) -> None:
    """Too slow or too large is not promoted, whatever the quality, and the limit is named."""
    light = dataclasses.replace(RIDGE, latency=Latency(0.001, 0.002), megabytes=0.001)

    decision = decide(light, GOOD, **{limit: 0.01})

    assert decision.promoted is light
    assert words in decision.message


def test_nothing_is_promoted_where_even_the_baseline_breaks_a_constraint() -> None:
    """A limit is a limit."""
    decision = decide(MEAN, GOOD, max_size_mb=0.01)

    assert decision.promoted is None
    assert "the baseline mean fails as well" in decision.message


@pytest.mark.parametrize("seed", range(20))
def test_on_noise_the_baseline_stays(seed: int) -> None:
    """Predictions that have nothing to do with the truth never beat the mean."""
    noise = entrant("candidate", "model", np.random.default_rng(100 + seed).normal(scale=0.2, size=len(TRUTH)))

    assert decide(MEAN, noise).promoted is MEAN


def test_the_same_seed_gives_the_same_intervals() -> None:
    """The decision can be repeated to the last bit."""
    assert decide(MEAN, RIDGE, GOOD) == decide(MEAN, RIDGE, GOOD)


def test_the_interval_covers_what_theory_says() -> None:
    """For a mean, the bootstrap's interval is the textbook's, to a tenth of its width."""
    draws = bootstrap.resample(ERROR, TRUTH, [np.zeros(len(TRUTH))], 4000, 1)[0]
    low, high = bootstrap.interval(draws, 0.95)

    sizes = np.abs(TRUTH)
    half = 1.96 * sizes.std() / np.sqrt(len(sizes))
    assert low == pytest.approx(sizes.mean() - half, abs=0.2 * half)
    assert high == pytest.approx(sizes.mean() + half, abs=0.2 * half)


def test_a_metric_that_is_seldom_defined_decides_nothing() -> None:
    """Where most draws hold one class only there is no interval, so nobody is better."""
    low, high = bootstrap.interval(np.array([0.9, np.nan, np.nan]), 0.95)

    assert np.isnan(low)
    assert np.isnan(high)


@pytest.mark.parametrize(("candidate", "winner"), [(GOOD, GOOD), (POOR, RIDGE)], ids=["candidate", "baseline"])
def test_who_would_cut_off_the_champion_s_clients_is_registered_and_waits(
    candidate: EvaluatedModel, winner: EvaluatedModel
) -> None:
    """Whoever passed becomes a version; the champion stays, and the sentence says for what."""
    decision = gate.held(decide(MEAN, RIDGE, candidate), "7", "it predicts churn, and this one predicts spend")

    assert decision.promoted is None and decision.registered is winner
    assert f"{winner.name} would be promoted" in decision.message
    assert decision.message.endswith("(version 7) stays: it predicts churn, and this one predicts spend.")


def test_who_did_not_pass_is_not_held() -> None:
    """There is nothing to wait for."""
    decision = decide(MEAN, RIDGE, POOR, stays="7")

    assert gate.held(decision, "7", "it predicts churn") == decision
