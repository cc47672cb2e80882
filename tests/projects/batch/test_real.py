"""Real tables and series through `batch`, into both databases: every answer is the one that the service gives.

Slow (two environments, four models), so `make test-fast` leaves this file out. The sets are those of the folder that
`MLGEN_REAL_DATA` names.
"""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from generated_projects import REAL, run

#: Set -> use case, its file, and its settings; the models are quick ones.
SETS: dict[str, tuple[str, str, list[str]]] = {
    "adult_income": ("tabular", "adult.csv", ["data.target=income", "+experiment=quick"]),
    "bike_sharing": (
        "tabular",
        "bikeshare.csv",
        ["data.target=count", "data.drop=[casual,registered]", "+experiment=quick"],
    ),
    "etth1": ("timeseries", "ETTh1.csv", ["data.target=OT", "data.time=date", "data.horizon=96", "+experiment=quick"]),
    "m4_hourly": (
        "timeseries",
        "train.csv.gz",
        ["data.target=y", "data.time=ds", "data.series=[unique_id]", "data.horizon=48", "+experiment=quick"],
    ),
}
#: Rows of a table that the service is asked about.
ASKED = 1_000

#: Prints what the service answers to the records on standard input.
SERVICE = """
import json, sys
from mlgen_runtime.rest import server, settings
served = server.load(settings.RestSettings(store=sys.argv[1]))[1]
records = json.load(sys.stdin)
for start in range(0, len(records), 200):
    print(served.respond(json.dumps({"records": records[start:start + 200]}).encode(), "r").body.decode())
"""


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize("name", SETS)
def test_a_table_has_the_answers_of_the_service(name: str, installed: Callable[..., Path], database: str) -> None:
    """In SQLite and in PostgreSQL, each row or forecast is what the service says of it, to the last printed digit."""
    use_case, file, settings = SETS[name]
    project = installed(use_case)
    data = Path(str(REAL)) / name / file

    def churn(*words: str) -> str:
        return run(project, ".venv/bin/churn", *words, *settings)

    settings = [f"data.path={data}", *settings]
    churn("train")
    churn("batch", "batch.output=sqlite:///p.db", *([f"batch.input={data}"] if use_case == "tabular" else []))
    churn("batch", f"batch.output={database}", *([f"batch.input={data}"] if use_case == "tabular" else []))

    lite, post = tables(project / "p.db", database)
    assert [row[:-1] for row in lite] == [row[:-1] for row in post] and lite
    records = asked(project, data, use_case, settings)
    (project / "records.json").write_text(json.dumps(records), "utf8")
    lines = run(project, "sh", "-c", f".venv/bin/python -c '{SERVICE}' bundles < records.json").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    names = [column[1] for column in sqlite3.connect(project / "p.db").execute("pragma table_info(predictions)")]
    found = [dict(zip(names, row, strict=True)) for row in lite]
    compare(found, told, use_case)


def tables(place: Path, database: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The rows of both databases in the order of their first two columns, moments as texts."""
    wanted = "select * from predictions order by 1, 2"
    lite = sqlite3.connect(place).execute(wanted).fetchall()
    with psycopg.connect(database) as connection:
        post = connection.execute(wanted).fetchall()
    return lite, [tuple(cell.isoformat() if hasattr(cell, "isoformat") else cell for cell in row) for row in post]


def asked(project: Path, data: Path, use_case: str, settings: list[str]) -> list[dict[str, Any]]:
    """The records to ask the service about: rows as they are written but for their blanks, or every series."""
    with gzip.open(data, "rt") if data.suffix == ".gz" else data.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if use_case == "timeseries":
        keys = [name for setting in settings if setting.startswith("data.series=") for name in [setting[13:-1]]]
        series = dict.fromkeys(tuple(row[key] for key in keys) for row in rows)
        return [dict(zip(keys, key, strict=True)) for key in series]
    columns = json.loads((project / "bundles" / "1" / "contract.json").read_text("utf8"))["columns"]
    inputs = {name: column["type"] for name, column in columns.items() if column["role"] in ("feature", "time")}

    def cell(text: str, kind: str) -> Any:
        if not text.strip():
            return None
        if kind == "boolean":
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        return float(text) if kind in ("number", "integer") else text

    return [{name: cell(row[name], kind) for name, kind in inputs.items()} for row in rows[:ASKED]]


def compare(found: list[dict[str, Any]], told: list[dict[str, Any]], use_case: str) -> None:
    """Each number of the service is the number in the table, digit by digit."""
    if use_case == "timeseries":
        steps = [step for answer in told for step in answer["predictions"]]
        assert len(steps) == len(found) > 0
        table = {(row.get("unique_id"), moment(row)): row for row in found}
        for step in steps:
            row = table[step.get("unique_id"), moment(step)]
            numbers = {name: value for name, value in step.items() if isinstance(value, int | float)}
            assert numbers == {name: row[name] for name in numbers}
        return
    answers = [
        {"prediction": prediction, **{f"probability_{label}": share for label, share in shares.items()}}
        | {f"prediction_{end}": value for end, value in ends.items()}
        for answer in told
        for prediction, shares, ends in zip(
            answer["predictions"],
            answer.get("probabilities") or [{}] * len(answer["predictions"]),
            answer.get("intervals") or [{}] * len(answer["predictions"]),
            strict=True,
        )
    ]
    assert len(answers) == ASKED
    for row, answer in zip(sorted(found, key=lambda row: row["row"]), answers, strict=False):
        assert {str(row[name]) for name in answer} and answer == {name: row[name] for name in answer}


def moment(row: dict[str, Any]) -> str:
    """The moment of a forecast, whichever way it is written."""
    text = str(row.get("ds") or row.get("date")).replace(" ", "T")
    return text if "T" in text else f"{text}T00:00:00"
