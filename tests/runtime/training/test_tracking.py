"""MLflow: reached or clearly not, and cleared of what dead processes left."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.config.settings import TrackingSettings
from mlgen_runtime.core import process
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.training import experiment_page, run_record, tracking
from mlgen_runtime.training import mlflow_connection as connection


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an MLflow database that all tests here share: a new one takes seconds."""
    return tmp_path_factory.mktemp("tracking")


SETTINGS = TrackingSettings(uri="sqlite:///mlflow.db", experiment="tests", model_name="model")


def begun(root: Path) -> tracking.Tracker:
    """A tracker whose run has begun."""
    tracker = tracking.Tracker(SETTINGS, root, "bundles", process.name())
    tracker.open({"mlflow.runName": "test"}, [])
    return tracker


def dead() -> str:
    """The mark of a process of this machine that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return process.name().removesuffix(str(os.getpid())) + str(gone.pid)


def test_a_closed_port_is_named_at_once() -> None:
    """Nobody listens: one sentence with the address and another choice, before anything is trained."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    with pytest.raises(InputError, match=f"127.0.0.1:{port}.*tracking.uri=sqlite"):
        connection.knock(f"http://127.0.0.1:{port}")


def test_a_password_is_not_shown() -> None:
    """The sentence about an address that fails leaves its password out."""
    uri = "http://me:secret@127.0.0.1:1"

    with pytest.raises(InputError) as refused:
        connection.knock(uri)

    assert "secret" not in str(refused.value)


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder in place of the database is the user's to mend, not a trace."""
    (tmp_path / "mlflow.db").mkdir()
    tracker = tracking.Tracker(SETTINGS, tmp_path, "bundles", process.name())

    with pytest.raises(InputError, match="mlflow.db"):
        tracker.open({}, [])


def test_a_relative_database_lies_in_the_project(tmp_path: Path) -> None:
    """Wherever the command was started; other addresses are left alone."""
    assert connection.located("sqlite:///mlflow.db", tmp_path) == f"sqlite:///{(tmp_path / 'mlflow.db').as_posix()}"
    for uri in ("sqlite:////var/mlflow.db", "http://host:5000", "databricks"):
        assert connection.located(uri, tmp_path) == uri


def test_a_run_holds_parameters_metrics_and_the_data_set(root: Path) -> None:
    """Names that MLflow does not take are mended, values that are not finite are left out."""
    tracker = begun(root)
    data = tracking.Dataset("rows", "data/rows.csv", "ab" * 32, "3", 10, {"age": "double", "sex": "string"})

    tracker.log({"model.name": "x", "long": "y" * 9000}, {"f1_<=50K": 0.5, "r2": float("nan")}, data)
    tracker.finish()

    run = tracker.client.get_run(tracker.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["model.name"] == "x"
    assert run.data.metrics == {"f1___50K": 0.5}
    [given] = run.inputs.dataset_inputs
    assert given.dataset.digest == ("ab" * 32)[:36]
    assert run.data.tags["data.fingerprint"] == "ab" * 32
    assert run.data.tags["data.version"] == "3"


def test_the_sweep_ends_runs_of_dead_processes_only(root: Path) -> None:
    """A RUNNING run of a process that is gone becomes KILLED; one of this process goes on."""
    alive = begun(root)
    client = alive.client
    experiment = client.get_run(alive.run_id).info.experiment_id
    left = client.create_run(experiment, tags={tracking.PROCESS: dead()}).info.run_id

    swept = tracking.Tracker(SETTINGS, root, "bundles", process.name()).open({}, [])

    assert client.get_run(left).info.status == "KILLED"
    assert client.get_run(alive.run_id).info.status == "RUNNING"
    assert any(left in line for line in swept)
    alive.finish()


def test_the_sweep_deletes_versions_without_a_bundle(root: Path) -> None:
    """Of a dead process and of this store only: others may publish elsewhere."""
    tracker = begun(root)
    client: Any = tracker.client
    source = f"runs:/{tracker.run_id}/bundle"
    kept = tracker.register({}, "of a living process")
    marks = [
        {tracking.PROCESS: dead(), tracking.STORE: "bundles"},
        {tracking.PROCESS: dead(), tracking.STORE: "bundles"},
        {tracking.PROCESS: dead(), tracking.STORE: "another store"},
    ]
    lost, published, elsewhere = (
        str(client.create_model_version("model", source, tracker.run_id, tags=tags).version) for tags in marks
    )

    tracking.Tracker(SETTINGS, root, "bundles", process.name()).open({}, [published])

    left = {str(version.version) for version in client.search_model_versions("name = 'model'")}
    assert {kept, published, elsewhere} <= left
    assert lost not in left


def test_a_run_that_fails_forgets_its_versions(root: Path) -> None:
    """But not the one whose bundle was published before something went wrong."""
    tracker = begun(root)
    lost, published = tracker.register({}, ""), tracker.register({}, "")

    tracker.finish("FAILED", published)

    left = {str(version.version) for version in tracker.client.search_model_versions("name = 'model'")}
    assert published in left and lost not in left
    assert tracker.client.get_run(tracker.run_id).info.status == "FAILED"


def test_the_aliases_follow_the_champion(root: Path) -> None:
    """A challenger that is promoted is challenger no more."""
    tracker = begun(root)
    client: Any = tracker.client
    first, second = (tracker.register({}, "") for _ in range(2))

    tracker.alias(first, second)
    assert client.get_registered_model("model").aliases == {"champion": int(first), "challenger": int(second)}

    tracking.follow(SETTINGS, root, second)
    assert client.get_registered_model("model").aliases == {"champion": int(second)}


def test_an_experiment_opens_as_classical_training_with_its_main_metrics(tmp_path: Path) -> None:
    """MLflow's own server says so: the kind of the experiment, the metric of its charts, and a saved view of the runs
    with the scorecard's metrics in the first columns, the deciding one before all."""
    tracker = tracking.Tracker(SETTINGS, tmp_path, "bundles", process.name())
    tracker.open({"mlflow.runName": "lightgbm on churn"}, [], metrics=["f1_<=50K", "accuracy"])
    data = tracking.Dataset("churn", "data/churn.csv", "ab" * 32, None, 10, {"age": "double"})
    tracker.log({}, {"f1_<=50K": 0.5, "accuracy": 0.9}, data, "lightgbm is promoted")
    tracker.finish()

    with served(tracker.uri) as ask:
        found = ask("experiments/get-by-name?experiment_name=tests")["experiment"]
        [run] = ask("runs/search", {"experiment_ids": [found["experiment_id"]]})["runs"]

    tags = {tag["key"]: tag["value"] for tag in found["tags"]}
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert tags["mlflow.experiment.primaryMetric.name"] == "f1___50K"
    view = json.loads(tags[f"mlflow.sharedViewState.{experiment_page.ID}"])
    assert json.loads(view["state"])["columnOrder"] == ["metrics.`f1___50K`", "metrics.`accuracy`"]
    assert run["info"]["run_name"] == "lightgbm on churn"
    described = {tag["key"]: tag["value"] for tag in run["data"]["tags"]}
    assert described["mlflow.note.content"] == "lightgbm is promoted"
    assert [given["dataset"]["name"] for given in run["inputs"]["dataset_inputs"]] == ["churn"]


def test_a_view_that_somebody_changed_is_left_alone(root: Path) -> None:
    """A kind that was chosen, and a saved view with columns of one's own beside the metrics, stay."""
    client = begun(root).client
    place = client.get_experiment_by_name("tests").experiment_id
    client.set_experiment_tag(place, experiment_page.KIND, "regression")
    client.set_experiment_tag(place, experiment_page.VIEW + experiment_page.ID, "metrics.`r2` and more")

    tracking.experiment(client, "tests", "sqlite:///x")
    experiment_page.begin_with(client, place, ["r2"])

    tags = client.get_experiment(place).tags
    assert tags[experiment_page.KIND] == "regression"
    assert tags[experiment_page.VIEW + experiment_page.ID] == "metrics.`r2` and more"
    experiment_page.begin_with(client, place, ["r2", "mae"])
    assert "mae" in client.get_experiment(place).tags[experiment_page.VIEW + experiment_page.ID]


@pytest.mark.parametrize(
    ("uri", "begins"),
    [
        ("sqlite:////srv/mlflow.db", "http://127.0.0.1:5000/#/experiments/7/runs?workflowType=machine_learning"),
        ("https://mlflow.example.org/", "https://mlflow.example.org/#/experiments/7/runs"),
        ("databricks", ""),
    ],
)
def test_the_address_of_the_runs(uri: str, begins: str) -> None:
    """On the server where there is one, on `mlflow ui` for a database, none where MLflow's pages are elsewhere."""
    found = experiment_page.address(uri, "7")

    assert found.startswith(begins)
    assert bool(found) == bool(begins)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("data/telco_churn.csv", "telco_churn"),
        ("sqlite:///shop.db#customers", "customers"),
        ("postgresql://me@host/shop#select a / b from orders", "shop"),
        ("delta://lake/rows", "rows"),
    ],
)
def test_data_is_called_by_its_file_or_table(source: str, name: str) -> None:
    """What a run is named by beside its model."""
    assert run_record._data(source) == name


@contextlib.contextmanager
def served(uri: str) -> Iterator[Callable[..., Any]]:
    """MLflow's own server on a database; yields what asks it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        uri,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def ask(path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/ajax-api/2.0/mlflow/{path}", data)
        request.add_header("Content-Type", "application/json")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)

    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                ask("experiments/search?max_results=1")
                break
            time.sleep(0.1)
        yield ask
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
