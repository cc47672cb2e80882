"""Derived features from the setting to the answer: learnt without the row's own target, the same on every path."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
import toy
import yaml
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract import file
from mlgen_runtime.contract.schema import Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.edge import trial
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.rows import moment
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.training import Training
from mlgen_runtime.tabular import derivation, portable, preprocessing
from mlgen_runtime.tabular.inference import Inference
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.export_package import ParityCase
from mlgen_runtime.usecase.loading import load_champion
from pyarrow import parquet
from sample_projects import copied, rendered
from traffic import Traffic

FEATURES = {
    "ratio": "income / (family_size + 1)",
    "wealth": "bucket(income, [2000, 8000])",
    "place": "cross(site, sex)",
    "usual": "ratio / group_mean(income, site)",
    "seen": "target_mean(place)",
    "common": "group_count(place)",
    "frail": "age > 60 and not missing(disease_score)",
    "age_days": "days(signup, now)",
    "joined": "where(weekday(signup) < 5, signup, null)",
    "said": "words(comment)",
    "praise": "contains(lower(comment), 'good')",
}
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="no node on this machine")
SCALE = 86_400_000_000  # microseconds of a day


def quiet(root: Path, *changed: str) -> pipeline.Trained:
    """A quick training whose candidate is promoted."""
    asked = ["+experiment=quick", "gate.baseline=ahead", "gate.margin=-1", *changed]
    return pipeline.train(load(asked, root), Steps(pipeline.STEPS, io.StringIO()))


def rows(root: Path) -> pd.DataFrame:
    """The sample with a date and a free text."""
    frame = pd.read_csv(root / "data" / "sample.csv", dtype=str, keep_default_na=False).head(1500)
    random = np.random.default_rng(3)
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta(random.integers(0, 24_000, len(frame)), unit="h")
    words = ("good", "bad", "Ärger", "well  done")
    said = [" ".join(random.choice(words, random.integers(1, 6))) + f" {at}" for at in range(len(frame))]
    return frame.assign(signup=[day.isoformat() for day in days], comment=said)


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose champion takes all of FEATURES, from conf/features. Not to be changed by a test."""
    root = copied(rendered("tabular"), tmp_path_factory.mktemp("derived") / "project")
    rows(root).to_csv(root / "data" / "own.csv", index=False)
    page = root / "conf" / "project.yaml"
    page.write_text(page.read_text("utf8").replace("data/sample.csv", "data/own.csv"), "utf8")
    (root / "conf" / "features" / "default.yaml").write_text(yaml.safe_dump(FEATURES, sort_keys=False), "utf8")
    quiet(root)
    return root


def test_what_is_derived_stands_in_contract_bundle_and_card(derived: Path) -> None:
    """The file and the bundle hold expression and type, the figures name the features, and raw columns alone are asked
    for, also one that only features take."""
    written = file.load(derived / "data" / "contract.yaml", VOCABULARY)
    model = load_champion(load([], derived))

    assert {feature.name: feature.expression for feature in written.features} == FEATURES
    assert written.features == model.contract.features
    types = {feature.name: feature.type for feature in written.features}
    assert (types["ratio"], types["wealth"], types["frail"], types["joined"]) == (
        "number", "category", "boolean", "moment",
    )  # fmt: skip
    assert next(column for column in written.columns if column.name == "comment").role == "ignore"
    assert "comment" in model.needed and not set(FEATURES) & set(model.needed)
    assert set(FEATURES) < set(model.card["importance"]) and "comment" not in model.card["importance"]
    assert sum(model.card["importance"][name] for name in FEATURES) > 0
    assert "income / (family_size + 1)" in (derived / "reports" / "train.html").read_text("utf8")
    assert set(FEATURES) < set(bundle.read_json(model.folder, "reference.json")["inputs"])


def test_every_path_gives_the_same_answers(derived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a bulk job, a request of one and of many, and the exported reader, to the last digit."""
    monkeypatch.chdir(derived)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    model = load_champion(load([], derived))
    frame = rows(derived).tail(60)[list(model.needed)]
    frame.loc[frame.index[::5], ["income", "signup"]] = ""  # nullable: the contract says so below
    contract = dataclasses.replace(
        model.contract, columns=tuple(dataclasses.replace(c, nullable=True) for c in model.contract.columns)
    )
    records = [{name: cell or None for name, cell in row.items()} for row in frame.to_dict("records")]
    request = RequestModel(contract, 100)
    expected = model.predict(request.decode(msgspec.json.encode({"records": records}))[0])["probability_yes"].tolist()
    ones = [model.predict(request.decode(msgspec.json.encode({"records": [row]}))[0]) for row in records]
    frame.to_csv(tmp_path / "rows.csv", index=False)

    assert main(["predict", f"input={tmp_path}/rows.csv", f"output={tmp_path}/one.csv"]) == 0
    whole = frame[(frame != "").all(axis=1)].index
    frame.loc[whole].to_csv(tmp_path / "whole.csv", index=False)
    assert (
        main(["batch", f"batch.input={tmp_path}/whole.csv", f"batch.output={tmp_path}/two.parquet", "data.key=[]"]) == 0
    )
    assert main(["export", f"edge.output={tmp_path}/edge"]) == 0
    done = subprocess.run(
        [sys.executable, tmp_path / "edge" / "reader.py", tmp_path / "rows.csv"],
        capture_output=True,
        text=True,
        check=True,
    )

    told = [float(row["probability_yes"]) for row in csv.DictReader((tmp_path / "one.csv").open(encoding="utf8"))]
    read = [float(row["probability_yes"]) for row in csv.DictReader(done.stdout.splitlines())]
    assert told == read == expected == [one["probability_yes"].item() for one in ones]
    bulk = parquet.read_table(tmp_path / "two.parquet")["probability_yes"].to_pylist()
    assert bulk == [value for value, at in zip(expected, frame.index, strict=True) if at in set(whole)]
    report = json.loads((tmp_path / "edge" / "parity.json").read_text("utf8"))["parity"]
    assert report["answers_equal"] == report["answers"]


def encoded_by_node(folder: Path, cases: Sequence[ParityCase]) -> list[np.ndarray]:
    """The features in 32 bits that reader.mjs of an exported folder makes of rows; [n, features] for each case."""
    asked = [
        {
            "rows": [{name: None if cell != cell else cell for name, cell in row.items()} for row in case.rows],
            **case.options,
        }
        for case in cases
    ]
    (folder / "asked.json").write_text(json.dumps(asked), "utf8")
    (folder / "ask.mjs").write_text(
        'import { readFileSync } from "node:fs"; import { Model, reader, clockOf } from "./asked.mjs";\n'
        'import { Derivation } from "./derived.mjs";\n'
        'const table = (name) => JSON.parse(readFileSync(name, "utf8"));\n'
        'const [tables, facts, contract] = ["preprocessing.json", "inference.json", "contract.json"].map(table);\n'
        "const model = new Model(null, null, tables, facts, contract, new Derivation(tables, reader, clockOf));\n"
        "const shown = (value) => (Number.isNaN(value) ? null : value);\n"
        "const bits = (row, now) => [...Float32Array.from(model.read(row, 1, now))].map(shown);\n"
        'console.log(JSON.stringify(table("asked.json").map(({ rows, now }) => rows.map((row) => bits(row, now)))));\n',
        "utf8",
    )
    text = (folder / "reader.mjs").read_text("utf8")
    (folder / "asked.mjs").write_text(text + "\nexport { reader, clockOf };\n", "utf8")
    done = subprocess.run(["node", "ask.mjs"], cwd=folder, capture_output=True, text=True, check=True)
    return [np.array(found, dtype=np.float32) for found in json.loads(done.stdout)]


def held_to_node(model: Any, folder: Path, cases: Sequence[ParityCase]) -> None:
    """Assert that reader.mjs makes of rows what the model sees, to the bit: its graph then answers alike."""
    for case, found in zip(cases, encoded_by_node(folder, cases), strict=True):
        columns = {name: [row.get(name) for row in case.rows] for name in model.needed}
        matrix = model.inference.preprocessing.encode(columns, case.options.get("now"))
        assert np.array_equal(matrix, found, equal_nan=True)


@needs_node
def test_node_encodes_as_the_predictor_does(derived: Path, tmp_path: Path) -> None:
    """The features of real and spoilt rows in reader.mjs are those that the model sees, in 32 bits."""
    config = load([], derived)
    model = load_champion(config)
    portable.write(model, config, tmp_path)

    held_to_node(model, tmp_path, portable.questions(model, config, 150))


def test_a_service_asks_for_raw_columns_only(derived: Path, tmp_path: Path) -> None:
    """Its document lists them, also one that features alone take; a feature that is sent is an unknown field."""
    from concurrent.futures import ThreadPoolExecutor

    from mlgen_runtime.rest.app import build
    from mlgen_runtime.rest.logs import JsonLog
    from mlgen_runtime.rest.metrics import Metrics
    from mlgen_runtime.rest.server import load as open_service
    from mlgen_runtime.rest.settings import RestSettings
    from mlgen_runtime.rest.state import State
    from starlette.testclient import TestClient

    settings = RestSettings(store=str(derived / "bundles"))
    _, served = open_service(settings)
    model = load_champion(load([], derived))
    frame = rows(derived).head(30)[list(model.needed)]
    columns, _ = served.request.decode(msgspec.json.encode({"records": [dict(served.example[0])]}))
    typed = {c.name: c.type for c in model.contract.inputs}
    plain = {"integer": int, "number": float}
    records = [
        {name: plain.get(typed[name], str)(cell) if cell else None for name, cell in row.items()}
        for row in frame.to_dict("records")
    ]
    with (tmp_path / "log.txt").open("w") as lines, ThreadPoolExecutor(1) as pool:
        log = JsonLog(lines.fileno())
        client = TestClient(build(State(settings, served, Metrics(), log, pool, ready=True)))
        told = client.post("/predict", json={"records": records}).json()
        one = client.post("/predict", json={"records": records[:1]}).json()
        document = client.get("/openapi.json").json()["components"]["schemas"]["Record"]["properties"]
        wrong = client.post("/predict", json={"records": [{**records[0], "ratio": 3}]})
        log.close()

    expected = model.predict({name: frame[name].tolist() for name in model.needed})
    assert [row["yes"] for row in told["probabilities"]] == expected["probability_yes"].tolist()
    assert one["probabilities"][0] == told["probabilities"][0] and set(columns) == set(model.needed)
    assert {"comment", "signup"} <= set(document) and not set(FEATURES) & set(document)
    assert wrong.status_code == 422 and "unknown field" in wrong.text


def test_rows_are_derived_alike_however_many_there_are(derived: Path) -> None:
    """Cell by cell for a few, column by column for many: the same bits."""
    model = load_champion(load([], derived))
    frame = rows(derived).head(40)
    columns = {name: frame[name].tolist() for name in model.needed}
    many = model.predict(columns)
    single = [model.predict({name: [cells[at]] for name, cells in columns.items()}) for at in range(40)]

    assert [one["probability_yes"].item() for one in single] == many["probability_yes"].tolist()


def test_now_is_the_data_s_in_training_and_the_clock_s_in_service(
    derived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two trainings on other days give the same bytes; whoever asks is told by the clock, or by the moment given."""
    model = load_champion(load([], derived))
    latest = int(np.datetime64(rows(derived)["signup"].max(), "us").astype(np.int64))
    assert model.inference.preprocessing.derivation.now == latest  # type: ignore[attr-defined]
    again = Path(shutil.copytree(derived, tmp_path / "again"))
    shutil.rmtree(again / "bundles")
    columns = {name: rows(derived)[name].tolist()[:3] for name in model.needed}

    monkeypatch.setattr(moment.time, "time_ns", lambda: (latest + 40 * SCALE) * 1000 + 61)
    twice = quiet(again)
    ages = model.derived(columns)["age_days"]

    assert bundle.digest(load_champion(load([], again)).folder / "model.onnx") == bundle.digest(
        model.folder / "model.onnx"
    )
    assert twice.prepared.counts["rows"] == 1500
    signed = np.array(columns["signup"], dtype="M8[us]").astype(np.int64)
    assert ages == pytest.approx((latest - signed) / SCALE + 40, abs=1 / 1440)
    assert model.derived(columns, latest)["age_days"] == pytest.approx((latest - signed) / SCALE)


def test_a_bulk_job_has_one_moment(derived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes, and however many portions it has, its rows are of the same age."""
    monkeypatch.chdir(derived)
    rows(derived).head(90).to_csv(tmp_path / "rows.csv", index=False)
    told, answer, tick = [], Inference.predict, itertools.count()

    def predict(self: Inference, columns: Any, explain: bool = False, now: int | None = None) -> Any:
        told.append((len(columns["age"]), now))
        return answer(self, columns, explain, now)

    monkeypatch.setattr(Inference, "predict", predict)
    monkeypatch.setattr(moment, "clock", lambda: next(tick) * moment.MINUTE)
    assert (
        main(["batch", f"batch.input={tmp_path}/rows.csv", f"batch.output={tmp_path}/two.parquet", "batch.chunk=30"])
        == 0
    )

    moments = [now for length, now in told if length > 1 and now is not None]
    assert len(moments) == 3 and len(set(moments)) == 1


def test_now_of_rows_is_that_of_their_time_column() -> None:
    """Where rows are timed, the latest time counts, not a date of theirs that lies ahead."""
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2024-01-05", "2024-03-01"]), "due": pd.to_datetime(["2030-01-01"] * 2)}
    )
    entries = {"at": {"role": "time", "type": "datetime"}, "due": {"type": "datetime"}, "y": {"role": "target"}}
    plain = {"task": "regression", "columns": entries}
    asks = Contract.from_dict({**plain, "features": {"left": "days(now, due)"}}, VOCABULARY)

    assert moment.of(frame, asks) == np.datetime64("2024-03-01", "us").astype(np.int64)
    assert moment.option(frame, Contract.from_dict(plain, VOCABULARY)) == {}


def training(expressions: dict[str, str], task: str = "binary", rows: int = 400) -> Training:
    """The toy's training rows, with features."""
    given = toy.training(task, rows=rows)
    contract = Contract.from_dict({**given.contract.to_dict(), "features": expressions}, VOCABULARY)
    return dataclasses.replace(given, contract=contract)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_no_row_s_own_target_is_in_what_a_model_learns_from(task: str) -> None:
    """Another target in one row changes the values of others, and not that row's own; what is served knows all."""
    given = training({"seen": "target_mean(code)", "more": "seen * 2 + target_mean(kind)"}, task)
    given = dataclasses.replace(given, group=np.arange(400))  # folds that do not look at the target
    target = given.target.copy()
    target[17] = 1 - target[17] if task == "binary" else target[17] + 5e4

    _, served, found = derivation.learn(given)
    _, _, other = derivation.learn(dataclasses.replace(given, target=target))

    for name in found:
        assert found[name][17] == other[name][17]
        assert (found[name] != other[name]).any()
        assert (served[name] != found[name]).any()


def test_a_mean_of_noise_says_nothing_of_rows_that_it_was_not_learnt_from() -> None:
    """Many groups and a target of pure chance: values to learn from do not tell it, where those of all rows would."""
    random = np.random.default_rng(0)
    given = training({"seen": "target_mean(code)"}, rows=3000)
    codes = pd.Series([f"c{at}" for at in random.integers(0, 600, 3000)], dtype=object)
    target = random.integers(0, 2, 3000)
    given = dataclasses.replace(given, frame=given.frame.assign(code=codes), target=target)

    _, served, found = derivation.learn(given)

    assert abs(np.corrcoef(found["seen"], target)[0, 1]) < 0.08
    assert np.corrcoef(served["seen"], target)[0, 1] > 0.25


def test_judges_are_not_flattered_by_a_mean_of_noise() -> None:
    """Folds answer rows whose targets no table of theirs has seen: on pure chance the ranking stays one of chance."""
    from mlgen_runtime.rows.metrics import main as deciding
    from mlgen_runtime.rows.split import Part
    from mlgen_runtime.tabular.model import fit

    random = np.random.default_rng(1)
    given = training({"seen": "target_mean(code)", "shown": "target_mean(cross(code, kind))"}, rows=1200)
    codes = pd.Series([f"c{at}" for at in random.integers(0, 300, 1200)], dtype=object)
    fold = np.arange(1200) % 4
    parts = tuple(Part(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(4))
    target = random.integers(0, 2, 1200)
    given = dataclasses.replace(given, frame=given.frame.assign(code=codes), target=target, parts=parts)

    found = fit(given, toy.LIGHTGBM)

    truth = np.concatenate([target[part.held] for part in parts])
    assert found.held_out is not None
    assert abs(deciding("binary").value(truth, found.held_out) - 0.5) < 0.06


def test_tables_of_groups_are_smoothed_and_answer_for_groups_that_are_new() -> None:
    """Figures by hand: a mean, a count, a share drawn to that of all rows as if by ten more."""
    given = training({"m": "group_mean(size, kind)", "n": "group_count(kind)", "t": "target_mean(kind)"})
    held, _, _ = derivation.learn(given)
    frame, share = given.frame, float(given.target.mean())
    of_a = (frame["kind"] == "a").to_numpy()

    found = held.columns({"size": [1, 1, 1], "kind": ["a", "new", None]})

    assert found["m"].tolist() == pytest.approx([frame["size"][of_a].mean(), *[frame["size"].mean()] * 2])
    assert found["n"].tolist() == [of_a.sum(), 0, 0]
    smoothed = (given.target[of_a].sum() + 10 * share) / (of_a.sum() + 10)
    assert found["t"].tolist() == pytest.approx([smoothed, share, share])


def test_a_model_of_features_survives_its_bundle() -> None:
    """What was learnt comes back from JSON and derives the same."""
    given = training({"a": "group_mean(size, kind) / size", "b": "bucket(a, [1])", "c": "hour(when)"})
    prepared, matrix = preprocessing.learn(given)

    again = preprocessing.Preprocessing.from_dict(json.loads(json.dumps(prepared.to_dict())))

    assert again == prepared
    assert np.array_equal(again.frame(given.frame), matrix, equal_nan=True)
    assert again.features[-3:] == ("a", "b", "c")


def test_a_project_without_features_is_as_it_was() -> None:
    """Nothing of them stands in the files of a model that derives nothing."""
    prepared, matrix = preprocessing.learn(toy.training())

    assert set(prepared.to_dict()) == {"columns"}
    assert "features" not in toy.contract().to_dict()
    assert np.array_equal(matrix, prepared.frame(toy.frame()), equal_nan=True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (['features.x="income / (famly_size + 1)"'], "features.x: .*did you mean 'family_size'.*at character 11"),
        (["features.x=log(site)"], "features.x: 'log\\(site\\)': log takes a number, and site is a category"),
        (["features.a=b + 1", "features.b=a"], "features.a: it takes itself, a → b → a"),
        (["features.income=age * 2"], "features.income: the contract has a column of that name"),
        (["features.x=lenght(site)"], "no function 'lenght' \\(did you mean 'length'\\?\\)"),
        (["features.x=saw_doctor == 'yes'"], "saw_doctor is the target"),
        (["features={x: [1]}"], "features.x: \\[1\\] is not text or null"),
        (["features=othr"], "features=othr: no such choice in conf/features/"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changed: list[str], words: str
) -> None:
    """Exit code 2 from `train` and `contract`, before any fit."""
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*"))

    for verb in ("train", "contract"):
        assert main([verb, *changed]) == 2
        said = capsys.readouterr().err.strip()
        assert len(said.splitlines()) == 1 and re.search(words, said), said

    assert [path for path in sorted(project.rglob("*")) if path not in before and path.name != "logs"] == []


def test_a_run_may_change_what_the_contract_derives(derived: Path, tmp_path: Path) -> None:
    """One left out by null and one of another expression, for this run, with a note; the file stays as it is."""
    root = Path(shutil.copytree(derived, tmp_path / "project"))
    before = (root / "data" / "contract.yaml").read_text("utf8")

    found = quiet(root, "features.ratio=null", "features.usual=income / 2", "features.new=age + 1")

    names = {feature.name for feature in found.prepared.contract.features}
    assert names == set(FEATURES) - {"ratio"} | {"new"}
    assert any("derives other features than this run: new, ratio, usual differ" in note for note in found.notes)
    assert (root / "data" / "contract.yaml").read_text("utf8") == before


def test_a_champion_without_features_is_compared_with_one_that_has_them(tmp_path: Path) -> None:
    """Both see the same columns, so they are paired; where one reads a column that the other run ignores, too."""
    root = copied(rendered("tabular"), tmp_path / "project")
    rows(root).to_csv(root / "data" / "own.csv", index=False)
    quiet(root, "data.path=data/own.csv")

    found = quiet(root, "data.path=data/own.csv", "features.ratio=income / family_size", "features.said=words(comment)")

    assert [model.kind for model in found.models] == ["baseline", "baseline", "candidate", "champion"]


def test_monitor_watches_what_is_derived(derived: Path, tmp_path: Path) -> None:
    """Rows as in training move nothing; smaller families do, and so does the ratio that is derived from them."""
    root = Path(shutil.copytree(derived, tmp_path / "project"))
    traffic = Traffic(root)
    same, moved = traffic.rows(500, seed=1), traffic.rows(500, seed=2)
    moved["family_size"] = (moved["family_size"].astype(int) * 4).astype(str)
    traffic.answered(same, 0)
    traffic.answered(moved, 1)

    seen = traffic.look(hour=2)

    quiet_window, loud = seen.windows
    proven = [{f.subject for f in window.of("input_drift") if f.proven} for window in (quiet_window, loud)]
    assert "ratio" not in proven[0] and {"family_size", "ratio", "usual"} <= proven[1]
    assert {figure.subject for figure in loud.of("input_drift")} >= {"said", "praise", "place", "comment"}


REAL = os.environ.get("MLGEN_REAL_DATA")
#: A set's table, target and features.
SETS: dict[str, tuple[str, str, list[str], dict[str, str]]] = {
    "telco_churn": (
        "train.csv",
        "Churn",
        [],
        {
            "monthly": "TotalCharges / max(tenure, 1)",
            "gap": "MonthlyCharges - monthly",
            "deal": "cross(Contract, InternetService)",
            "risk": "target_mean(deal)",
            "new": "tenure <= 6 and Contract == 'Month-to-month'",
            "usual": "MonthlyCharges / group_mean(MonthlyCharges, InternetService)",
        },
    ),
    "bike_sharing": (
        "train.csv",
        "count",
        ["data.drop=[casual,registered]"],
        {
            "hour_of_day": "hour(datetime)",
            "commute": "workingday == 1 and hour_of_day in [7, 8, 17, 18]",
            "muggy": "temp * humidity / 100",
            "level": "target_mean(cross(bucket(hour(datetime), [6, 10, 16, 20]), workingday == 1))",
            "since": "days('2011-01-01', datetime)",
        },
    ),
}


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA names no folder of real data")
@pytest.mark.parametrize("name", SETS)
def test_real_tables_give_one_answer_on_every_path(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ratios, crossings, means by group and dates of real rows: predict, batch, a request and the exported reader."""
    root = copied(rendered("tabular"), tmp_path / "project")
    monkeypatch.chdir(root)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    _, target, more, features = SETS[name]
    table = next(path for path in sorted(Path(str(REAL), name).rglob("*.csv")) if "test" not in path.name)
    head = pd.read_csv(table, dtype=str, keep_default_na=False)
    head.sample(min(1500, len(head)), random_state=0).to_csv("rows.csv", index=False)
    given = [f"features.{key}={text}" for key, text in features.items()]
    found = quiet(root, "data.path=rows.csv", f"data.target={target}", *more, *given)
    champion = load_champion(load([], root))
    assert found.decision.promoted is not None and not champion.card["baseline"]
    assert sum(champion.card["importance"][key] for key in features) > 0.05
    records = list(csv.DictReader((root / "rows.csv").open(encoding="utf8", newline="")))[:300]
    whole = [row for row in records if all(row[c.name].strip() or c.nullable for c in champion.contract.inputs)]
    pd.DataFrame(whole).to_csv("whole.csv", index=False)

    assert main(["predict", "input=whole.csv", "output=one.parquet"]) == 0
    assert main(["batch", "batch.input=whole.csv", "batch.output=two.parquet", "data.key=[]"]) == 0
    assert main(["export", "edge.output=edge"]) == 0
    exported = subprocess.run(
        [sys.executable, "edge/reader.py", "whole.csv"], capture_output=True, text=True, check=True, cwd=root
    )
    needed = list(champion.needed)
    body: Any = {"records": [{column: row[column] for column in needed} for row in whole]}
    served = champion.predict(RequestModel(champion.contract, len(whole)).decode(json.dumps(body).encode())[0])

    one, two = (parquet.read_table(path).to_pandas() for path in ("one.parquet", "two.parquet"))
    lines = list(csv.DictReader(exported.stdout.splitlines()))
    if shutil.which("node"):
        held_to_node(champion, root / "edge", portable.questions(champion, load(["data.path=rows.csv"], root), 200))
    for column, values in served.items():
        expected = np.asarray(values).astype(str).tolist()
        assert one[column].astype(str).tolist() == expected == two[column].astype(str).tolist()
        assert [line[column] for line in lines] == expected


def test_a_wrong_cell_behind_a_feature_is_named(derived: Path) -> None:
    """A free text that is a list, a date that is none: refused as any input is."""
    model = load_champion(load([], derived))
    row = {name: [cell] for name, cell in rows(derived).iloc[0].items() if name in model.needed}

    for column, cell, words in (
        ("comment", [1], "column 'comment' holds"),
        ("signup", "soon", "column 'signup' holds"),
    ):
        with pytest.raises(InputError, match=words):
            model.predict({**row, column: [cell]})
