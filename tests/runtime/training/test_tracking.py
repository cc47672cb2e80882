"""MLflow: reached or clearly not, and cleared of what dead processes left."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.config.settings import TrackingSettings
from mlgen_runtime.core import process
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.training import mlflow_connection as connection
from mlgen_runtime.training import tracking


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an MLflow database that all tests here share: a new one takes seconds."""
    return tmp_path_factory.mktemp("tracking")


SETTINGS = TrackingSettings(uri="sqlite:///mlflow.db", experiment="tests", model_name="model")


def begun(root: Path, published: list[str] | None = None) -> tracking.Tracker:
    """A tracker whose run has begun."""
    tracker = tracking.Tracker(SETTINGS, root, "bundles")
    tracker.open({"mlflow.runName": "test"}, published or [])
    tracker.ready()
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
    tracker = tracking.Tracker(
        TrackingSettings(uri=f"http://127.0.0.1:{port}", experiment="e", model_name="m"), Path(), "bundles"
    )

    with pytest.raises(InputError, match=f"127.0.0.1:{port}.*tracking.uri=sqlite"):
        tracker.open({}, [])
    assert not tracker.opened()


def test_a_password_is_not_shown() -> None:
    """The sentence about an address that fails leaves its password out."""
    uri = "http://me:secret@127.0.0.1:1"

    with pytest.raises(InputError) as refused:
        connection.knock(uri)

    assert "secret" not in str(refused.value)


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder in place of the database is the user's to mend, not a trace."""
    (tmp_path / "mlflow.db").mkdir()
    tracker = tracking.Tracker(SETTINGS, tmp_path, "bundles")
    tracker.open({}, [])

    with pytest.raises(InputError, match="mlflow.db"):
        tracker.ready()


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

    run = tracker.ready().get_run(tracker.run_id)
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
    client = alive.ready()
    experiment = client.get_run(alive.run_id).info.experiment_id
    left = client.create_run(experiment, tags={tracking.PROCESS: dead()}).info.run_id

    swept = begun(root).swept

    assert client.get_run(left).info.status == "KILLED"
    assert client.get_run(alive.run_id).info.status == "RUNNING"
    assert any(left in line for line in swept)
    alive.finish()


def test_the_sweep_deletes_versions_without_a_bundle(root: Path) -> None:
    """Of a dead process and of this store only: others may publish elsewhere."""
    tracker = begun(root)
    client: Any = tracker.ready()
    source = f"runs:/{tracker.run_id}/bundle"
    kept = tracker.register(source, {}, "of a living process")
    marks = [
        {tracking.PROCESS: dead(), tracking.STORE: "bundles"},
        {tracking.PROCESS: dead(), tracking.STORE: "bundles"},
        {tracking.PROCESS: dead(), tracking.STORE: "another store"},
    ]
    lost, published, elsewhere = (
        str(client.create_model_version("model", source, tracker.run_id, tags=tags).version) for tags in marks
    )

    begun(root, [published])

    left = {str(version.version) for version in client.search_model_versions("name = 'model'")}
    assert {kept, published, elsewhere} <= left
    assert lost not in left


def test_the_aliases_follow_the_champion(root: Path) -> None:
    """A challenger that is promoted is challenger no more."""
    tracker = begun(root)
    client: Any = tracker.ready()
    first, second = (tracker.register(f"runs:/{tracker.run_id}/bundle", {}, "") for _ in range(2))

    tracker.alias(first, second)
    assert client.get_registered_model("model").aliases == {"champion": int(first), "challenger": int(second)}

    tracking.follow(SETTINGS, root, second)
    assert client.get_registered_model("model").aliases == {"champion": int(second)}
