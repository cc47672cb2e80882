"""A use case that is no part of the runtime goes all the way: nothing outside of its own module knows it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.cli.__main__ import main
from sample_projects import copied, rendered

sys.path.insert(0, str(Path(__file__).parent))
import probe


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the use case, trained."""
    root = copied(rendered("tabular"), tmp_path_factory.mktemp("probe") / "project")
    probe.configure(root)
    assert run(root, "train", "gate.metric=log_loss", "gate.resamples=100") == 0
    return root


def run(root: Path, *words: str) -> int:
    """Run a verb in the project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return main(words)


def report(root: Path, verb: str) -> dict[str, Any]:
    """What a verb wrote to reports/."""
    found: dict[str, Any] = json.loads((root / "reports" / f"{verb}.json").read_text("utf8"))
    return found


def test_the_probe_is_small() -> None:
    """A use case on independent rows takes no more than 250 lines."""
    assert len(Path(probe.__file__).read_text("utf8").splitlines()) <= 250


def test_it_trains_and_passes_the_gate(project: Path) -> None:
    """The candidate is compared with its baseline, promoted, and its bundle names the use case."""
    found = report(project, "train")
    store = Store(project / "bundles")

    assert found["promoted"] == "constant"
    assert json.loads((store.fetch("1") / "bundle.json").read_text("utf8"))["use_case"] == "constant"


def test_it_predicts_and_scores_in_bulk(project: Path, tmp_path: Path) -> None:
    """A file in, a file out; a table into a database: the same answer for every row."""
    assert run(project, "predict", "input=data/sample.csv", f"output={tmp_path}/answers.csv") == 0
    assert run(project, "batch", "batch.input=data/sample.csv", f"batch.output={tmp_path}/answers.parquet") == 0

    rows = len(pd.read_csv(project / "data/sample.csv"))
    files = pd.read_csv(tmp_path / "answers.csv"), pd.read_parquet(tmp_path / "answers.parquet")
    assert [len(file) for file in files] == [rows, rows]
    assert {tuple(file["prediction"].unique()) for file in files} == {("yes",)}


def test_it_is_served(project: Path) -> None:
    """The service answers from the bundle alone, in the words of rows, and refuses what the contract does not know."""
    from concurrent.futures import ThreadPoolExecutor

    from mlgen_runtime.rest.app import build
    from mlgen_runtime.rest.logs import JsonLog
    from mlgen_runtime.rest.metrics import Metrics
    from mlgen_runtime.rest.server import load
    from mlgen_runtime.rest.settings import RestSettings
    from mlgen_runtime.rest.state import State
    from starlette.testclient import TestClient

    settings = RestSettings(store=str(project / "bundles"))
    _, served = load(settings)
    with (project / "service.log").open("w") as file, ThreadPoolExecutor(1) as pool:
        log = JsonLog(file.fileno())
        client = TestClient(build(State(settings, served, Metrics(), log, pool, ready=True)))
        answer = client.post("/predict", json={"records": list(served.example)})
        refused = client.post("/predict", json={"records": [{"age": "old"}]})
        log.close()

    assert answer.status_code == 200
    assert answer.json()["predictions"] == ["yes"]
    assert refused.status_code == 422


def test_it_is_exported(project: Path, tmp_path: Path) -> None:
    """The exported folder says what the predictor says."""
    assert run(project, "export", f"edge.output={tmp_path}/edge") == 0

    assert report(project, "export")["parity"]["largest_difference"] == 0.0


def test_it_is_monitored(project: Path) -> None:
    """A table is compared with the reference of the bundle: the rows it was trained on have not drifted."""
    assert run(project, "monitor", "monitor.current=data/sample.csv", "monitor.detail_rows=0") in (0, 3)

    assert report(project, "monitor")["windows"]


def test_it_is_trained_anew(project: Path) -> None:
    """`retrain` finds that the rows are those of the champion."""
    assert run(project, "retrain", "--dry-run", "retrain.when=[volume]") == 0
