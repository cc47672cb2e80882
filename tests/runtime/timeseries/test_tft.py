"""The temporal fusion transformer: what it may see, that its graph is the network, and that serving needs no torch."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries.forecast import tft as serving
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.model import tft, tft_network, tft_windows
from mlgen_runtime.timeseries.model.training import Size, Training
from mlgen_runtime.timeseries.panel import Panel
from sample_projects import run_code

HORIZON, STEPS = 5, 120
QUICK = tft.TftSettings(
    name="tft",
    encoder_length=14,
    hidden_size=8,
    hidden_continuous_size=8,
    attention_heads=2,
    lstm_layers=1,
    dropout=0.1,
    series_codes=True,
    learning_rate=0.01,
    weight_decay=0.01,
    batch_size=16,
    batches_per_epoch=5,
    epochs=2,
    patience=2,
    validation_windows=2,
)


def panel(seed: int = 0, series: int = 3) -> Panel:
    """Weekly patterns driven by a price, with every role and type of covariate, gaps, and a late beginning."""
    random = np.random.default_rng(seed)
    price = random.normal(size=(series, STEPS + HORIZON))
    weekly = np.sin(np.arange(STEPS) * 2 * np.pi / 7)
    target = 50 * (1 + np.arange(series))[:, None] + 3 * weekly + 4 * price[:, :STEPS]
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
    """A training request; the settings of `train` that this model reads are the quantiles."""
    settings: Any = SimpleNamespace(quantiles=[0.1, 0.9])
    daily = Frequency("D")
    usual = Training(
        panel=of, frequency=daily, horizon=HORIZON, season=7, settings=settings, seed=1, threads=1, device="cpu"
    )
    return dataclasses.replace(usual, **changes)


@pytest.fixture(scope="module")
def fitted() -> tft.FittedTft:
    """A small network, trained for seconds."""
    return tft.fit(training(panel()), QUICK)


@pytest.fixture(scope="module")
def bundle(fitted: tft.FittedTft, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the small network wrote, its entry among it."""
    folder = tmp_path_factory.mktemp("bundle")
    parity = fitted.write(folder, panel(), HORIZON, tolerance=1e-5)
    assert (parity.format, parity.reason, parity.rows) == ("onnx", None, 12)
    assert parity.largest < 1e-5
    assert len({path.stat().st_mode for path in folder.iterdir()}) == 1  # a server may read them all, or none
    (folder / "entry.json").write_text(json.dumps(fitted.entry()), "utf8")
    return folder


def test_the_graph_is_the_network(fitted: tft.FittedTft, bundle: Path) -> None:
    """On series it has seen and others, with gaps and unseen codes, the server's quantiles are those of torch."""
    other = panel(seed=9, series=5)
    other.past["wind"][:, -4:] = np.nan
    part = serving.load(bundle, json.loads((bundle / "entry.json").read_text("utf8")))

    expected = fitted.quantiles(other, HORIZON)

    assert part.needs == 14
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(part.quantiles(other, HORIZON), expected, rtol=1e-5)


def test_serving_imports_no_torch(bundle: Path) -> None:
    """A process that forecasts from the bundle has loaded neither torch nor pandas."""
    script = (
        "import json, sys; from pathlib import Path; import numpy as np\n"
        "from mlgen_runtime.timeseries import forecast; from mlgen_runtime.timeseries.panel import Panel\n"
        "folder = Path(sys.argv[1]); entry = json.loads((folder / 'entry.json').read_text())\n"
        "known = {name: np.ones((1, 35)) for name in entry['layout']['known']}\n"
        "past = {name: np.ones((1, 30)) for name in entry['layout']['past']}\n"
        "static = {name: np.ones(1) for name in entry['layout']['static']}\n"
        "one = Panel((('new', 'south'),), np.array([19000]), np.arange(30.0)[None], past, known, static)\n"
        "assert np.isfinite(forecast.load(folder, entry).points(one, 5)).all()\n"
        "loaded = {name.split('.')[0] for name in sys.modules}\n"
        "assert not loaded & {'torch', 'pandas', 'pytorch_forecasting', 'lightning', 'safetensors'}, loaded\n"
    )
    done = run_code(script, bundle)
    assert done.returncode == 0, done.stderr


def test_a_network_without_a_graph_serves_from_its_weights(
    fitted: tft.FittedTft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the exporter fails, the bundle says why and holds the weights, and forecasts all the same."""

    def broken(*_: Any) -> bytes:
        raise RuntimeError("no symbol for this operator")

    # No network of this family is known that cannot be exported, so one is made up.
    monkeypatch.setattr(tft_network, "graph", broken)
    mine = dataclasses.replace(fitted, written={})

    parity = mine.write(tmp_path, panel(), HORIZON, tolerance=1e-5)
    part = serving.load(tmp_path, json.loads(json.dumps(mine.entry())))

    assert parity.format == "torch"
    assert "no symbol for this operator" in str(parity.reason)
    assert [path.name for path in tmp_path.iterdir()] == ["tft.safetensors"]
    np.testing.assert_allclose(part.points(panel(), HORIZON), fitted.points(panel(), HORIZON))


def test_the_same_seed_gives_the_same_network(fitted: tft.FittedTft) -> None:
    """A second fit forecasts the same to the last bit, and leaves torch's own random numbers as they were."""
    import torch

    before = torch.random.get_rng_state()

    again = tft.fit(training(panel()), QUICK)

    assert np.array_equal(again.quantiles(panel(), HORIZON), fitted.quantiles(panel(), HORIZON))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_series_with_too_little_history_has_no_forecast(fitted: tft.FittedTft) -> None:
    """Its row is NaN, and the other series' rows are as they are without it."""
    both = panel()
    both.target[0, :-4] = np.nan

    found = fitted.points(both, HORIZON)

    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1:], fitted.points(both.only(np.array([1, 2])), HORIZON), rtol=1e-5)


def test_quantiles_ascend_around_the_forecast(fitted: tft.FittedTft) -> None:
    """The middle one is the forecast, and fewer steps are the first of the many."""
    quantiles = fitted.quantiles(panel(), HORIZON)

    assert fitted.part.levels == (0.1, 0.5, 0.9)
    assert (np.diff(quantiles, axis=2) >= 0).all()
    np.testing.assert_array_equal(fitted.points(panel(), HORIZON), quantiles[:, :, 1])
    np.testing.assert_allclose(fitted.points(panel(), 2), fitted.points(panel(), HORIZON)[:, :2])


def test_windows_do_not_see_what_follows_them() -> None:
    """Targets and past covariates after a window's end change nothing in it; known covariates do."""
    plan = tft_windows.layout(training(panel()), 14, True)
    rows, ends = np.arange(3), np.array([80, 90, 100])
    before = plan.windows(panel(), rows, ends)
    changed = panel()
    for values in (changed.target, *changed.past.values()):
        for row, end in zip(rows, ends, strict=True):
            values[row, end + 1 :] = 2.0

    after = plan.windows(changed, rows, ends)
    changed.known["price"][0, 81:] += 1

    assert np.array_equal(after.reals, before.reals)
    assert np.array_equal(after.codes, before.codes)
    assert not np.array_equal(plan.windows(changed, rows, ends).reals, before.reals)


def test_held_back_windows_are_not_learnt_from() -> None:
    """The values that validation looks at are in no window that training draws."""
    request = training(panel())
    found = tft_windows.source(request, tft_windows.layout(request, 14, True), 2)
    _, ends = found.held

    assert len(ends) == 6
    assert (found.last + HORIZON <= ends.min()).all()
    assert found.draw(np.random.default_rng(0), 50).target.shape == (50, HORIZON)


def test_forecasts_move_with_the_level_and_the_unit() -> None:
    """Windows are scaled one by one: the same history in other units gives the same forecast in those units."""
    only = dataclasses.replace(panel(), past={}, known={}, static={}, categories={})
    fitted = tft.fit(training(only), dataclasses.replace(QUICK, epochs=1, series_codes=False))
    moved = dataclasses.replace(only, target=only.target * 1000 - 7)

    np.testing.assert_allclose(fitted.points(moved, HORIZON), fitted.points(only, HORIZON) * 1000 - 7, rtol=1e-4)


def test_it_learns_from_a_known_covariate() -> None:
    """Where a price known ahead drives the target, its error is well under the seasonal naive forecast's."""
    whole = panel()
    then, truth = whole.cut(HORIZON), whole.target[:, -HORIZON:]
    fitted = tft.fit(training(then), dataclasses.replace(QUICK, batches_per_epoch=40, epochs=3, patience=3))

    error = np.nanmean(np.abs(fitted.points(then, HORIZON) - truth))
    naive = np.nanmean(np.abs(then.target[:, -7 : -7 + HORIZON] - truth))

    assert error < 0.6 * naive
    assert next(iter(fitted.importance())) in ("price", "lag 7", "target")
    assert sum(fitted.importance().values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("wanted", "there", "device"),
    [("cuda", True, "cuda"), ("cuda", False, "cpu"), ("auto", True, "cuda"), ("cpu", True, "cpu")],
)
def test_a_gpu_is_used_where_there_is_one(
    wanted: str, there: bool, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the settings say cpu."""
    # Machines that run these tests have no GPU, or have one: both cases are to be seen on either.
    monkeypatch.setattr("torch.cuda.is_available", lambda: there)
    assert tft.choose(wanted) == device


def test_settings_and_histories_that_cannot_be_are_refused() -> None:
    """In one line that names the setting or the length, before anything is trained."""
    with pytest.raises(InputError, match="attention_heads: 9 is more than model.hidden_size, 8"):
        tft.fit(training(panel()), dataclasses.replace(QUICK, attention_heads=9))
    with pytest.raises(InputError, match="the longest history has 5 steps, expected 6 or more"):
        tft.fit(training(panel().tail(5)), QUICK)


def test_cost_grows_with_the_batches() -> None:
    """The race's budget counts what is trained, not what the clock says."""
    size = Size(series=3, values=300, horizon=HORIZON, season=7)
    fixed = tft.IMPORT_SECONDS

    double = tft.cost(size, dataclasses.replace(QUICK, epochs=2 * QUICK.epochs)) - fixed

    assert double == pytest.approx(2 * (tft.cost(size, QUICK) - fixed))
