"""Prophet: its own forecasts and those of the closed form, covariates, and which waves a history can carry."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.timeseries import forecast
from mlgen_runtime.timeseries.forecast.prophet import Curve
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.model import prophet
from mlgen_runtime.timeseries.model.training import Size
from mlgen_runtime.timeseries.panel import Panel
from sample_projects import run_code
from series import backtest, panel

SETTINGS = prophet.ProphetSettings(
    name="prophet",
    seasonality_mode="auto",
    changepoint_prior_scale=0.05,
    seasonality_prior_scale=10.0,
    regressor_prior_scale=10.0,
    n_changepoints=5,
    changepoint_range=0.8,
    history=1000,
)


def weekly(days: int = 90, growing: bool = False) -> Panel:
    """Two daily series with a week and a price in them; the second began late and has a gap."""
    random = np.random.default_rng(4)
    price = random.normal(size=(2, days + 10))
    steps = np.arange(days)
    week = np.tile([0.0, 1.0, 2.0, 3.0, 2.0, 8.0, 9.0], days)[:days]
    level = 100.0 * np.exp(steps / 60) if growing else 50 + 0.1 * steps
    target = level + week * (level / 20 if growing else 1.0) + 5 * price[:, :days] + random.normal(size=(2, days))
    target[1, :40] = np.nan
    target[1, 60] = np.nan
    return dataclasses.replace(panel(target.tolist(), end=19_000), known={"price": price})


@pytest.fixture(scope="module")
def model() -> prophet.FittedProphet:
    """A fit to the two series, additive."""
    return prophet.fit(backtest(weekly()).training(weekly()), SETTINGS)


@pytest.mark.parametrize("mode", ["additive", "multiplicative"])
def test_the_closed_form_is_prophets_forecast(mode: Any, tmp_path: Path) -> None:
    """With waves, bends and covariates, in both modes and with a covariate missing, both forecast the same."""
    history = weekly()
    history.known["price"][0, -1] = np.nan
    fitted = prophet.fit(backtest(history).training(history), dataclasses.replace(SETTINGS, seasonality_mode=mode))

    parity = fitted.write(tmp_path, history, 10, 1e-5)

    assert parity.rows == 20
    assert parity.largest < 1e-9
    assert parity.format == "prophet"


def test_a_closed_form_that_differs_is_refused(
    model: prophet.FittedProphet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Prophet computes something else than the closed form, nothing is passed off as it."""
    monkeypatch.setattr(Curve, "values", lambda self, seconds, covariates: np.full(len(seconds), 1.0))

    with pytest.raises(RuntimeError, match="the closed form differs from Prophet's own forecast"):
        model.write(tmp_path, weekly(), 4, 1e-5)


def test_a_model_of_another_kind_is_refused(model: prophet.FittedProphet) -> None:
    """A model with logistic growth is none that the closed form covers."""
    other = json.loads(model.models["0",]) | {"growth": "logistic"}

    with pytest.raises(ValueError, match="linear growth"):
        Curve.of(other)


def test_the_bundle_forecasts_what_the_fit_does(model: prophet.FittedProphet, tmp_path: Path) -> None:
    """What is read back forecasts the same to the last bit, and the file holds no history."""
    model.write(tmp_path, weekly(), 4, 1e-5)

    part = forecast.load(tmp_path, model.entry())

    np.testing.assert_array_equal(part.points(weekly(), 6), model.points(weekly(), 6))
    assert part.needs == 0
    assert [path.name for path in tmp_path.iterdir()] == ["prophet.jsonl"]
    lines = (tmp_path / "prophet.jsonl").read_text("utf8").splitlines()
    assert json.loads(json.loads(lines[1])["model"]["history"])["data"] == []


def test_it_learns_week_and_price(model: prophet.FittedProphet) -> None:
    """The forecast has the week's shape, and moves with the price as the past did."""
    history = weekly()
    higher = history.known["price"].copy()
    higher[:, -10:] += 1

    moved = model.points(dataclasses.replace(history, known={"price": higher}), 7) - model.points(history, 7)
    points = model.points(dataclasses.replace(history, known={"price": np.zeros((2, 100))}), 7)

    np.testing.assert_allclose(moved, 5.0, atol=0.5)
    assert (np.ptp(points, axis=1) > 6).all()


def test_series_without_a_fit_get_no_forecast(model: prophet.FittedProphet) -> None:
    """A series that is not known, or that had one value, gives NaN."""
    stranger = dataclasses.replace(weekly(), keys=(("0",), ("nobody",)))
    single = panel([[1.0, 2.0, 3.0, 4.0] * 5, [2.0]])

    assert np.isfinite(model.points(stranger, 3)[0]).all()
    assert np.isnan(model.points(stranger, 3)[1]).all()
    fitted = prophet.fit(backtest(single).training(single), SETTINGS)
    assert np.isnan(fitted.points(single, 3)).tolist() == [[False] * 3, [True] * 3]


def test_a_fit_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed and nothing is logged to the terminal."""
    history = panel([[1.0, 2.0, 3.0, 4.0] * 5])

    prophet.fit(backtest(history).training(history), SETTINGS)

    out, error = capfd.readouterr()
    assert out + error == ""


def test_equal_seeds_give_equal_forecasts(model: prophet.FittedProphet) -> None:
    """Two fits agree, on one thread and on two."""
    training = dataclasses.replace(backtest(weekly()).training(weekly()), threads=2)

    again = prophet.fit(training, SETTINGS)

    np.testing.assert_array_equal(again.points(weekly(), 5), model.points(weekly(), 5))


@pytest.mark.parametrize(
    ("frequency", "steps", "expected"),
    [
        ("h", 24 * 40, {"yearly": False, "weekly": 3, "daily": 4}),
        ("D", 800, {"yearly": 10, "weekly": 3, "daily": False}),
        ("MS", 60, {"yearly": 5, "weekly": False, "daily": False}),
        ("MS", 12, {"yearly": False, "weekly": False, "daily": False}),
        ("YS", 40, {"yearly": False, "weekly": False, "daily": False}),
    ],
)
def test_waves_are_those_that_the_history_can_carry(frequency: str, steps: int, expected: dict[str, Any]) -> None:
    """A wave needs two of its periods, and more than two steps for each of its turns."""
    grid = Frequency(frequency)

    found = prophet.waves(grid, grid.times(np.arange(steps)))

    assert found == {f"{name}_seasonality": order for name, order in expected.items()}


def test_seasons_that_grow_with_the_level_are_multiplied() -> None:
    """A season in proportion to the level is multiplicative; a steady one, or values below zero, are additive."""
    level = 100 * np.exp(np.arange(84) / 40)
    wave = np.sin(np.arange(84) * 2 * np.pi / 12)

    assert prophet.mode(level * (1 + 0.3 * wave), 12) == "multiplicative"
    assert prophet.mode(level + 10 * wave - 200, 12) == "additive"
    assert prophet.mode(1000 + 10 * wave, 12) == "additive"
    assert prophet.mode(np.ones(84), 12) == "additive"


def test_serving_does_not_import_prophet() -> None:
    """The closed form loads neither Prophet nor pandas."""
    look = "print([m for m in ('prophet', 'pandas') if m in sys.modules])"
    code = f"import sys, mlgen_runtime.timeseries.forecast.prophet; {look}"

    found = run_code(code)

    assert found.stdout.strip() == "[]", found.stderr


def test_the_price_grows_with_the_work() -> None:
    """The estimated cost is larger for more series and longer histories."""
    small, many, long = (
        prophet.cost(Size(series=series, values=values, horizon=4, season=4), SETTINGS)
        for series, values in [(10, 1000), (1000, 100_000), (10, 5000)]
    )

    assert 0 < small < long < many
