"""The loop, closed: a service under load, a world that changes, an alert, a better model, a bad one refused, back."""

from __future__ import annotations

import csv
import datetime
import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated_projects import run
from service import Load, Service

BATCH = 50  # records of one request
CALM, DRIFTED = 1_000, 1_500  # rows before the world changes, and after
RELOAD = datetime.timedelta(seconds=20)  # in which a busy machine must have followed the pointer


@pytest.fixture
def project(installed: Callable[..., Path]) -> Path:
    """A project with a champion of the sample rows."""
    folder = installed()
    churn(folder, "train", "+experiment=quick")
    return folder


@pytest.fixture
def service(project: Path) -> Iterator[Service]:
    """Its service, with the log on."""
    found = Service(
        project / ".venv/bin/python",
        project / "bundles",
        project,
        LOG_DATABASE=f"sqlite:///{project}/logs/predictions.db",
        LOG_FOLDER=str(project / "logs/predictions"),
        LOG_SHIP_SECONDS="0.2",
    )
    yield found
    found.process.kill()
    found.process.wait()


def churn(folder: Path, *words: object, code: int = 0) -> str:
    """Run the project's command."""
    return run(folder, ".venv/bin/churn", *words, code=code)


def report(folder: Path, verb: str) -> dict[str, Any]:
    """What a verb left."""
    found: dict[str, Any] = json.loads((folder / f"reports/{verb}.json").read_text("utf8"))
    return found


def champion(folder: Path) -> str:
    """The version that the pointer names."""
    return str(json.loads((folder / "bundles/champion.json").read_text("utf8"))["version"])


def rows(folder: Path) -> list[dict[str, Any]]:
    """The sample rows in random order, as a client has them."""
    contract = run(folder, ".venv/bin/python", "-c", TYPES)
    types = json.loads(contract.splitlines()[-1])
    kinds: dict[str, Callable[[str], Any]] = {"integer": int, "number": float}
    with (folder / "data/sample.csv").open(encoding="utf8", newline="") as file:
        found = [
            {name: kinds.get(types[name], str)(cell) if cell else None for name, cell in row.items()}
            for row in csv.DictReader(file)
        ]
    random.Random(7).shuffle(found)
    return found


TYPES = """
import json, yaml
entries = yaml.safe_load(open("data/contract.yaml", encoding="utf8"))["columns"]
print(json.dumps({name: entry["type"] for name, entry in entries.items()}))
"""


def changed(row: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The row in a world in which money is worth a quarter, and other people see a doctor than before."""
    unwell = row["mental_health"] < 77
    went = unwell == (draw.random() < 0.9)
    return {**row, "income": 4 * row["income"] + 30_000, "saw_doctor": "yes" if went else "no"}


def serve(service: Service, some: list[dict[str, Any]]) -> None:
    """Ask for predictions, and tell what came true."""
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        answer = service.predict(*({name: cell for name, cell in row.items() if name != "saw_doctor"} for row in part))
        outcomes = [
            {"request_id": answer["request_id"], "row": position, "truth": row["saw_doctor"]}
            for position, row in enumerate(part)
        ]
        status, said = service.ask("/outcome", json.dumps({"outcomes": outcomes}).encode())
        assert status == 201, said


def logged(folder: Path) -> list[tuple[str, float, str]]:
    """Request id, moment and version of all that is in the log's database, the oldest first."""
    with sqlite3.connect(folder / "logs/predictions.db") as database:
        query = "SELECT request_id, at, model_version FROM prediction_log WHERE source = 'rest' ORDER BY at"
        return list(database.execute(query))


def served(folder: Path, at: datetime.datetime) -> set[str]:
    """Who served at a moment, by the ledger, and who did while the service may have been still to follow it."""
    lines = (folder / "bundles/ledger.jsonl").read_text("utf8").splitlines()
    first, last = (moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (at - RELOAD, at))
    rows = [row for row in map(json.loads, lines) if row["at"] <= last]
    before = [row for row in rows if row["at"] <= first]
    return {str(row["version"]) for row in rows[max(0, len(before) - 1) :]}


def test_the_loop_closes(project: Path, service: Service) -> None:
    """Serve, drift, alert, retrain, swap without a failed request, refuse a bad candidate, roll back; and the ledger
    tells which version answered each request."""
    world, draw = rows(project), random.Random(11)

    # a calm day: nobody is told anything, and there is no reason to train
    serve(service, world[:CALM])
    churn(project, "monitor", "monitor.window=10s", "monitor.track=false", "monitor.detail_rows=0")
    churn(project, "retrain", "retrain.when=[drift,quality]")
    assert report(project, "retrain")["decision"] == "nothing"

    # the world changes: an alert fires, and retraining has a reason
    serve(service, [changed(row, draw) for row in world[CALM : CALM + DRIFTED]])
    told = churn(project, "monitor", "monitor.window=10s", "monitor.track=false", "monitor.detail_rows=0", code=3)
    assert "income" in told
    assert "input_drift" in (project / "logs/alerts.log").read_text("utf8")

    record = {name: cell for name, cell in world[0].items() if name != "saw_doctor"}
    load = Load(service, json.dumps({"records": [record]}).encode())
    with load.running(4):
        # the candidate beats the champion on the newest rows, and the service follows under load
        words = ("retrain", "+experiment=quick", "retrain.data=both")
        churn(project, *words, "retrain.when=[drift,quality]")
        retrained = report(project, "retrain")
        assert retrained["decision"] == "promoted", retrained["message"]
        assert retrained["triggers"]["drift"]["asks"] and "income" in retrained["triggers"]["drift"]["message"]
        assert {comparison["against"] for comparison in retrained["training"]["comparisons"]} >= {"champion:1"}
        assert champion(project) == "2"
        service.until(lambda: service.predict(record)["model_version"] == "2", "no reload")

        # its own windows tell of no drift yet, so nothing is done twice
        churn(project, *words, "retrain.when=[drift,quality]")
        assert report(project, "retrain")["decision"] == "nothing"

        # a candidate of spoilt labels is refused
        spoil(project / "data/sample.csv")
        churn(project, "retrain", "+experiment=quick", "retrain.when=always", "gate.strict=true", code=3)
        assert report(project, "retrain")["decision"] == "refused"
        assert champion(project) == "2"

        # and back, with one command
        churn(project, "rollback")
        assert champion(project) == "1"
        service.until(lambda: service.predict(record)["model_version"] == "1", "no reload")

    assert load.unanswered == []
    assert {status for status, _ in load.answers} == {200}
    answers = [json.loads(body) for _, body in load.answers]
    answered = {answer["request_id"]: answer["model_version"] for answer in answers}
    assert set(answered.values()) == {"1", "2"}

    # the log and the ledger agree on who answered what
    service.until(lambda: len({name for name, *_ in logged(project)} & set(answered)) == len(answered), "not shipped")
    for name, at, version in logged(project):
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
        assert version == answered.get(name, version)
        assert version in served(project, moment)
    tries = [json.loads(line) for line in (project / "bundles/retrain.jsonl").read_text("utf8").splitlines()]
    assert [row["decision"] for row in tries] == ["started", "promoted", "started", "refused"]


def spoil(path: Path) -> None:
    """Shuffle the labels of a table."""
    lines = path.read_text("utf8").splitlines()
    cells = [line.rpartition(",") for line in lines[1:]]
    labels = [label for *_, label in cells]
    random.Random(3).shuffle(labels)
    body = [f"{head},{label}" for (head, _, _), label in zip(cells, labels, strict=True)]
    path.write_text("\n".join([lines[0], *body]) + "\n", "utf8")
