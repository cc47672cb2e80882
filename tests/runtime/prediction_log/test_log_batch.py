"""What a batch run leaves in the log of predictions: a sample, spread over the run, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import kept
from mlgen_runtime.batch import job
from mlgen_runtime.batch import settings as batch_settings
from mlgen_runtime.prediction_log.row_sampling import RowSampling
from mlgen_runtime.prediction_log.settings import LogSettings
from mlgen_runtime.usecase.configuration import load
from sample_projects import run_code

#: This module runs in each use case.
EACH_USE_CASE = True
rows_only = pytest.mark.only_in("tabular")


@pytest.fixture
def root(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


def run(root: Path, *changed: str) -> Any:
    """Run the job; returns what it did."""
    config = load(["batch.output=sqlite:///scored.db", "batch.date=2026-01-31", *changed], root)
    return job.run(config, config.layer("batch", batch_settings.BatchSettings))


def logged(root: Path) -> list[dict[str, Any]]:
    return kept(LogSettings(database=f"sqlite:///{root / 'logs' / 'predictions.db'}"))


def test_a_run_is_logged_under_its_id(root: Path) -> None:
    """Each answer is there with the run's id and version, its features and outputs; a dry run leaves nothing."""
    dry = run(root, "batch.dry_run=true")
    assert not (root / "logs").exists()

    done = run(root)

    rows = logged(root)
    assert dry.run.id == done.run.id
    assert len(rows) == done.standing.written == len({row["row"] for row in rows})
    assert {(row["request_id"], row["source"], row["model_version"]) for row in rows} == {(done.run.id, "batch", "1")}
    assert not list((root / "logs" / "predictions").glob("*.jsonl"))
    outputs = {field.name for field in done.form.fields} - {*done.form.key, "prediction", "row"}
    assert outputs <= set(json.loads(rows[0]["output"]))


@rows_only
def test_features_are_typed_as_the_contract_says(root: Path) -> None:
    """A number that a file holds as text is a number in the log, as a request would have sent it."""
    from mlgen_runtime.usecase import loading

    contract = loading.load_champion(load([], root)).contract
    run(root)

    for row in logged(root)[:50]:
        features = json.loads(row["features"])
        for column in contract.inputs:
            kinds = {"number": (int, float), "integer": int, "boolean": bool}.get(column.type, str)
            assert features[column.name] is None or isinstance(features[column.name], kinds)


@rows_only
def test_a_sample_is_spread_over_the_run_and_the_same_again(root: Path) -> None:
    """No more rows than asked for, from its beginning to its end; another run over the same rows logs the same."""
    done = run(root, "log.batch_rows=200")
    first = [row["row"] for row in logged(root)]

    run(root, "log.batch_rows=200", "batch.date=2026-02-01")
    rows = logged(root)
    second = [row["row"] for row in rows if row["request_id"] != done.run.id]

    assert 100 < len(first) <= 200
    assert sorted(first) == sorted(second)
    thirds = np.histogram(first, bins=3, range=(1, done.standing.read))[0]
    assert thirds.min() > 30


@rows_only
def test_a_run_that_goes_on_logs_each_row_once(root: Path) -> None:
    """Killed in the middle, and run again: the log is that of a run that nobody disturbed."""
    undisturbed = run(root, "batch.output=sqlite:///other.db", "log.batch_rows=500", "log.folder=logs/other")
    expected = {(row["row"], row["prediction"]) for row in logged(root)}
    (root / "logs" / "predictions.db").unlink()
    code = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_log_batch import Path, run
from mlgen_runtime.batch.sink.database import Database
write, left = Database.write, [3]
def failing(self, *given):
    left[0] -= 1
    if left[0] == 0:
        os._exit(9)
    return write(self, *given)
Database.write = failing
run(Path({str(root)!r}), "batch.chunk=1000", "log.batch_rows=500")
"""
    killed = run_code(code, cwd=root)
    assert killed.returncode == 9, killed.stderr

    done = run(root, "batch.chunk=1000", "log.batch_rows=500")

    rows = logged(root)
    assert done.resumed > 0
    assert {(row["row"], row["prediction"]) for row in rows} == expected
    assert len(rows) == len(expected) <= 500
    assert undisturbed.standing.written == done.standing.written


def test_a_log_that_cannot_be_written_does_not_hold_up_a_run(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The database away: the run is whole, one line says where its entries wait."""
    (root / "away").write_text("no folder")

    done = run(root, "log.database=sqlite:///away/log.db")

    assert done.standing.finished
    assert "the rows logged wait in" in capsys.readouterr().err
    assert list((root / "logs" / "predictions").glob("*.jsonl"))


def test_nothing_is_logged_where_the_log_is_off(root: Path) -> None:
    """`log.sample=0` leaves no file."""
    run(root, "log.sample=0")

    assert not (root / "logs").exists()


@pytest.mark.parametrize(("most", "rows", "read"), [(100, 10_000, 10_000), (100, None, 10_000), (100, 5_000, 40_000)])
def test_never_more_than_asked_for(most: int, rows: int | None, read: int) -> None:
    """Whether the number of rows is known, unknown or underestimated, about as many as asked for are chosen."""
    chosen = RowSampling(most, rows).chosen(np.arange(1, read + 1))

    assert most / 4 < chosen.sum() < 1.5 * most


def test_all_are_chosen_where_there_is_no_limit() -> None:
    """null logs every row."""
    assert RowSampling(None, 10).chosen(np.arange(1, 1001)).all()
