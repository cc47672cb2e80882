"""A threshold that is not one half gives the same label on every path: a file, a bulk job, requests, the readers.

It is the printed probability of a row, so that this row stands on the edge: there, too, all of them say the same.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract.schema import Contract
from mlgen_runtime.monitoring.settings import MonitorSettings
from mlgen_runtime.monitoring.value import measure
from mlgen_runtime.rest.app import build
from mlgen_runtime.rest.logs import JsonLog
from mlgen_runtime.rest.metrics import Metrics
from mlgen_runtime.rest.server import load as load_served
from mlgen_runtime.rest.settings import RestSettings
from mlgen_runtime.rest.state import State
from mlgen_runtime.rows import metrics, monitoring_view
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.decision import rule
from mlgen_runtime.tabular import portable
from mlgen_runtime.tabular.inference import Inference, load
from mlgen_runtime.tabular.portable import reader
from mlgen_runtime.usecase.configuration import load as configured
from mlgen_runtime.usecase.loading import load_champion
from pyarrow import parquet
from sample_projects import copied, rendered
from starlette.testclient import TestClient

REAL = os.environ.get("MLGEN_REAL_DATA")
needs_data = pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA names no folder of real data")
#: A table's file, its target, the key of its rows.
SETS = {
    "sample": ("data/sample.csv", "saw_doctor"),
    "telco_churn": ("telco_churn/telco_churn.csv", "Churn"),
    "adult_income": ("adult_income/adult.csv", "income"),
}
ROWS, SCORED = 2000, 600
#: What a fixed seed, few trees and one part of the rows take seconds for.
QUICK = ("+experiment=quick", "model.n_estimators=40", "split.folds=1", "gate.margin=-1", "gate.prudence=0")


def run(root: Path, *words: str) -> int:
    """Run a verb in a project."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        return main(words)


@pytest.fixture(scope="module", params=["sample", *(pytest.param(name, marks=needs_data) for name in list(SETS)[1:])])
def edge(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """A project whose champion's threshold is the printed probability of a row that lies just below it."""
    root = copied(rendered("tabular"), tmp_path_factory.mktemp(request.param) / "project")
    place, target = SETS[request.param]
    source = root / place if request.param == "sample" else Path(str(REAL), place)
    table = pd.read_csv(source, dtype=str, keep_default_na=False, skipinitialspace=True)
    table.sample(min(ROWS, len(table)), random_state=3).to_csv(root / "data" / "rows.csv", index=False)
    words = ("data.path=data/rows.csv", f"data.target={target}", "data.key=[]", *QUICK)
    assert run(root, "train", *words) == 0
    model = load_champion(configured([], root))
    inference = model.inference
    assert isinstance(inference, Inference)
    few = pd.read_csv(root / "data" / "rows.csv", dtype=str, keep_default_na=False)
    columns = {column.name: few[column.name].tolist() for column in model.contract.inputs}
    printed = model.predict(columns)[f"probability_{model.contract.positive}"]
    exact = inference._many(inference.preprocessing.read(columns))[:, 1]
    near = np.flatnonzero((exact < printed) & (printed > 0.2) & (printed < 0.4) & (np.arange(len(printed)) < SCORED))
    threshold = float(printed[near[0]])
    shutil.rmtree(root / "bundles")
    table = "decision.value={true_positive: 50, false_positive: -10}"
    decided = (f"decision.threshold={threshold}", table, "gate.metric=value", "gate.margin=-1000")
    assert run(root, "train", *words, *decided) == 0
    return root, threshold


@pytest.fixture(scope="module")
def client(edge: tuple[Path, float], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The service of the project's champion."""
    settings = RestSettings(store=str(edge[0] / "bundles"), body_limit=50_000_000, outcomes="outcomes.jsonl")
    _, served = load_served(settings)
    with (tmp_path_factory.mktemp("log") / "log.txt").open("w") as file, ThreadPoolExecutor(1) as pool:
        log = JsonLog(file.fileno())
        yield TestClient(build(State(settings, served, Metrics(), log, pool, ready=True)))
        log.close()


def test_every_path_gives_the_same_labels(edge: tuple[Path, float], client: TestClient, tmp_path: Path) -> None:
    """`predict`, `batch`, `/predict` in bulk and one by one, `/invocations`, reader.py; and the probability beside a
    label says the same as the label."""
    root, threshold = edge
    config = configured([], root)
    model = load_champion(config)
    contract, positive = model.contract, f"probability_{model.contract.positive}"
    rows = list(csv.DictReader((root / "data" / "rows.csv").open(encoding="utf8", newline="")))[:SCORED]
    names = [column.name for column in contract.inputs]
    pd.DataFrame(rows)[names].to_csv(tmp_path / "rows.csv", index=False)
    records = json.loads(pd.read_csv(tmp_path / "rows.csv").to_json(orient="records"))

    expected = model.predict({name: [row[name] for row in rows] for name in names})
    labels = expected["prediction"].tolist()
    said = [contract.positive if sure >= threshold else contract.labels[0] for sure in expected[positive].tolist()]
    assert list(map(str, labels)) == said
    assert threshold in expected[positive].tolist()
    assert labels != [contract.label_values[int(sure >= 0.5)] for sure in expected[positive].tolist()]

    assert run(root, "predict", f"input={tmp_path}/rows.csv", f"output={tmp_path}/one.parquet", "data.key=[]") == 0
    assert parquet.read_table(tmp_path / "one.parquet")["prediction"].to_pylist() == labels
    words = (f"batch.input={tmp_path}/rows.csv", f"batch.output={tmp_path}/two.parquet", "data.key=[]")
    assert run(root, "batch", *words) == 0
    assert parquet.read_table(tmp_path / "two.parquet")["prediction"].to_pylist() == labels
    bulk = client.post("/predict", json={"records": records}).json()
    assert bulk["predictions"] == labels
    single = [client.post("/predict", json={"records": [record]}).json()["predictions"][0] for record in records[:100]]
    assert single == labels[:100]
    assert client.post("/invocations", json={"dataframe_records": records}).json() == {"predictions": labels}
    portable.write(model, config, tmp_path)
    done = subprocess.run(
        [sys.executable, tmp_path / "reader.py", tmp_path / "rows.csv"], capture_output=True, text=True, check=True
    )
    assert [row["prediction"] for row in csv.DictReader(done.stdout.splitlines())] == list(map(str, labels))


def test_the_rule_is_said_wherever_the_model_is_shown(edge: tuple[Path, float], client: TestClient) -> None:
    """In the bundle, on the card and in the report, on the page of the service and in its OpenAPI document."""
    root, threshold = edge
    model = load_champion(configured([], root))
    told = f"{model.contract.positive} is predicted where its probability is at least {threshold:g}"
    report = json.loads((root / "reports" / "train.json").read_text("utf8"))

    assert bundle.read_json(model.folder, rule.FILE)["positive"] == model.contract.positive
    assert model.card["rule"].startswith(told)
    assert any(note.startswith(told) for note in report["notes"])
    assert report["details"]["decision"]["threshold"] == threshold
    counted = report["details"]["decision"]["outcomes"]
    assert counted["true_positive"] / (counted["true_positive"] + counted["false_negative"]) == pytest.approx(
        report["details"]["classes"][model.contract.positive]["recall"]
    )
    assert report["metric"] == "value"
    explained = report["explanation"]
    assert all(np.isfinite(each["worse"]) for each in explained["importance"])
    assert all(np.isfinite(each["value"]) for each in explained["learning_curve"])
    page = (root / "reports" / "train.html").read_text("utf8")
    assert f"threshold of {model.contract.positive}".replace(">", "&gt;") in page
    assert 'alt="threshold"' in page
    assert told in client.get("/openapi.json").json()["info"]["description"]
    assert told.replace(">", "&gt;") in client.get("/").text


def test_monitoring_judges_the_labels_that_were_answered(edge: tuple[Path, float]) -> None:
    """Also where the threshold was another one when they were: what was said counts, and what that was worth."""
    root, threshold = edge
    model = load_champion(configured([], root))
    contract, positive = model.contract, f"probability_{model.contract.positive}"
    rows = pd.read_csv(root / "data" / "rows.csv", dtype=str, keep_default_na=False)[:SCORED]
    found = model.predict({column.name: rows[column.name].tolist() for column in contract.inputs})
    answers = pd.DataFrame({**found, "truth": rows[contract.target.name]})
    sure = found[positive]
    earlier = answers.assign(prediction=[contract.label_values[int(called)] for called in sure >= 0.5])

    for told, at in ((answers, threshold), (earlier, 0.5)):
        known = monitoring_view.evidence(model, told)
        true = (told["truth"].str.strip() == contract.positive).to_numpy()
        expected = (sure >= at)[true].mean()
        assert metrics.METRICS["recall"].value(known.truth, known.scores) == pytest.approx(expected)
        worth = np.where(sure >= at, np.where(true, 50, -10), 0).mean()
        assert metrics.METRICS["value"].value(known.truth, known.scores) == pytest.approx(worth)
        settings = configured([], root).layer("monitor", MonitorSettings)
        [each] = [one for one in measure(model, told, settings) if one.metric == "value_per_prediction"]
        assert each.value == pytest.approx(worth)


#: Raw probabilities of the second class around a threshold of 0.3; what is printed of them decides.
EDGES = {0.3: True, 0.29999951: True, 0.29999949: False, 0.3000001: True, 0.2: False, 0.9: True, 0.5: True, 0.0: False}


def test_the_readers_decide_by_what_they_print(edge: tuple[Path, float], tmp_path: Path) -> None:
    """Rounded up to the threshold is positive, in the predictor, in reader.py and in reader.mjs."""
    model = load_champion(configured([], edge[0]))
    folder = Path(shutil.copytree(model.folder, tmp_path / "bundle"))
    contract = Contract.from_json(folder / "contract.json", VOCABULARY)
    rule.DecisionRule(threshold=0.3).write(folder, contract)
    portable.write(model, configured([], edge[0]), tmp_path)
    facts = json.loads((tmp_path / "inference.json").read_text("utf8")) | {"threshold": 0.3}
    bundle.write_json(tmp_path, "inference.json", facts)
    scores = [[1 - sure, sure] for sure in EDGES]
    expected = [contract.label_values[int(called)] for called in EDGES.values()]

    served = load(folder, contract)
    labels: Any = np.array(contract.label_values, dtype=object)
    assert served._classes(labels, np.array(scores))["prediction"].tolist() == expected
    exported = reader.Model(tmp_path)
    assert [exported._answer(row)["prediction"] for row in scores] == expected
    if shutil.which("node"):
        code = (
            "import { Model } from './reader.mjs'; import { readFileSync } from 'node:fs';"
            "const json = (name) => JSON.parse(readFileSync(name));"
            "const tables = ['preprocessing.json', 'inference.json', 'contract.json'].map(json);"
            "const model = new Model(null, null, ...tables);"
            f"console.log(JSON.stringify({json.dumps(scores)}.map((row) => model.answer(row))));"
        )
        words = ["node", "--input-type=module", "-e", code]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
        answers = json.loads(done.stdout)
        assert [answer["prediction"] for answer in answers] == expected
        assert answers == [exported._answer(row) for row in scores]
