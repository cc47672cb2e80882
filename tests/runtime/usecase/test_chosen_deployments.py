"""Names are looked at when the contract is made: what a deployment of the project cannot carry stops `contract` and
`train` with one line, and what they let through is served, scored, exported and watched."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rest.app import build
from mlgen_runtime.rest.logs import JsonLog
from mlgen_runtime.rest.metrics import Metrics
from mlgen_runtime.rest.server import load as served
from mlgen_runtime.rest.settings import RestSettings
from mlgen_runtime.rest.state import State
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY as SERIES
from mlgen_runtime.usecase import deployments
from mlgen_runtime.usecase.configuration import load
from sample_projects import Configure, rendered
from starlette.testclient import TestClient

ODD = (
    "line\nbreak",
    "tab\there",
    'quo"te',
    "back\\slash",
    "it's",
    "ctrl\x01",
    "<b>&amp;",
    "umläut %s {0}",
    "a,b;c|d",
    "$x^$",
    "名",
)


def run(root: Path, *words: str) -> int:
    """The command line in a project."""
    before = Path.cwd()
    os.chdir(root)
    try:
        return main(words)
    finally:
        os.chdir(before)


def rows(root: Path, labels: tuple[str, ...]) -> str:
    """Rows with an input of each odd name and a target of these labels."""
    random = np.random.default_rng(5)
    table = pd.DataFrame({name: random.normal(size=400).round(3) for name in ODD})
    table["target"] = np.array(labels)[np.digitize(table[ODD[0]], np.linspace(-0.5, 0.5, len(labels) - 1))]
    table.to_csv(root / "odd.csv", index=False)
    return "data.path=odd.csv"


@pytest.mark.filterwarnings("error:Glyph")
def test_columns_of_any_name_pass_every_verb_and_every_deployment(project: Path, tmp_path: Path) -> None:
    """The same answers from a file, Parquet, the service and MLflow's protocol, labels included; the pages are there,
    and what the pictures lack letters for is drawn without a word."""
    words = (rows(project, ("$n_$", "yes")), "data.target=target", "+experiment=quick")
    for verb in ("train", "export"):
        assert run(project, verb, *words) == 0
    assert run(project, "predict", *words, "input=odd.csv", "output=p.csv") == 0
    assert run(project, "batch", *words, "batch.output=p.parquet") == 0
    expected = pd.read_csv(project / "p.csv")["probability_yes"].tolist()
    records = pd.read_csv(project / "odd.csv")[list(ODD)][:50].to_dict("records")

    settings = RestSettings(store=str(project / "bundles"))
    with (tmp_path / "log.txt").open("w") as file, ThreadPoolExecutor(1) as pool:
        log = JsonLog(file.fileno())
        state = State(settings, served(settings)[1], Metrics(), log, pool, ready=True)
        client = TestClient(build(state), raise_server_exceptions=False)
        answer = client.post("/predict", json={"records": records})
        wrong = client.post("/predict", json={"records": [records[0] | {ODD[2]: "much"}]})
        split = {"columns": list(ODD), "data": [list(record.values()) for record in records]}
        invoked = client.post("/invocations", json={"dataframe_split": split})
        pages = {path: client.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/metrics")}
        log.close()

    assert [found["yes"] for found in answer.json()["probabilities"]] == expected[:50]
    assert pd.read_parquet(project / "p.parquet")["probability_yes"].tolist() == expected
    assert wrong.status_code == 422 and wrong.json()["detail"][0]["loc"] == ["body", "records", 0, ODD[2]]
    assert invoked.json()["predictions"] == answer.json()["predictions"]
    assert set(pages.values()) == {200}


@pytest.mark.parametrize("verb", ["contract", "train"])
def test_labels_that_a_database_takes_for_one_stop_the_contract(
    project: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """One line with the deployment, both labels and the way out, and not a file more; the way out is one."""
    words = (rows(project, ("No", "Yes", "yes")), "data.target=target", "+experiment=quick")
    before = sorted(project.rglob("*"))

    assert run(project, verb, *words) == 2

    told = capsys.readouterr().err.strip()
    assert "\n" not in told.partition("churn: ")[2] and sorted(project.rglob("*")) == before
    assert (
        "batch (batch.output=sqlite:///predictions.db): SQLite takes 'probability_Yes' (the label 'Yes' of 'target')"
        in told
    )
    assert "'probability_yes' (the label 'yes' of 'target') for one column" in told
    assert run(project, "contract", *words, "batch.output=predictions.parquet") == 0


def test_a_deployment_that_is_not_configured_is_not_asked(configure: Configure) -> None:
    """A project without batch has no table of answers to fear for."""
    config = configure()
    both = Column(name="goal", role="target", type="category", categories=("Yes", "yes"))
    contract = Contract(task="binary", vocabulary=VOCABULARY, columns=(Column(name="a"), both))

    with pytest.raises(InputError, match="SQLite takes"):
        deployments.check(config, contract)
    config.raw.pop("batch")
    deployments.check(config, contract)


@pytest.mark.parametrize(
    ("use_case", "contract", "changed", "words"),
    [
        (
            "tabular",
            Contract(
                task="regression",
                vocabulary=VOCABULARY,
                columns=(Column(name="prediction_low"), Column(name="goal", role="target")),
            ),
            ("data.key=[prediction_low]",),
            "two columns 'prediction_low', the key 'prediction_low' and an end of the interval",
        ),
        (
            "timeseries",
            Contract(
                task="forecasting",
                vocabulary=SERIES,
                columns=(
                    Column(name="prediction", role="series", type="category"),
                    Column(name="month", role="time", type="datetime"),
                    Column(name="value", role="target"),
                ),
            ),
            (),
            "two columns 'prediction', the series 'prediction' and the prediction",
        ),
    ],
    ids=["key", "series"],
)
def test_a_name_that_answers_have_already_is_refused(
    use_case: str, contract: Contract, changed: tuple[str, ...], words: str
) -> None:
    """Whichever the deployments are: one of the two would be lost."""
    with pytest.raises(InputError, match=words):
        deployments.check(load(list(changed), rendered(use_case)), contract)


def test_a_column_that_clients_send_and_the_service_would_refuse_breaks_them(configure: Configure) -> None:
    """It is in the contract no more; as an ignored one it may still be sent, and without a service nobody minds."""

    def contract(*columns: Column) -> Contract:
        goal = Column(name="goal", role="target")
        return Contract(task="regression", vocabulary=VOCABULARY, columns=(*columns, goal))

    config: Any = configure()
    before, gone = contract(Column(name="a"), Column(name="b")), contract(Column(name="a"))
    ignored = contract(Column(name="a"), Column(name="b", role="ignore"))

    assert deployments.broken(config, before, gone) == "its clients send 'b', which this one does not know"
    assert deployments.broken(config, before, ignored) is None
    config.raw.pop("rest")
    assert deployments.broken(config, before, gone) is None
