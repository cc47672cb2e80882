"""Boosting on lags: rows that know no sizes and never see the future, and a graph that is the model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import forecast
from mlgen_runtime.timeseries.forecast.lags import Sight
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.model import lightgbm, rows
from mlgen_runtime.timeseries.model.training import Size, Training
from mlgen_runtime.timeseries.panel import Panel
from sample_projects import run_code

HORIZON, STEPS = 5, 100
QUICK = lightgbm.LightGBMSettings(
    name="lightgbm",
    bases=["naive", "shape"],
    logarithm=None,
    lags=5,
    cycles=3,
    long_cycles=2,
    rows=4000,
    steps_per_origin=3,
    n_estimators=25,
    learning_rate=0.2,
    num_leaves=15,
    min_child_samples=10,
    subsample=0.8,
    colsample_bytree=0.8,
    max_bin=63,
    objective="l1",
    extra={},
)


def panel(seed: int = 0, series: int = 4, level: float = 100.0) -> Panel:
    """Weekly patterns driven by a price, with every role and type of covariate, gaps, and a late beginning."""
    random = np.random.default_rng(seed)
    price = random.normal(size=(series, STEPS + HORIZON))
    target = level + 10 * np.sin(np.arange(STEPS) * 2 * np.pi / 7) + 5 * price[:, :STEPS] + np.arange(series)[:, None]
    target[0, :40] = np.nan
    target[1, [60, 61, -3]] = np.nan
    return Panel(
        keys=tuple((f"shop {number}", "north") for number in range(series)),
        end=np.full(series, 19_000),
        target=target,
        past={"visits": random.normal(size=(series, STEPS)), "wind": random.integers(0, 3, (series, STEPS)) * 1.0},
        known={"price": price, "promotion": random.integers(0, 2, (series, STEPS + HORIZON)) * 1.0},
        static={"size": np.arange(series) * 1.0, "kind": np.arange(series) % 2 * 1.0},
        categories={"wind": ("calm", "fresh", "gale"), "kind": ("city", "land")},
    )


def training(of: Panel, **changes: Any) -> Training:
    """A training request; this model reads none of the settings of `train`."""
    usual = Training(
        panel=of,
        frequency=Frequency("D"),
        horizon=HORIZON,
        season=7,
        settings=SimpleNamespace(),  # type: ignore[arg-type]
        seed=1,
        threads=1,
        device="cpu",
    )
    return dataclasses.replace(usual, **changes)


def plain(target: np.ndarray) -> Panel:
    """A panel of nothing but values."""
    return Panel(tuple((str(number),) for number in range(len(target))), np.full(len(target), 19_000), target)


@pytest.fixture(scope="module")
def fitted() -> lightgbm.Boosted:
    """A small model."""
    return lightgbm.fit(training(panel()), QUICK)


@pytest.fixture(scope="module")
def bundle(fitted: lightgbm.Boosted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the small model wrote, its entry among it."""
    folder = tmp_path_factory.mktemp("bundle")
    parity = fitted.write(folder, panel(), HORIZON, tolerance=1e-9)
    assert (parity.format, parity.reason, parity.rows) == ("onnx", None, 20)
    (folder / "entry.json").write_text(json.dumps(fitted.entry()), "utf8")
    return folder


@pytest.fixture(scope="module")
def part(bundle: Path) -> forecast.Part:
    """The small model as it serves."""
    return forecast.load(bundle, json.loads((bundle / "entry.json").read_text("utf8")))


def sight_of(of: Panel) -> Sight:
    """What rows of a panel show, without a logarithm."""
    return rows.sight(training(of), lags=5, cycles=3, long_cycles=2, logarithm=False)


def test_the_graph_is_the_model(fitted: lightgbm.Boosted, part: forecast.Part) -> None:
    """On series it has not seen, with gaps and missing covariates, the server forecasts the same bits as LightGBM."""
    other = panel(seed=9, series=6)
    other.past["wind"][:, -4:] = np.nan
    other.target[3, -9:] = np.nan

    expected = fitted.points(other, HORIZON)

    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(part.points(other, HORIZON), expected)


def test_it_learns_what_a_price_does(part: forecast.Part) -> None:
    """With the price known ahead, its forecasts of unseen series are much nearer than those of a season ago."""
    other = panel(seed=5, series=30)
    then = other.cut(HORIZON)
    truth, naive = other.target[:, -HORIZON:], then.target[:, -7:][:, :HORIZON]

    error, usual = (np.nanmean(np.abs(truth - guess)) for guess in (part.points(then, HORIZON), naive))

    assert error < 0.6 * usual


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), series=st.integers(2, 9), chosen=st.integers(0, 8))
def test_answers_do_not_depend_on_company(part: forecast.Part, seed: int, series: int, chosen: int) -> None:
    """A series' forecast has the same bits alone, among others, and with more history than is needed."""
    everybody = panel(seed=seed, series=series)
    position = chosen % series

    together = part.points(everybody, HORIZON)[position]
    alone = part.points(everybody.only(np.array([position])).tail(part.needs), HORIZON)[0]

    np.testing.assert_array_equal(alone, together)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    factor=st.sampled_from([2.0**-20, 0.25, 2.0, 2.0**20]),
    shift=st.sampled_from([-1024.0, 0.0, 1024.0]),
)
def test_rows_know_no_sizes(seed: int, factor: float, shift: float) -> None:
    """Values in another unit, or counted from another zero, give the same rows."""
    random = np.random.default_rng(seed)
    target = random.normal(size=(2, STEPS)).round(3)
    target[0, random.integers(0, STEPS, 5)] = np.nan
    sight = sight_of(plain(target))
    steps = np.arange(1, HORIZON + 1)[None, :].repeat(2, axis=0)

    first, second = (
        sight.rows(plain(values), np.arange(2), np.full(2, STEPS - 1), steps)
        for values in (target, (target + shift) * factor)
    )

    # How large the usual change is next to the level is the one thing that may tell.
    other = [position for position, name in enumerate(sight.features) if name != "scale"]
    np.testing.assert_allclose(second.matrix[:, other], first.matrix[:, other], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(second.scale, first.scale * factor, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), origin=st.integers(30, STEPS - 2))
def test_rows_do_not_see_the_future(seed: int, origin: int) -> None:
    """Whatever comes after an origin, target or past covariate, its rows stay; covariates known ahead do count."""
    now = panel(seed=seed)
    later = panel(seed=seed)
    later.target[:, origin + 1 :] = -1e9
    later.past["visits"][:, origin + 1 :] = -1e9
    sight = sight_of(now)
    where = (np.arange(4), np.full(4, origin), np.arange(1, HORIZON + 1)[None, :].repeat(4, axis=0))

    before = sight.rows(now, *where).matrix
    np.testing.assert_array_equal(sight.rows(later, *where).matrix, before)

    later.known["price"][:, origin + 1 :] = -1e9
    assert (sight.rows(later, *where).matrix != before).any()


def test_rows_of_training_are_those_of_serving() -> None:
    """The row of an origin in the middle of a history is the row of the history that ends there."""
    whole = panel()
    sight = sight_of(whole)
    steps = np.arange(1, HORIZON + 1)[None, :].repeat(4, axis=0)

    middle = sight.rows(whole, np.arange(4), np.full(4, STEPS - 11), steps)
    cut = whole.cut(10).tail(sight.needs)
    end = sight.rows(cut, np.arange(4), np.full(4, sight.needs - 1), steps)

    np.testing.assert_array_equal(middle.matrix, end.matrix)
    np.testing.assert_array_equal(middle.bases, end.bases)


@pytest.mark.parametrize("values", [[], [3.0], [1.0, 2.0, 3.0]], ids=["none", "one", "three"])
def test_too_short_a_series_is_no_number(part: forecast.Part, values: list[float]) -> None:
    """A series with fewer values than tell its scale is a row of NaN, and the others' forecasts stay."""
    both = panel(series=2)
    alone = part.points(both, HORIZON)
    both.target[1] = np.nan
    both.target[1, STEPS - len(values) :] = values

    found = part.points(both, HORIZON)

    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(found[0], alone[0])


def test_constant_and_exactly_repeating_series_are_continued() -> None:
    """Series without any noise are forecast as they go on, not divided by a scale of zero."""
    week = np.tile(np.array([1.0, 5.0, 2.0, 4.0, 3.0, 9.0, 7.0]), 20)
    target = np.stack([np.full(140, 42.0), week, week * 1e6])

    found = lightgbm.fit(training(plain(target)), QUICK).points(plain(target), 7)

    np.testing.assert_allclose(found, np.stack([np.full(7, 42.0), week[:7], week[:7] * 1e6]), rtol=0.05)


def test_logarithms_are_for_values_well_above_zero() -> None:
    """Left to itself, it takes logarithms of positive values only, and forecasts of those are never below zero."""
    growing = plain(np.exp(np.linspace(0, 5, STEPS))[None] * (2 + np.sin(np.arange(STEPS) * 2 * np.pi / 7)))
    crossing = plain(growing.target - 5)

    positive, signed = (lightgbm.fit(training(of), QUICK) for of in (growing, crossing))

    assert (positive.parameters()["logarithm"], signed.parameters()["logarithm"]) == (True, False)
    assert (positive.points(growing, HORIZON) > growing.target[:, -14:].min()).all()


def test_calendars_that_the_history_hardly_holds_are_left_out() -> None:
    """A hundred days tell about weekdays; the day of the year, or of the month, would only tell the date."""
    assert sight_of(panel()).calendar == ("weekday",)


def test_equal_seeds_give_equal_bundles(bundle: Path, tmp_path: Path) -> None:
    """A second fit with the same seed writes the same bytes; another seed writes others."""
    for number, seed in enumerate((1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        lightgbm.fit(training(panel(), seed=seed), QUICK).write(folder, panel(), HORIZON, 1e-9)
    same, other = (tmp_path / str(number) / "lightgbm.onnx" for number in (0, 1))

    assert same.read_bytes() == (bundle / "lightgbm.onnx").read_bytes()
    assert other.read_bytes() != same.read_bytes()


def test_serving_needs_neither_lightgbm_nor_pandas(bundle: Path) -> None:
    """A process that forecasts from the bundle has loaded numpy and onnxruntime, but no training library."""
    script = (
        "import json, sys; from pathlib import Path; import numpy as np\n"
        "from mlgen_runtime.timeseries import forecast; from mlgen_runtime.timeseries.panel import Panel\n"
        "folder = Path(sys.argv[1]); entry = json.loads((folder / 'entry.json').read_text())\n"
        "known = {name: np.ones((1, 105)) for name in entry['sight']['known']}\n"
        "past = {name: np.ones((1, 100)) for name in entry['sight']['past']}\n"
        "static = {name: np.ones(1) for name in entry['sight']['static']}\n"
        "one = Panel((('new',),), np.array([19000]), np.arange(1.0, 101.0)[None], past, known, static)\n"
        "assert np.isfinite(forecast.load(folder, entry).points(one, 5)).all()\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'lightgbm', 'pandas', 'sklearn', 'scipy', 'onnx'}, loaded\n"
    )
    done = run_code(script, bundle)
    assert done.returncode == 0, done.stderr


def test_what_onnx_cannot_express_serves_natively(tmp_path: Path) -> None:
    """Linear leaves have no ONNX form: the bundle says so, holds LightGBM's text, and forecasts the same."""
    linear = lightgbm.fit(training(panel()), dataclasses.replace(QUICK, objective="l2", extra={"linear_tree": True}))

    parity = linear.write(tmp_path, panel(), HORIZON, 1e-9)
    served = forecast.load(tmp_path, json.loads(json.dumps(linear.entry())))

    assert parity.format == "lightgbm"
    assert "linear" in str(parity.reason)
    np.testing.assert_allclose(served.points(panel(), HORIZON), linear.points(panel(), HORIZON), rtol=1e-9)


def test_a_graph_that_is_not_exact_enough_is_not_kept(fitted: lightgbm.Boosted, tmp_path: Path) -> None:
    """With no tolerance at all the native text is written, and the reason names the difference."""
    mine = lightgbm.fit(training(panel()), QUICK)

    parity = mine.write(tmp_path, panel(), HORIZON, tolerance=-1.0)

    assert parity.format == "lightgbm"
    assert "differs by" in str(parity.reason)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lightgbm.naive.txt", "lightgbm.shape.txt"]


def test_nothing_to_learn_from_is_said() -> None:
    """Histories without a season and a step after it give a line that says what to do."""
    with pytest.raises(InputError, match="longer histories"):
        lightgbm.fit(training(plain(np.ones((2, 6)))), QUICK)


def test_reserved_parameters_are_refused() -> None:
    """What repeatable answers rest on is not the user's to set."""
    with pytest.raises(InputError, match="seed"):
        lightgbm.fit(training(panel()), dataclasses.replace(QUICK, extra={"seed": 3}))


def test_importance_is_shares(fitted: lightgbm.Boosted) -> None:
    """The features' shares sum to 1, and the price that drives the values comes first."""
    importance = fitted.importance()

    assert sum(importance.values()) == pytest.approx(1)
    assert next(iter(importance)).startswith("known.price")


def test_cost_grows_with_series_until_rows_are_drawn() -> None:
    """The budget's estimate rises with the panel, and less once not all rows are learnt from."""
    small, middle, large = (lightgbm.cost(Size(series, series * 1000, 48, 24), QUICK) for series in (1, 100, 200))

    assert small <= middle < large
    assert large < 2 * middle
