"""Series whose moments have a zone: learnt by its clocks, forecast in its local time, the same on every path."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core import keys
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.timeseries import answers, portable
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from pyarrow import parquet
from sample_projects import copied, rendered

#: Until the first of the two hours of the night on which clocks are set back, and across the other night.
HOURS = pd.date_range("2024-10-13", periods=14 * 24 + 3, freq="h", tz="Europe/Berlin")
DAYS = pd.date_range("2024-02-10", "2024-03-30", freq="D", tz="Europe/Berlin")
OWN = ["data.time=null", "data.series=[]"]


def train(root: Path, stamps: Any, *words: str, name: str = "own.parquet") -> None:
    """Learn a series of these moments in a project; its first model becomes the champion."""
    values = 100 + 10 * np.sin(np.arange(len(stamps)) * 2 * np.pi / 24) + np.arange(len(stamps)) % 7
    table = pd.DataFrame({"time": stamps, "value": values})
    path = root / "data" / name
    table.to_csv(path, index=False) if name.endswith(".csv") else table.to_parquet(path)
    config = load(["+experiment=quick", f"data.path=data/{name}", *OWN, "data.horizon=3", *words], root)
    pipeline.train(config, Steps(pipeline.STEPS))


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose champion learnt the hours. Not to be changed by a test."""
    root = copied(rendered("timeseries"), tmp_path_factory.mktemp("hourly") / "project", "timeseries")
    train(root, HOURS)
    return root


def written(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """Moments and predictions, the same from `predict` (three kinds of file), `batch` (two), the service's answer and
    the exported reader."""
    monkeypatch.chdir(root)
    for output in ("o.csv", "o.jsonl", "o.parquet"):
        assert main(["predict", f"output={output}", *OWN]) == 0
    for output in ("sqlite:///o.db", "b.parquet"):
        assert main(["batch", f"batch.output={output}", *OWN]) == 0
    config = load(OWN, root)
    model = load_champion(config)
    (root / "edge").mkdir()
    portable.write(model, config, root / "edge")
    done = subprocess.run([sys.executable, root / "edge" / "reader.py"], capture_output=True, text=True, check=True)
    plain = answers.plain(model.contract, model.predict({}))["predictions"]

    first = rows_of((root / "o.csv").read_text("utf8"))
    lines = [json.loads(line) for line in (root / "o.jsonl").read_text("utf8").splitlines()]
    with sqlite3.connect(root / "o.db") as database:
        stored = database.execute("select time, prediction from predictions").fetchall()
    assert [(line["time"], line["prediction"]) for line in lines] == first
    assert [(row["time"], row["prediction"]) for row in plain] == first
    assert rows_of(done.stdout) == first
    assert sorted(stored) == sorted(first)
    for name in ("o.parquet", "b.parquet"):
        table = parquet.read_table(root / name)
        assert [stamp.isoformat() for stamp in table["time"].to_pylist()] == [moment for moment, _ in first]
        assert str(table.schema.field("time").type.tz) == "Europe/Berlin"
    return first


def rows_of(text: str) -> list[tuple[str, float]]:
    """Moment and prediction of each line of a CSV."""
    return [(row["time"], float(row["prediction"])) for row in csv.DictReader(text.splitlines())]


def test_hours_go_on_through_the_night_of_two_o_clock_twice(
    hourly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the doubled hour on: an hour is an hour, and its offset tells which one."""
    root = shutil.copytree(hourly, tmp_path / "copy")

    assert [moment for moment, _ in written(root, monkeypatch)] == [
        *("2024-10-27T02:00:00+01:00", "2024-10-27T03:00:00+01:00", "2024-10-27T04:00:00+01:00")
    ]


def test_days_begin_at_midnight_whatever_their_length(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The forecasts are those of plain days, with an offset that changes on the night."""
    train(project, DAYS)
    found = written(project, monkeypatch)

    assert [moment for moment, _ in found] == [
        *("2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00", "2024-04-02T00:00:00+02:00")
    ]
    train(project, DAYS.strftime("%Y-%m-%d"), "contract.write=true", name="plain.csv")
    model = load_champion(load(["version=2"], project))
    days = answers.plain(model.contract, model.predict({}))["predictions"]
    assert [(row["time"], row["prediction"]) for row in days] == [(moment[:10], value) for moment, value in found]


@pytest.mark.parametrize(
    "cells",
    [
        ["2024-10-27 03:00", "2024-10-27T04:00:00", "2024-10-27T05:00"],
        ["2024-10-27T02:00:00Z", "2024-10-27 03:00:00 UTC", "2024-10-27T04:00:00+00:00"],
        ["2024-10-27T04:00:00+02:00", "2024-10-26T23:00:00-04:00", "2024-10-27T05:00:00+0100"],
    ],
    ids=["local", "UTC", "offsets"],
)
def test_newer_rows_may_be_written_in_any_way(
    cells: list[str], hourly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same instants for `predict` and a request, whose key in the log is in UTC."""
    monkeypatch.chdir(hourly)
    model, values = load_champion(load([], hourly)), [100.0, 101.0, 102.0]
    newer, output = tmp_path / "newer.csv", tmp_path / "o.csv"
    pd.DataFrame({"time": cells, "value": values}).to_csv(newer, index=False)

    assert main(["predict", f"input={newer}", f"output={output}", *OWN]) == 0
    answer = answers.plain(model.contract, model.predict({"time": cells, "value": values}))

    told = rows_of(output.read_text("utf8"))
    assert told == [(row["time"], row["prediction"]) for row in answer["predictions"]]
    assert told[0][0] == "2024-10-27T06:00:00+01:00"
    key, _, rest = next(iter(answers.decode(answer)))
    assert (key, rest["data_until"]) == ('["2024-10-27T05:00:00"]', "2024-10-27T04:00:00")


def test_a_local_time_that_comes_twice_is_refused_by_name(
    hourly: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By `predict` and by the service alike."""
    monkeypatch.chdir(hourly)
    (tmp_path / "newer.csv").write_text("time,value\n2024-10-27 02:30,1\n", "utf8")

    assert main(["predict", f"input={tmp_path / 'newer.csv'}", *OWN]) == 2
    assert "comes twice in Europe/Berlin" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"'2024-10-27 02:30' in row 1 .*comes twice in Europe/Berlin"):
        load_champion(load([], hourly)).predict({"time": ["2024-10-27 02:30"], "value": [1.0]})


def test_a_key_is_one_instant_however_it_is_written() -> None:
    """What a log and an outcome are joined by is in UTC."""
    texts = ("2024-10-27T02:30:00+02:00", "2024-10-27T00:30:00Z", "2024-10-27 00:30:00")

    assert {keys.moment(text) for text in texts} == {"2024-10-27T00:30:00"}
    assert {keys.written(["a", text]) for text in texts[:2]} == {'["a", "2024-10-27T00:30:00"]'}
    for text in ("2024-10-27T00:30:00", "a-customer-of-2024-10", "9999-99-99T99:99:99Z"):
        assert keys.written([text]) == f'["{text}"]'
