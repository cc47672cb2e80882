"""Real tables served: the service, MLflow's own client and `predict` agree."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from service import Record, Start, run

REAL = os.environ.get("MLGEN_REAL_DATA")

CLIENT = """
import sys, json, pandas
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
frame = pandas.read_csv(sys.argv[2], nrows=200)[sys.argv[3].split("|")]
client = ScoringServerClient("127.0.0.1", int(sys.argv[1]))
client.wait_server_ready(timeout=30)
answer = client.invoke(frame)
print(json.dumps([str(value) for value in answer.get_predictions()[0].tolist()]))
"""


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize(
    ("name", "file", "target"),
    [
        ("adult_income", "adult.csv", "income"),
        ("telco_churn", "telco_churn.csv", "Churn"),
        ("bike_sharing", "bikeshare.csv", "count"),
    ],
)
def test_real_tables_are_answered_as_predict_does(
    project: Path, start: Start, tmp_path: Path, name: str, file: str, target: str
) -> None:
    """/predict, /invocations through MLflow's own client, and `predict` say the same, to the last printed digit."""
    data = Path(str(REAL)) / name / file
    settings = [
        f"data.path={data}",
        f"data.target={target}",
        f"tracking.uri=sqlite:///{tmp_path}/mlflow.db",
        "+experiment=quick",
    ]
    settings += [f"bundle.store={tmp_path}/store", f"contract.path={tmp_path}/contract.yaml"]
    churn = project / ".venv/bin/churn"
    run(project, churn, "train", *settings)
    run(project, churn, "predict", f"input={data}", f"output={tmp_path}/predictions.csv", *settings)
    with (tmp_path / "predictions.csv").open(newline="") as made:
        printed = list(csv.DictReader(made))[:200]
    service = start(tmp_path / "store")
    inputs, records = typed(tmp_path / "store", data)

    answer = service.predict(*records)
    told = run(project, project / ".venv/bin/python", "-c", CLIENT, service.port, data, "|".join(inputs))

    assert [str(value) for value in answer["predictions"]] == [row["prediction"] for row in printed]
    for row, shares in zip(printed, answer.get("probabilities") or [], strict=False):
        assert {f"probability_{label}": str(share) for label, share in shares.items()}.items() <= row.items()
    for row, ends in zip(printed, answer.get("intervals") or [], strict=False):
        assert (row["prediction_low"], row["prediction_high"]) == (str(ends["low"]), str(ends["high"]))
    assert json.loads(told.splitlines()[-1]) == [str(value) for value in answer["predictions"]]


def typed(store: Path, data: Path) -> tuple[list[str], list[Record]]:
    """The first 200 rows as a client would send them: numbers as numbers, blanks as null."""
    version = json.loads((store / "champion.json").read_text("utf8"))["bundle"]
    columns = json.loads((store / version / "contract.json").read_text("utf8"))["columns"]
    inputs = [name for name, column in columns.items() if column["role"] in ("feature", "time")]

    def cell(name: str, text: str) -> Any:
        if not text.strip():
            return None
        if columns[name]["type"] in ("number", "integer") and not columns[name].get("written_as_text"):
            return float(text)
        return (
            {"true": True, "false": False, "1": 1, "0": 0}[text.lower()] if columns[name]["type"] == "boolean" else text
        )

    with data.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for _, row in zip(range(200), csv.DictReader(file), strict=False)]
    return inputs, [{name: cell(name, row[name]) for name in inputs} for row in rows]
