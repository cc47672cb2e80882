"""Forecasts in production: rolling figures as values come, moves of level and season, stale data."""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle.predictor import Predictor
from mlgen_runtime.cli import monitor
from mlgen_runtime.core import keys
from mlgen_runtime.monitoring import outcomes
from mlgen_runtime.prediction_log import database
from mlgen_runtime.timeseries import monitoring_view as live
from mlgen_runtime.timeseries import reading as data
from mlgen_runtime.usecase import loading
from mlgen_runtime.usecase.configuration import load

QUICK = ("monitor.track=false", "monitor.detail_rows=0", "monitor.min_outcomes=10", "monitor.min_rows=10")


@pytest.fixture
def cut(trained: Path) -> tuple[Path, Predictor]:
    """A trained project and its champion."""
    return trained, loading.load_champion(load([], trained))


def answered(root: Path, model: Predictor, at: float, request: str = "r1") -> list[str]:
    """Log the forecasts of all series, as a service would; return their keys."""
    found = model.inference.predict({}, every=True)
    time_name = model.contract.with_role("time")[0].name
    cells = [found[name] for name in (*model.needed, time_name)]
    names = [keys.written([column[row] for column in cells]) for row in range(len(found["prediction"]))]
    until = str(found["data_until"].min())
    with database.open_database("sqlite:///logs/predictions.db", root) as log, log.transaction():
        for row, name in enumerate(names):
            output = {n: float(found[n][row]) for n in found if n.startswith("quantile_")} | {"data_until": until}
            values = (json.dumps(float(found["prediction"][row])), json.dumps(output))
            log.run(
                "INSERT INTO prediction_log VALUES (?, ?, 'rest', ?, ?, 3.0, ?, '{}', ?, ?)",
                (request, row, at, model.version, name, *values),
            )
    return [str(name) for name in names]


def came(model: Predictor, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Values that come after the history: the forecasts with the usual error, all of them higher by `shift` of it."""
    found = model.inference.predict({}, every=True)
    target, time_name = model.contract.target.name, model.contract.with_role("time")[0].name
    noise = np.random.default_rng(seed).normal(shift, 0.5, len(found["prediction"]))
    scale = np.repeat(model.inference._scale, model.inference.horizon)
    table = {name: found[name] for name in (*model.needed, time_name)}
    return pd.DataFrame({**table, target: found["prediction"] + noise * scale})


def look(root: Path, *changed: str) -> Any:
    """Run `monitor` and return the newest window."""
    return monitor.evaluate(load([*QUICK, *changed], root)).windows[-1]


def test_values_that_come_are_met_by_key(cut: tuple[Path, Predictor]) -> None:
    """`outcome` takes series and moment; then MASE, bias and the band's coverage are there, and nothing has moved."""
    root, model = cut
    now = time.time()
    answered(root, model, now - 600)
    came(model).to_csv(root / "data/came.csv", index=False)

    told = outcomes.load(load(["data.path=data/came.csv"], root))
    window = look(root)

    assert told.matched == told.rows == len(came(model))
    [mase] = window.of("mase")
    assert mase.rows == told.rows
    assert mase.value is not None
    assert 0.1 < mase.value < 1.5
    [coverage] = window.of("coverage")
    assert coverage.value is not None
    assert 0.0 <= coverage.value <= 1.0
    assert not [figure for figure in window.measures if figure.metric.endswith("_drift") and figure.proven]
    assert window.of("quality", "")[0].value == pytest.approx(mase.value)


def test_a_level_that_moved_is_told(cut: tuple[Path, Predictor]) -> None:
    """Values far above all that the history did in so many steps: the drift of the level is proven, bias negative."""
    root, model = cut
    answered(root, model, time.time() - 600)
    came(model, shift=40.0).to_csv(root / "data/came.csv", index=False)
    outcomes.load(load(["data.path=data/came.csv"], root))

    window = look(root)

    level = window.of("level_drift", "")[0]
    assert level.proven
    assert level.value is not None
    assert level.value > 6
    assert window.of("bias")[0].value < 0


def test_data_that_ages_is_told_in_hours(cut: tuple[Path, Predictor]) -> None:
    """The age is that of the newest value behind the newest answers, when the window ends."""
    root, model = cut
    now = time.time()
    answered(root, model, now - 600)

    window = look(root)

    ends = model.inference.frequency.times(model.inference.panel.end).astype("M8[s]").astype(float)
    [age] = window.of("data_age_hours")
    assert age.value == pytest.approx((now - ends.min()) / 3600, abs=1.0)


def test_forecasts_of_one_moment_count_each_time(cut: tuple[Path, Predictor]) -> None:
    """What was forecast for a moment by several requests is judged each time, and counts as one piece of evidence."""
    root, model = cut
    for number in range(3):
        answered(root, model, time.time() - 600 + number, request=f"r{number}")
    came(model).to_csv(root / "data/came.csv", index=False)
    told = outcomes.load(load(["data.path=data/came.csv"], root))

    assert look(root).of("mase")[0].rows == 3 * told.rows


def test_newer_values_as_a_table(cut: tuple[Path, Predictor]) -> None:
    """`monitor.current=` forecasts what a table holds from what came before it, and judges that; nothing is needed
    from the log."""
    root, model = cut
    config = load([], root)
    history = data.read(config.data, root)
    newer = came(model).astype(str)
    names = {name: newer[name].to_numpy() for name in newer.columns}
    pd.concat([history, pd.DataFrame(names)]).to_csv(root / "data/now.csv", index=False)

    window = look(root, "monitor.current=data/now.csv")

    assert window.stream == "current"
    assert window.of("mase")[0].rows == len(newer)
    assert window.of("violations")[0].value == 0


def test_slices_of_series(cut: tuple[Path, Predictor]) -> None:
    """A column of the series' key is a slice, though it stands in the key alone."""
    root, model = cut
    answered(root, model, time.time() - 600)
    came(model).to_csv(root / "data/came.csv", index=False)
    outcomes.load(load(["data.path=data/came.csv"], root))

    window = look(root, f"monitor.slices=[{model.needed[0]}]")

    parts = [figure for figure in window.of("quality") if figure.subject]
    assert {figure.subject.partition("=")[2] for figure in parts} == {key[0] for key in model.inference.panel.keys}


def test_what_a_key_says() -> None:
    """The newest value is told for each series, and the newest request counts."""
    logged = pd.DataFrame(
        {
            "key": ['["a", "2024-01-03T00:00:00"]', '["b", "2024-01-03T00:00:00"]', '["a", "2024-01-04T00:00:00"]'],
            "output": ['{"data_until": "2024-01-02"}', '{"data_until": "2024-01-01"}', '{"data_until": "2024-01-03"}'],
        }
    )

    found = live.newest(logged)

    first = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC).timestamp()
    assert found == {"a": first + 2 * 86_400, "b": first}
