"""Dates as people write them, from the contract to the answer: learnt, timed, predicted, scored, served, exported."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract import file
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.tabular import portable
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from pyarrow import parquet
from sample_projects import copied, rendered

START = pd.Timestamp("2024-02-01 00:30")
#: How the cells of a column are written, and what its entry in the contract must say.
WAYS: dict[str, tuple[Any, dict[str, str | None]]] = {
    "american": (lambda days: days.strftime("%m/%d/%Y %I:%M %p"), {"format": "%m/%d/%Y %I:%M %p", "zone": None}),
    "offset": (
        lambda days: [day.isoformat() for day in days.tz_localize("Asia/Kolkata")], {"format": None, "zone": "+05:30"},
    ),
}  # fmt: skip


def table(way: str, rows: int = 240) -> pd.DataFrame:
    """Rows whose target is told by the hour and the month of `at`."""
    random = np.random.default_rng(5)
    days = pd.DatetimeIndex(START + pd.to_timedelta(random.integers(0, 24 * 300, rows), unit="h"))
    score = days.month + days.hour / 3 + random.normal(size=rows)
    return pd.DataFrame(
        {"at": WAYS[way][0](days), "size": random.normal(size=rows), "goal": np.where(score > 9, "yes", "no")}
    )


@pytest.fixture(scope="module", params=WAYS)
def trained_way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A project whose champion learnt such dates, by the way they are written. Not to be changed by a test."""
    way = str(request.param)
    root = copied(rendered("tabular"), tmp_path_factory.mktemp(way) / "project")
    table(way).to_csv(root / "data" / "own.csv", index=False)
    config = load(["+experiment=quick", "data.path=data/own.csv", "data.target=goal"], root)
    pipeline.train(config, Steps(pipeline.STEPS))
    return way, root


def test_training_goes_through_and_the_contract_says_how_dates_are_written(trained_way: tuple[str, Path]) -> None:
    """The rows that are timed, too, are written as the contract has it."""
    way, root = trained_way
    column = file.load(root / "data" / "contract.yaml", VOCABULARY).columns[0]

    assert (column.type, column.role) == ("datetime", "time")
    assert {"format": column.format, "zone": column.zone} == WAYS[way][1]
    assert load_champion(load([], root)).predict(load_champion(load([], root)).example())


def test_every_path_gives_the_same_answers(
    trained_way: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`predict`, `batch` from CSV, JSON lines and Parquet, a request and the exported reader, in the contract's own
    spelling and in ISO 8601."""
    way, root = trained_way
    monkeypatch.chdir(root)
    config = load([], root)
    model = load_champion(config)
    rows = table(way, 40).drop(columns="goal")
    column = model.contract.columns[0]
    stamps = pd.to_datetime(rows["at"], format=column.format or "ISO8601")
    plain = rows.assign(at=[stamp.isoformat() for stamp in stamps])
    expected = model.predict({name: rows[name].tolist() for name in rows})["probability_yes"].tolist()
    requests = RequestModel(model.contract, 100)
    portable.write(model, config, tmp_path)

    for written in (rows, plain):
        written.to_csv(tmp_path / "rows.csv", index=False)
        written.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
        written.assign(at=stamps).to_parquet(tmp_path / "rows.parquet")
        body = msgspec.json.encode({"records": json.loads(written.to_json(orient="records"))})
        columns, _ = requests.decode(body)
        assert model.predict(columns)["probability_yes"].tolist() == expected
        for kind in ("csv", "jsonl", "parquet"):
            output = tmp_path / f"{kind}.csv"
            assert main(["predict", f"input={tmp_path}/rows.{kind}", f"output={output}"]) == 0
            told = [float(row["probability_yes"]) for row in csv.DictReader(output.open(encoding="utf8"))]
            assert told == expected, kind
            shutil.rmtree(tmp_path / ".b.parquet-batch", ignore_errors=True)
            (tmp_path / "b.parquet").unlink(missing_ok=True)
            assert main(["batch", f"batch.input={tmp_path}/rows.{kind}", f"batch.output={tmp_path}/b.parquet"]) == 0
            assert parquet.read_table(tmp_path / "b.parquet")["probability_yes"].to_pylist() == expected, kind
        done = subprocess.run(
            [sys.executable, tmp_path / "reader.py", tmp_path / "rows.csv"], capture_output=True, text=True, check=True
        )
        assert [float(row["probability_yes"]) for row in csv.DictReader(done.stdout.splitlines())] == expected


@pytest.mark.parametrize("trained_way", ["offset"], indirect=True)
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_key_of_moments_is_written_as_it_came(
    suffix: str, trained_way: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its offset, with a T, and the same by `predict` and `batch`."""
    way, root = trained_way
    monkeypatch.chdir(root)
    when = pd.date_range("2024-10-27 01:30", periods=3, freq="h", tz="Europe/Berlin")
    table(way, 3).drop(columns="goal").assign(when=when).to_parquet(tmp_path / "rows.parquet")
    where = [f"{tmp_path}/rows.parquet", "data.key=[when]"]

    assert main(["predict", f"input={where[0]}", where[1], f"output={tmp_path}/o.{suffix}"]) == 0
    assert main(["batch", f"batch.input={where[0]}", where[1], f"batch.output=sqlite:///{tmp_path}/o.db"]) == 0

    text = (tmp_path / f"o.{suffix}").read_text("utf8")
    told = [stamp.isoformat() for stamp in when]
    assert told[1] == "2024-10-27T02:30:00+02:00" and told[2] == "2024-10-27T02:30:00+01:00"
    assert all(stamp in text for stamp in told)
    with sqlite3.connect(tmp_path / "o.db") as database:
        assert sorted(told) == sorted(key for (key,) in database.execute('select "when" from predictions'))
