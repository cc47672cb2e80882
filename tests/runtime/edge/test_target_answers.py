"""An amount learnt on another scale, or by another error, has one answer on every path: predict, batch, a request, and
the exported readers in Python and JavaScript."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.edge import trial
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from sample_projects import copied, rendered

REAL = os.environ.get("MLGEN_REAL_DATA")
real = pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA names no folder of real data")
SAMPLE = ["data.path=data/sample_regression.csv", "data.target=log_spending"]
BIKES = [f"data.path={REAL}/bike_sharing/bikeshare.csv", "data.target=count", "data.drop=[casual,registered]"]
HOUSES = [f"data.path={REAL}/california_housing/housing.csv", "data.target=median_house_value"]
QUICK = ["model.n_estimators=40", "gate.resamples=50", "gate.baseline=ahead", "gate.margin=-1e9"]
SLOW = [real, pytest.mark.slow]
#: Rows, what is said of conf/target, and the metric that decides then.
CASES = [
    pytest.param(SAMPLE, "transform=box_cox model=lightgbm", "rmse", id="box_cox-sample"),
    pytest.param(SAMPLE, "objective=quantile quantile=0.9 model=xgboost", "pinball_0.9", id="quantile-sample"),
    pytest.param(SAMPLE, "objective=tweedie model=lightgbm", "tweedie_deviance_1.5", id="tweedie-sample"),
    pytest.param(BIKES, "objective=poisson model=xgboost", "poisson_deviance", id="poisson-bikes", marks=SLOW),
    pytest.param(BIKES, "transform=log1p gate.metric=rmsle model=lightgbm", "rmsle", id="log1p-bikes", marks=SLOW),
    pytest.param(HOUSES, "transform=box_cox objective=mae model=lightgbm", "mae", id="box_cox-houses", marks=SLOW),
    pytest.param(HOUSES, "objective=huber model=xgboost", "mae", id="huber-houses", marks=SLOW),
]


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder below which node finds the runtime of the reader, once one was exported: see `in_node`."""
    return tmp_path_factory.mktemp("node")


def in_node(edge: Path, modules: Path, records: list[dict[str, Any]]) -> list[dict[str, float]]:
    """What reader.mjs answers to rows; `npm ci` is asked once."""
    if not (modules / "node_modules").is_dir():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(edge / name, modules / name)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=modules, check=True, capture_output=True)
    folder = Path(shutil.copytree(edge, modules / edge.parents[1].name))
    (folder / "rows.json").write_text(json.dumps(records), "utf8")
    done = subprocess.run(["node", "reader.mjs", "rows.json"], cwd=folder, capture_output=True, text=True, check=True)
    found: list[dict[str, float]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("rows", "said", "decides"), CASES)
def test_every_path_gives_the_same_answers(
    rows: list[str], said: str, decides: str, tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit, for the value and its interval; what is optimised decides, and the bundle is ONNX."""
    root = copied(rendered("tabular"), tmp_path / "project", "tabular")
    monkeypatch.chdir(root)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    ways = [word if word.startswith(("model", "gate")) else f"target.{word}" for word in said.split()]
    assert main(["train", *rows, *ways, *QUICK, "tracking.uri=sqlite:///mlflow.db"]) == 0
    report = json.loads((root / "reports" / "train.json").read_text("utf8"))
    champion = load_champion(load([], root))
    table = pd.read_csv(rows[0].partition("=")[2], dtype=str, keep_default_na=False).head(400)
    asked = [column for column in champion.contract.inputs if not column.nullable]
    whole = table[table[[column.name for column in asked]].map(str.strip).ne("").all(axis=1)]
    whole.to_csv("whole.csv", index=False)
    records = whole[[column.name for column in champion.contract.inputs]].to_dict("records")

    assert main(["predict", "input=whole.csv", "output=one.parquet"]) == 0
    assert main(["batch", "batch.input=whole.csv", "batch.output=two.parquet", "data.key=[]"]) == 0
    assert main(["export", "edge.output=edge"]) == 0
    exported = subprocess.run(
        [sys.executable, "edge/reader.py", "whole.csv"], capture_output=True, text=True, check=True, cwd=root
    )
    body = json.dumps({"records": records}).encode()
    served = champion.predict(RequestModel(champion.contract, len(whole)).decode(body)[0])

    one = pq.read_table("one.parquet").to_pandas()
    two = pd.concat([pq.read_table(path).to_pandas() for path in sorted(Path().glob("two.parquet*")) if path.is_file()])
    lines = list(csv.DictReader(exported.stdout.splitlines()))
    assert report["metric"] == decides
    assert {entrant["parity"]["format"] for entrant in report["entrants"]} == {"onnx"}
    assert set(served) == {"prediction", "prediction_low", "prediction_high"}
    assert (served["prediction_low"] <= served["prediction_high"]).all()
    assert len(one) == len(two) == len(lines) == len(whole) > 100
    for column, values in served.items():
        assert one[column].tolist() == values.tolist()
        assert two[column].tolist() == values.tolist()
        assert [float(line[column]) for line in lines] == values.tolist()
    if shutil.which("npm"):
        found = in_node(root / "edge", modules, records)
        for column, values in served.items():
            assert np.array_equal([answer[column] for answer in found], values)


@real
@pytest.mark.slow
def test_constraints_hold_on_every_path(tmp_path: Path, modules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bikes by the hour: warmer never means fewer, damper never more, in a blend of counts. Predict, a request and both
    readers agree along the grid, and two groups of columns multiply."""
    root = copied(rendered("tabular"), tmp_path / "project", "tabular")
    monkeypatch.chdir(root)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    assert main(["contract", *BIKES]) == 0
    path = root / "data" / "contract.yaml"
    text = path.read_text("utf8")
    for column, direction in (("temp", "increasing"), ("humidity", "decreasing")):
        text = text.replace(f"\n  {column}:\n", f"\n  {column}:\n    monotone: {direction}\n")
    path.write_text(text.replace("\ncolumns:\n", "\ninteractions: [[temp, humidity, windspeed]]\ncolumns:\n"), "utf8")
    few = [f"model.{member}.n_estimators=60" for member in ("lightgbm", "lightgbm_small", "xgboost")]
    trained = ["train", *BIKES, "model=blend", *few, "target.objective=poisson", *QUICK[1:]]
    assert main([*trained, "tracking.uri=sqlite:///mlflow.db"]) == 0
    assert main(["export", "edge.output=edge"]) == 0
    champion = load_champion(load([], root))
    names = [column.name for column in champion.contract.inputs]
    base = (
        pd.read_csv(BIKES[0].partition("=")[2])[names]
        .iloc[[10, 3000, 9000]]
        .assign(temp=20.0, humidity=60, windspeed=11.0014)
    )

    for column, sign, values in (("temp", 1, np.linspace(-5, 45, 60)), ("humidity", -1, np.arange(0, 101, 2))):
        walked = pd.concat([base.assign(**{column: value}) for value in values])
        walked.to_csv("whole.csv", index=False)
        records = [{name: str(cell) for name, cell in row.items()} for row in walked.to_dict("records")]
        body = json.dumps({"records": records}).encode()
        served = champion.predict(RequestModel(champion.contract, len(walked)).decode(body)[0])
        assert main(["predict", "input=whole.csv", f"output={column}.parquet"]) == 0
        exported = subprocess.run(
            [sys.executable, "edge/reader.py", "whole.csv"], capture_output=True, text=True, check=True, cwd=root
        )
        lines = list(csv.DictReader(exported.stdout.splitlines()))
        told = pq.read_table(f"{column}.parquet").to_pandas()
        for name, cells in served.items():
            grid = cells.reshape(len(values), len(base))
            assert (sign * np.diff(grid, axis=0) >= 0).all()
            assert told[name].tolist() == cells.tolist() == [float(line[name]) for line in lines]
            if name == "prediction":
                assert np.ptp(grid, axis=0).min() > 1
                assert np.ptp(grid / grid[0], axis=1).max() < 1e-3
        if shutil.which("npm") and column == "temp":
            assert [answer["prediction"] for answer in in_node(root / "edge", modules, records)] == served[
                "prediction"
            ].tolist()
