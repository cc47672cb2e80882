"""Exponential smoothing: the recursion against a textbook's, histories of every kind, and the bundle's numbers."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.timeseries import forecast
from mlgen_runtime.timeseries.forecast.ets_effects import Columns, Curve
from mlgen_runtime.timeseries.forecast.ets_filter import Coefficients, Reach, State, run, start
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.model import ets, ets_effects
from mlgen_runtime.timeseries.model.training import Size
from mlgen_runtime.timeseries.panel import Panel, seasonal_error
from series import SEASON, backtest, panel, seasonal

QUICK = ets.EtsSettings(name="ets", history=200, rounds=3, candidates=8, origins=20, sharpness=12.0, ridge=0.1)


def fitted(of: Panel, **changed: Any) -> ets.FittedEts:
    """A quick fit; `changed` are fields of the Training."""
    training = dataclasses.replace(backtest(seasonal()).training(of), **changed)
    return ets.fit(training, QUICK)


def test_the_recursion_is_the_textbooks() -> None:
    """Damped additive smoothing with given coefficients forecasts what statsmodels 0.15's ETSModel does."""
    values = [112, 118, 132, 129, 121, 135, 148, 148, 136, 119, 104, 118, 115, 126, 141, 135, 125, 149, 170, 170, 158]
    values += [133, 114, 140]

    def one(value: float) -> Any:
        return np.full((1, 1), value)

    coefficients = Coefficients(one(0.4), one(0.1), (one(0.2),), one(0.9), one(0.0))
    season = np.array([-3.0, 1.0, 4.0, -2.0]).reshape(4, 1, 1)
    state = State(one(120.0), one(0.0), one(0.0), (season,))

    state = run(np.array([values], dtype=float), coefficients, state, one(1.5))
    ahead = Reach.of(coefficients, np.arange(1, 7)).forecasts(state)[:, 0, 0]

    expected = [123.61064716, 121.17275931, 122.94098056, 127.06212460, 113.76943020, 112.31566405]
    np.testing.assert_allclose(ahead, expected, rtol=1e-9)


def test_a_gap_stands_for_its_forecast() -> None:
    """Steps without a value change nothing: the forecast goes on from where it was."""
    model = fitted(seasonal())
    history = seasonal()
    waited = dataclasses.replace(
        history,
        end=history.end + 2,
        target=np.pad(history.target, ((0, 0), (0, 2)), constant_values=np.nan),
    )

    later, longer = model.points(waited, 3), model.points(history, 5)

    np.testing.assert_allclose(later, longer[:, 2:], rtol=1e-9)


def test_columns_before_a_series_began_do_not_count() -> None:
    """A series forecasts the same whether or not the panel is wider than its history."""
    model, history = fitted(seasonal()), seasonal()
    wider = dataclasses.replace(history, target=np.pad(history.target, ((0, 0), (7, 0)), constant_values=np.nan))

    np.testing.assert_allclose(model.points(wider, 4), model.points(history, 4), rtol=1e-9)


def test_series_do_not_meet() -> None:
    """A series' forecast does not depend on which others are in the panel, nor on their order."""
    model, history = fitted(seasonal()), seasonal()

    alone = model.points(history.only(np.array([2, 0])), 4)

    np.testing.assert_allclose(alone, model.points(history, 4)[[2, 0]], rtol=1e-12)


def test_it_beats_the_seasonal_naive_forecast_on_a_season_with_noise() -> None:
    """Averaging the past season beats repeating the last one, which carries its noise."""
    history = seasonal(series=6, steps=80, noise=1.0)
    truth = history.target[:, -SEASON:]
    past = history.cut(SEASON)

    errors = np.abs(fitted(past).points(past, SEASON) - truth)
    naive = np.abs(past.target[:, -SEASON:] - truth)

    assert errors.mean() < 0.95 * naive.mean()


def test_a_trend_goes_on() -> None:
    """A steady rise is carried on over the whole horizon."""
    steps = np.arange(60.0)
    history = panel([(50 + 2 * steps + np.tile([0.0, 3.0, 1.0, 5.0], 15)).tolist()])
    expected = 50 + 2 * np.arange(60, 68) + np.tile([0.0, 3.0, 1.0, 5.0], 2)

    points = fitted(history, horizon=8).points(history, 8)[0]

    assert np.abs(points - expected).max() < 0.2 * seasonal_error(history, SEASON)[0]


def test_newer_history_is_taken_in_without_a_new_fit() -> None:
    """When the level of a series has moved, the forecast of the same fit moves with it."""
    model, history = fitted(seasonal()), seasonal()
    newer = dataclasses.replace(
        history,
        end=history.end + 20,
        target=np.concatenate([history.target, history.target[:, -20:] + 30], axis=1),
    )

    moved = model.points(newer, 4) - model.points(history, 4)

    assert (moved > 10).all()


def test_short_and_unknown_series() -> None:
    """Less than two seasons are smoothed without one; two values, or a series that was not fitted, give no forecast."""
    history = panel([np.tile([9.0, 5.0, 7.0, 6.0], 10).tolist(), [4.0, 5.0, 4.0, 5.0, 4.0], [1.0, 2.0]])
    stranger = dataclasses.replace(history, keys=(("0",), ("1",), ("nobody",)))

    points = fitted(history).points(stranger, 4)

    assert np.isfinite(points[:2]).all()
    assert (np.abs(points[1] - 4.5) <= 1.5).all()
    assert np.isnan(points[2]).all()
    assert np.isnan(fitted(history).points(history, 4)[2]).all()


@pytest.mark.parametrize(
    "values",
    [[0.0] * 30, [7.0] * 30, [0.0, 0.0, 3.0, 0.0, 0.0] * 6, [-5.0, 4.0, -3.0, 6.0] * 8, [1e9, 3e9, 2e9] * 10],
    ids=["zeros", "constant", "mostly zero", "negative", "huge"],
)
def test_awkward_values_forecast_something_believable(values: list[float]) -> None:
    """Zeros, constants, negative and huge values give forecasts near the history's range, none below zero unless
    the history is."""
    history = panel([values])

    points = fitted(history).points(history, 4)[0]

    spread = max(values) - min(values)
    assert np.isfinite(points).all()
    assert (points >= min(values) - spread - 1e-6).all()
    assert (points <= max(values) + spread + 1e-6 * max(values)).all()
    assert min(values) < 0 or (points >= 0).all()


def test_a_covariate_that_drives_the_series_drives_its_forecast() -> None:
    """What is known of the future moves the forecast by as much as it moved the past."""
    random = np.random.default_rng(1)
    base = seasonal(series=2, steps=80)
    price = random.normal(size=(2, 84))
    history = dataclasses.replace(base, target=base.target + 6 * price[:, :80], known={"price": price})
    higher = price.copy()
    higher[:, 80:] += 1

    model = fitted(history)
    moved = model.points(dataclasses.replace(history, known={"price": higher}), 4) - model.points(history, 4)

    np.testing.assert_allclose(moved, 6.0, atol=2.0)
    assert np.isfinite(model.points(dataclasses.replace(history, known={"price": price[:, :80]}), 4)).all()


def test_noise_is_no_effect() -> None:
    """A covariate that has nothing to do with the series gets no weight."""
    random = np.random.default_rng(2)
    values = random.normal(size=(3, 150)).cumsum(axis=1)

    effects = ets_effects.fit(values, {"known": random.normal(size=(3, 150, 2))}, SEASON, 150, 0.1)

    assert np.abs(effects.weights).max() < 0.2
    assert (effects.weights == 0).any()


def test_weekdays_of_a_month_are_counted() -> None:
    """February 2024 held as many of each weekday as Sundays, but for one more Thursday."""
    frequency = Frequency("MS")
    ends, _ = frequency.ordinals(np.array(["2024-02-01"], "M8[ns]"))
    month = Panel((("a",),), ends, np.ones((1, 1)))

    columns = Columns.of(month, frequency).build(month, frequency, 0)["weekdays"]

    assert columns[0, 0].tolist() == [0, 0, 0, 1, 0, 0]


@pytest.mark.parametrize("values", [[3.0, 4.0, 9.0, 5.0], [0.0, 1.0, -2.0, 8.0], [2.0, 2.0, 2.0, 2.0]])
def test_a_bent_scale_comes_back(values: list[float]) -> None:
    """Bending and bending back leaves values as they were, above zero, around it, and constant."""
    target = np.array([values])
    curve = Curve.of(target, True)

    np.testing.assert_allclose(curve.back(curve.bend(target)), target, atol=1e-9)


def test_starting_values_find_level_slope_and_season() -> None:
    """On a line with a season and no noise the starting values are the line and the season."""
    steps = np.arange(40.0)
    values = (5 + 0.5 * steps + np.tile([-1.0, 2.0, 1.0, -2.0], 10))[None]

    found = start(values, (4,))

    assert found.level[0] == pytest.approx(4.5, abs=0.2)
    assert found.slope[0] == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(found.seasons[0][:, 0], [-1.0, 2.0, 1.0, -2.0], atol=0.1)


def test_equal_seeds_give_equal_forecasts_on_any_number_of_threads() -> None:
    """Two fits agree to the last bit, on one thread and on three."""
    history = seasonal(series=5)

    once, again = fitted(history).points(history, 4), fitted(history, threads=3).points(history, 4)

    np.testing.assert_array_equal(once, again)


def test_the_bundle_forecasts_what_the_fit_does(tmp_path: Path) -> None:
    """What is read back from arrays and JSON forecasts the same to the last bit, with covariates too."""
    base = seasonal()
    history = dataclasses.replace(
        base,
        known={"price": np.random.default_rng(0).normal(size=(3, 64)), "holiday": np.eye(64)[:3].cumsum(axis=1)},
        categories={"holiday": ("no", "yes")},
    )
    model = fitted(history)

    parity = model.write(tmp_path, history, 4, 1e-5)
    part = forecast.load(tmp_path, model.entry())

    assert parity.largest == 0
    np.testing.assert_array_equal(part.points(history, 4), model.points(history, 4))
    assert part.needs == QUICK.history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ets.json", "ets.npz"]


def test_the_price_grows_with_the_work() -> None:
    """The estimated cost is the same each time, and larger for more series and longer histories."""
    small, many, long = (
        ets.cost(Size(series=series, values=values, horizon=4, season=4), QUICK)
        for series, values in [(10, 1000), (1000, 100_000), (10, 2000)]
    )

    assert 0 < small < long
    assert small < many
