"""Real tables give one answer on every path, to the last digit, and one explanation: a file, a bulk job, a request, the
exported reader."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

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
#: A set's folder, its table, the target, and what else its columns need.
SETS = {
    "telco_churn": ("Churn", []),
    "titanic": ("Survived", []),
    "adult_income": ("income", []),
    "bike_sharing": ("count", ["data.drop=[casual,registered]"]),
    "wine_quality": ("quality", []),
    "penguins": ("species", []),
    "sms_spam": ("label", []),
}
ROWS = 400


def table(name: str) -> Path:
    """The first table of a set, by name."""
    assert REAL is not None
    return next(path for path in sorted(Path(REAL, name).rglob("*.csv")) if "test" not in path.name)


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA names no folder of real data")
@pytest.mark.parametrize("name", SETS)
def test_every_path_gives_the_same_answers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells as the file has them, handed on as text; probabilities, intervals and SHAP values too."""
    root = copied(rendered("tabular"), tmp_path / "project", "tabular")
    monkeypatch.chdir(root)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    target, more = SETS[name]
    head = pd.read_csv(table(name), dtype=str, keep_default_na=False)
    target = next(column for column in head.columns if column.casefold() == target.casefold())
    head.sample(min(ROWS, len(head)), random_state=0).to_csv("rows.csv", index=False)
    model = ["model=lightgbm", "model.n_estimators=30", "model.min_child_samples=5"]
    trained = ["train", "data.path=rows.csv", f"data.target={target}", *more, *model, "gate.baseline=shown"]
    assert main([*trained, "tracking.uri=sqlite:///mlflow.db", "gate.resamples=50"]) == 0
    champion = load_champion(load([], root))
    needed = [column.name for column in champion.contract.inputs]
    records = list(csv.DictReader((root / "rows.csv").open(encoding="utf8", newline="")))
    whole = [row for row in records if all(row[c.name].strip() or c.nullable for c in champion.contract.inputs)]
    pd.DataFrame(whole).to_csv("whole.csv", index=False)

    assert main(["predict", "input=whole.csv", "output=one.parquet", "explain=true"]) == 0
    bulk = ["batch", "batch.input=whole.csv", "batch.output=two.parquet", "batch.explain=true", "data.key=[]"]
    assert main(bulk) == 0
    assert main(["export", "edge.output=edge"]) == 0
    exported = subprocess.run(
        [sys.executable, "edge/reader.py", "--explain", "whole.csv"],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    request = RequestModel(champion.contract, len(whole))
    body = json.dumps({"records": [{column: row[column] for column in needed} for row in whole]}).encode()
    served = champion.predict(request.decode(body)[0], explain=True)

    one = pq.read_table("one.parquet").to_pandas()
    two = pd.concat([pq.read_table(path).to_pandas() for path in sorted(Path().glob("two.parquet*")) if path.is_file()])
    lines = list(csv.DictReader(exported.stdout.splitlines()))
    assert len(one) == len(two) == len(lines) == len(whole) > 100
    for column, values in served.items():
        expected = np.asarray(values).astype(str).tolist()
        assert one[column].astype(str).tolist() == expected
        assert two[column].astype(str).tolist() == expected
        assert [line[column] for line in lines] == expected
