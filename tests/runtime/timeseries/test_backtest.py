"""The rolling-origin backtest, its bands, the blend and the race: honest figures from what was known then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.timeseries.cases import Cases
from mlgen_runtime.timeseries.forecast.naive import Naive
from mlgen_runtime.timeseries.model import bands, blend, race
from mlgen_runtime.timeseries.model.backtest import cuts
from mlgen_runtime.timeseries.model.training import Training
from mlgen_runtime.timeseries.panel import Panel, seasonal_error
from series import backtest, panel, seasonal


@dataclass
class Spy:
    """A forecaster that keeps what it was shown."""

    seen: list[Panel]

    def points(self, panel: Panel, horizon: int) -> np.ndarray:
        """Zeros; what counts is what came in."""
        self.seen.append(panel)
        return np.zeros((panel.series, horizon))


def test_a_window_sees_nothing_of_what_it_is_judged_on() -> None:
    """Every origin's panel ends before the steps that are forecast from it, the gap included."""
    whole = seasonal(2, 40)
    test = backtest(whole, horizon=3, windows=4, gap=2)
    learnt: list[Panel] = []
    spy = Spy([])

    test.points(lambda training: learnt.append(training.panel) or spy)

    for number, cut in enumerate(test.cuts):
        assert cut == 2 + 3 + number * 3
        assert learnt[number].steps == spy.seen[number].steps == 40 - cut
        cases = test.cases[test.cases.window == number]
        start = 40 - cut + 2
        assert np.array_equal(cases.actual, whole.target[:, start : start + 3])
        assert (cases.origin == whole.end - cut).all()


@pytest.mark.parametrize(("fits", "made_at"), [(1, [2]), (2, [1, 2]), (3, [0, 1, 2]), (None, [0, 1, 2])])
def test_a_fit_serves_later_windows_and_never_an_earlier_one(fits: int | None, made_at: list[int]) -> None:
    """With fewer fits than windows each is made at the oldest origin that it serves."""
    test = backtest(seasonal(2, 40), windows=3)
    learnt: list[int] = []

    test.points(lambda training: learnt.append(training.panel.steps) or Naive(4), fits)

    assert learnt == [40 - test.cuts[window] for window in made_at]


def test_a_short_series_takes_part_in_the_windows_that_it_reaches() -> None:
    """Three steps more than one window needs are one window's worth."""
    test = backtest(panel([[1.0, 2, 3, 4] * 10, [1.0, 2, 3, 4] * 3 + [1.0, 2, 3]]), horizon=4, windows=3)

    windows = [int((test.cases.series == series).sum()) for series in (0, 1)]

    assert windows == [3, 1]


def test_windows_leave_half_of_the_history_to_learn_from() -> None:
    """However many are asked for, the earliest origin keeps half of the longest history; a short one has one window."""
    assert max(cuts(seasonal(1, 100), 5, 0, 4, 50, None)) <= 50
    assert len(cuts(seasonal(1, 13), 4, 0, 4, None, None)) == 1
    assert cuts(seasonal(1, 11), 4, 0, 4, None, None) == ()


def test_the_scale_is_the_seasonal_naive_error_before_the_origin() -> None:
    """What comes after an origin does not move the scale by which it is judged."""
    whole = seasonal(2, 40)
    changed = Panel(whole.keys, whole.end, np.concatenate([whole.target[:, :36], 1000 + whole.target[:, 36:]], axis=1))

    one, other = (backtest(of, horizon=4, windows=2).cases for of in (whole, changed))

    assert np.array_equal(one.scale[one.window == 0], other.scale[other.window == 0])
    assert np.allclose(one.scale[one.window == 0], seasonal_error(whole.cut(4), 4))


@pytest.mark.parametrize("values", [[[5.0] * 12], [[1.0]], [[0.0] * 9]], ids=["constant", "one value", "zeros"])
def test_a_series_that_repeats_exactly_still_has_a_scale(values: list[list[float]]) -> None:
    """No division by zero: a smaller measure of size takes over."""
    assert (seasonal_error(panel(values), 4) > 0).all()


def noise(cases: int, horizon: int, windows: int, seed: int = 1) -> tuple[Cases, np.ndarray]:
    """Truth and points whose errors are alike in every window."""
    random = np.random.default_rng(seed)
    actual = random.standard_t(4, size=(cases, horizon))
    truth = Cases(
        actual,
        np.ones(cases),
        np.arange(cases),
        np.arange(cases) % windows,
        np.zeros(cases, dtype=int),
        tuple((str(number),) for number in range(cases)),
        (0.1, 0.5, 0.9),
    )
    return truth, np.zeros((cases, horizon))


def test_bands_cover_what_they_promise() -> None:
    """With the errors of other windows the middle 80 % holds about 80 % of the values, whatever their distribution."""
    truth, points = noise(400, 6, 8)

    found = bands.honest(truth, points)

    inside = (found[:, :, 1] <= truth.actual) & (truth.actual <= found[:, :, 3])
    assert 0.76 <= inside.mean() <= 0.84


def test_a_window_s_bands_do_not_know_its_own_errors() -> None:
    """Making one window's values wild leaves its own bands where they were, and widens those of the others."""
    truth, points = noise(40, 4, 4)
    wild = truth.actual.copy()
    wild[truth.window == 2] *= 100

    calm = bands.honest(truth, points)
    found = bands.honest(
        Cases(wild, *(getattr(truth, name) for name in ("scale", "series", "window", "origin", "keys", "quantiles"))),
        points,
    )

    assert np.array_equal(found[truth.window == 2], calm[truth.window == 2])
    assert (found[truth.window == 1][:, :, 3] > calm[truth.window == 1][:, :, 3]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 99))
def test_bands_never_cross(cases: int, horizon: int, seed: int) -> None:
    """Levels stay in order and around the point, for few errors and for gaps among them."""
    errors = np.random.default_rng(seed).normal(size=(cases, horizon))
    errors[errors > 1] = np.nan

    found = bands.offsets(errors, (0.05, 0.5, 0.8, 0.95))

    assert found.shape == (horizon, 4)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found[:, 0] <= 0).all()
    assert (found[:, 1] == 0).all()
    assert (found[:, 2] >= 0).all()


def test_the_blend_drops_what_does_not_help() -> None:
    """A member that is far off gets no weight; two that err on opposite sides share it."""
    truth, _ = noise(60, 5, 3)
    points = {"low": truth.actual - 1, "high": truth.actual + 1, "off": truth.actual + 50}

    weights = blend.weigh(truth, points, 20)

    assert set(weights) == {"low", "high"}
    assert weights["low"] == pytest.approx(0.5)
    assert sum(weights.values()) == pytest.approx(1)


def test_members_that_are_close_share_half_of_the_weight_alike() -> None:
    """One that is always a little better does not take it all; one that is far behind gets nothing for being there."""
    truth, _ = noise(60, 5, 3)
    points = {"best": truth.actual + 1.0, "near": truth.actual + 1.1, "far": truth.actual + 2.0}

    assert blend.weigh(truth, points, 20) == pytest.approx({"best": 0.75, "near": 0.25})


def test_a_member_must_be_clearly_better_than_the_blend_to_win() -> None:
    """Two that are hardly apart are blended; one that is clearly better wins alone."""
    truth, _ = noise(60, 5, 3)
    best, near, far = truth.actual + 1.0, truth.actual + 1.01, truth.actual + 1.15

    assert race.pick(truth, {"one": best, "other": near}, 20) == ("blend", pytest.approx({"one": 0.75, "other": 0.25}))
    assert race.pick(truth, {"one": best, "other": far}, 20) == ("one", {"one": 1.0})


def test_the_race_s_score_is_not_that_of_its_luckiest_member() -> None:
    """Where who is best in a window is pure luck, choosing by earlier windows scores as all do on average."""
    truth, _ = noise(24, 6, 6)
    newer = truth.window < 5  # the oldest has no window before it
    honest, luckiest, usual = [], [], []
    for seed in range(20):
        random = np.random.default_rng(seed)
        points = {
            str(number): truth.actual + random.uniform(0.5, 1.5, 6)[truth.window][:, None] for number in range(10)
        }
        losses = [blend.loss(truth[newer], values[newer]) for values in points.values()]
        honest.append(blend.loss(truth[newer], race.chosen(truth, points, 5)[newer]))
        luckiest.append(min(losses))
        usual.append(np.mean(losses))

    assert abs(np.mean(honest) - np.mean(usual)) < (np.mean(usual) - np.mean(luckiest)) / 3


class Costs:
    """Families with a price, of which nothing is fitted."""

    def __init__(self, **seconds: float) -> None:
        self.seconds = seconds

    def families(self) -> dict[str, Any]:
        """name → (fit, cost, once)"""
        return {
            name: (
                lambda training, settings: Naive(4),
                lambda size, settings, price=price: price,
                "one" if name == "tft" else "some",
            )
            for name, price in self.seconds.items()
        }


class Members:
    """The settings of a race, without those of its members."""

    members = ("lightgbm", "ets", "prophet", "tft")
    lightgbm = ets = prophet = tft = None


def test_the_budget_decides_who_races_without_a_clock() -> None:
    """A member whose cost is beyond what is left stays out with a note; cheaper ones after it still run."""
    test = backtest(seasonal(2, 60), windows=3)
    costs = Costs(lightgbm=5, ets=1, prophet=30, tft=10).families()

    members, notes = race.affordable(test, Members(), costs)  # a minute: four fits each, two of tft

    assert members == ["lightgbm", "ets", "tft"]
    assert len(notes) == 1
    assert notes[0].startswith("prophet did not race")
    assert "train.minutes=1" in notes[0]


def test_a_model_that_cannot_forecast_a_series_leaves_it_to_the_seasonal_naive_one() -> None:
    """A backtest has no hole: where a member gives no number, the baseline's stands."""
    from mlgen_runtime.timeseries.model import candidate

    class Half:
        """Forecasts the first series only."""

        def points(self, panel: Panel, horizon: int) -> np.ndarray:
            """Ones, then nothing."""
            return np.where(np.arange(panel.series)[:, None] == 0, 1.0, np.nan) * np.ones(horizon)

    test = backtest(seasonal(2, 60), windows=2)

    found = candidate.points(test, lambda training: Half())

    plain = test.points(lambda training: Naive(training.season))
    first = test.cases.series == 0
    assert (found[first] == 1).all()
    assert np.array_equal(found[~first], plain[~first])


def test_no_forecast_falls_below_the_floor() -> None:
    """Where the contract says that the target has a minimum, points stop there."""
    falling = panel([(40.0 - np.arange(40)).tolist()])

    class Down:
        """Goes on falling."""

        def points(self, panel: Panel, horizon: int) -> np.ndarray:
            """One less each step."""
            return panel.target[:, -1:] - 10 * np.arange(1, horizon + 1)

    def make(training: Training) -> Down:
        return Down()

    assert backtest(falling, floor=0.0).points(make).min() == 0
    assert backtest(falling).points(make).min() < 0
