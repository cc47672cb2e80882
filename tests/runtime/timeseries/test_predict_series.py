"""Forecasts as users ask for them: from the kept history, from newer rows, of new series, with what must be known."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import answers as answer
from mlgen_runtime.timeseries import inference, layout
from mlgen_runtime.timeseries.baseline import SeasonalNaive
from mlgen_runtime.timeseries.forecast.naive import Naive
from mlgen_runtime.timeseries.inference import Inference
from mlgen_runtime.timeseries.model import candidate
from mlgen_runtime.timeseries.model.candidate import Candidate
from mlgen_runtime.timeseries.panel import Panel
from series import SEASON, backtest, contract, frame

HORIZON = 3


def candidate_of(panel: Panel) -> Candidate:
    """The seasonal naive forecast, backtested."""
    return candidate.fit("naive", backtest(panel, HORIZON), lambda training: SeasonalNaive(Naive(training.season)))


def served(folder: Path, without: tuple[str, ...] = ("price",), rows: pd.DataFrame | None = None) -> Inference:
    """The inference of a bundle's folder; `without` are columns that the contract leaves out."""
    agreed = contract()
    agreed = dataclasses.replace(agreed, columns=tuple(c for c in agreed.columns if c.name not in without))
    panel, holidays = layout.panel(frame() if rows is None else rows, agreed)
    described = {
        "covariates": {group: list(getattr(panel, group)) for group in ("past", "known", "static")},
        "categories": {name: list(levels) for name, levels in panel.categories.items()},
        "holidays": holidays,
    }
    candidate_of(panel).write(folder, 10, 1e-5, described)
    return inference.load(folder, agreed)


def values(found: Mapping[str, np.ndarray], shop: str) -> list[float]:
    """The predictions of one shop."""
    chosen: list[float] = found["prediction"][found["shop"] == shop].tolist()
    return chosen


def test_a_key_alone_is_forecast_from_the_kept_history(tmp_path: Path) -> None:
    """The last season of the training rows comes again, from the day after them, with bands around it."""
    rows = frame()
    expected = rows[rows["shop"] == "b"]["sold"].to_numpy()[-SEASON:][:HORIZON]

    found = served(tmp_path).predict({"shop": ["b"]})

    assert found["shop"].tolist() == ["b"] * HORIZON
    assert found["day"].astype("M8[D]").astype(str).tolist() == ["2024-02-10", "2024-02-11", "2024-02-12"]
    assert found["prediction"] == pytest.approx(expected, abs=1e-4)
    assert (found["quantile_0.1"] < found["quantile_0.9"]).all()
    assert str(found["data_until"][0].astype("M8[D]")) == "2024-02-09"


def test_newer_rows_move_the_forecast_on(tmp_path: Path) -> None:
    """With one more day the forecast begins a day later, and the new value is in it a season on."""
    found = served(tmp_path).predict({"shop": ["a"], "day": ["2024-02-10"], "sold": [99.0]}, horizon=3)

    assert found["day"].astype("M8[D]").astype(str).tolist()[0] == "2024-02-11"
    longer = served(tmp_path).predict(
        {"shop": ["a"] * 3, "day": ["2024-02-10", "2024-02-11", "2024-02-12"], "sold": [99.0, 98, 97]}
    )
    assert values(longer, "a")[1] == 99.0


def test_a_newer_value_of_a_known_day_replaces_it(tmp_path: Path) -> None:
    """A correction of the newest day counts from then on."""
    found = served(tmp_path).predict({"shop": ["a", "a"], "day": ["2024-02-09", "2024-02-10"], "sold": [50.0, 60.0]})

    plain = served(tmp_path).predict({"shop": ["a"], "day": ["2024-02-10"], "sold": [60.0]})
    assert values(found, "a")[2] == 50.0
    assert values(plain, "a")[2] != 50.0


def test_a_series_is_forecast_alike_alone_and_among_others(tmp_path: Path) -> None:
    """The answer to a key does not depend on what else is asked."""
    model = served(tmp_path)

    both = model.predict({"shop": ["b", "a"]})

    assert values(both, "a") == values(model.predict({"shop": ["a"]}), "a")
    assert values(both, "b") == values(model.predict({"shop": ["b"]}), "b")
    assert both["shop"].tolist() == ["b"] * HORIZON + ["a"] * HORIZON


def test_a_shorter_horizon_and_other_levels_are_the_same_forecast(tmp_path: Path) -> None:
    """Fewer steps are the first ones; a level between two that were calibrated lies between their values."""
    model = served(tmp_path)

    whole = model.predict({"shop": ["a"]})
    part = model.predict({"shop": ["a"]}, horizon=2, quantiles=[0.3, 0.9])

    assert part["prediction"].tolist() == whole["prediction"].tolist()[:2]
    assert set(part) == {"shop", "day", "prediction", "quantile_0.3", "quantile_0.9", "data_until"}
    assert (whole["quantile_0.1"][:2] <= part["quantile_0.3"]).all()
    assert (part["quantile_0.3"] <= whole["quantile_0.5"][:2]).all()


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"shop": ["z"]}, {}, "the series 'z' is unknown"),
        ({}, {}, "no series is named; send rows with shop"),
        ({"shop": [None]}, {}, "shop is empty in row 1"),
        ({"shop": ["a"]}, {"horizon": 4}, "horizon: 4 is not a whole number from 1 to 3"),
        ({"shop": ["a"]}, {"horizon": True}, "horizon: True"),
        ({"shop": ["a"]}, {"quantiles": [0.99]}, "quantiles: 0.99"),
        ({"shop": ["a"], "day": ["2024-02-10T07:00:00"], "sold": [1]}, {}, "not on the grid of the frequency D"),
        ({"shop": ["a"], "day": ["tomorrow"], "sold": [1]}, {}, "'tomorrow' in row 1, expected a date"),
        ({"shop": ["a"], "day": ["2024-02-10"], "sold": ["many"]}, {}, "'many' in row 1, expected a number"),
        ({"shop": ["a", "a"], "day": ["2024-02-10"] * 2, "sold": [1, 2]}, {}, "2 rows for 2024-02-10"),
    ],
)
def test_what_cannot_be_forecast_is_refused_by_name(
    columns: dict[str, Any], options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """The series, the cell or the option at fault stands in the line."""
    with pytest.raises(InputError) as refused:
        served(tmp_path).predict(columns, **options)

    assert words in str(refused.value)


def test_a_covariate_that_must_be_known_is_asked_for_by_step(tmp_path: Path) -> None:
    """Without the price of every step to come the line names the price and the first day that lacks it."""
    model = served(tmp_path, without=())
    days = ["2024-02-10", "2024-02-11", "2024-02-12"]

    with pytest.raises(InputError, match=r"price is not known for 2024-02-10 of 'a'"):
        model.predict({"shop": ["a"]})
    with pytest.raises(InputError, match=r"price is not known for 2024-02-12"):
        model.predict({"shop": ["a"] * 2, "day": days[:2], "price": [2.0, 2.0]})
    assert len(model.predict({"shop": ["a"] * 3, "day": days, "price": [2.0] * 3})["prediction"]) == HORIZON


def test_the_example_is_answered(tmp_path: Path) -> None:
    """What the model offers as an example is a request that it answers, covariates to come included."""
    for without in ((), ("price",)):
        model = served(tmp_path, without)
        assert len(model.predict(model.example())["prediction"]) == HORIZON


def test_an_answer_says_how_old_its_data_is(tmp_path: Path) -> None:
    """One object per step, moments as text, and the newest value that the forecast rests on."""
    model = served(tmp_path)

    found = answer.plain(model.contract, model.predict({"shop": ["a"]}))

    assert found["predictions"][0]["day"] == "2024-02-10"
    assert set(found["predictions"][0]) == {"shop", "day", "prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"}
    assert found["data_until"] == "2024-02-09"
    assert found["data_age_hours"] > 0
    json.dumps(found, allow_nan=False)


CELLS = st.one_of(
    st.none(), st.text(max_size=5), st.floats(), st.integers(), st.booleans(), st.just("2024-02-10"), st.just("a")
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=4))
def test_any_cells_are_answered_or_refused_in_words(rows: list[tuple[Any, ...]], tmp_path: Path) -> None:
    """Whatever a client sends, the model answers with finite numbers or says what is wrong."""
    names = ("shop", "day", "sold", "visitors")
    columns = {name: [row[position] for row in rows] for position, name in enumerate(names)}

    try:
        found = served(tmp_path).predict(columns)
    except InputError as refused:
        assert str(refused)
    else:
        assert np.isfinite(found["prediction"]).all()


@pytest.fixture
def at(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained project as the current folder."""
    monkeypatch.chdir(trained)
    return trained


def test_the_verb_forecasts_every_series_without_an_input(at: Path) -> None:
    """Keys, time, prediction and quantiles for the horizon of each series; the report says how old the data is."""
    assert main(["predict", "output=forecast.csv"]) == 0

    found = pd.read_csv(at / "forecast.csv")
    sample = pd.read_csv(at / "data" / "sample.csv")
    assert list(found) == ["measurement", "month", "prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert found.groupby("measurement").size().to_dict() == dict.fromkeys(sample["measurement"].unique(), 12)
    newest = sample.groupby("measurement")["month"].max()
    assert (found.groupby("measurement")["month"].min() > newest).all()
    report = json.loads((at / "reports" / "predict.json").read_text("utf8"))
    assert report["predictions"]["data_until"] == newest.min()


def test_newer_history_in_a_file_moves_the_series_that_it_names(at: Path) -> None:
    """A file with one series' next month: its forecast begins a month later, the others' do not move."""
    main(["predict", "output=before.csv"])
    before = pd.read_csv(at / "before.csv")
    first = before.iloc[0]
    pd.DataFrame([{name: first[name] for name in ("measurement", "month")} | {"value": first["prediction"]}]).to_csv(
        at / "newer.csv", index=False
    )

    assert main(["predict", "input=newer.csv", "output=after.csv"]) == 0

    after = pd.read_csv(at / "after.csv")
    starts = [table.groupby("measurement")["month"].min() for table in (before, after)]
    moved = starts[0] != starts[1]
    assert moved[first["measurement"]]
    assert moved.sum() == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("month,value\n2030-01-01,3\n", "lacks the column measurement"),
        ("measurement,month,value\nsea_temperature,2030-01-05,3\n", "grid of MS"),
        (
            "measurement,month,value\nsea_temperature,2030-01-01,3\nsea_temperature,2030-01-01,4\n",
            "another row has too",
        ),
        ("measurement,month,value\nsea_temperature,2030-01-01,warm\n", "'warm'"),
    ],
)
def test_newer_rows_that_are_wrong_leave_no_output(
    rows: str, words: str, at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit 2, and no file."""
    (at / "newer.csv").write_text(rows, "utf8")

    code = main(["predict", "input=newer.csv", "output=after.csv"])

    error = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert len(error) == 1
    assert words in error[0]
    assert not (at / "after.csv").exists()
