"""MLflow's own process: it does what it is told, in order, and says how it ended where it does not."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlgen_runtime.config.settings import TrackingSettings
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.training import tracking_process
from mlgen_runtime.training.tracking import Dataset
from mlgen_runtime.training.tracking_process import TrackingProcess
from sample_projects import run_code

SETTINGS = TrackingSettings(uri="sqlite:///mlflow.db", experiment="tests", model_name="model")
DATA = Dataset("rows", "data/rows.csv", "ab" * 32, "3", 10, {"age": "double"})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an MLflow database that the tests here share: a new one takes seconds."""
    return tmp_path_factory.mktemp("tracking")


def begun(root: Path) -> TrackingProcess:
    """A tracker whose run has begun."""
    tracker = TrackingProcess(SETTINGS, root, "bundles")
    tracker.open({"mlflow.runName": "test"}, [])
    tracker.ready()
    return tracker


def number(tracker: TrackingProcess) -> int:
    """The process's id."""
    assert tracker._worker is not None
    return tracker._worker._process.pid


def ended(process: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.1)
    return False


def test_what_is_sent_is_in_mlflow(root: Path, tmp_path: Path) -> None:
    """Parameters, figures that are no number, the data set, files, a version and its alias."""
    tracker = begun(root)
    (tmp_path / "card.html").write_text("card", "utf8")

    tracker.log({"model.name": "x"}, {"r2": 0.5, "nan": float("nan")}, DATA, "a note")
    tracker.files(tmp_path, "shown")
    version = tracker.register({"model": "x"}, "why")
    tracker.alias(version, None)
    tracker.finish()
    tracker.close()

    client = MlflowClient(tracker.uri)
    run = client.get_run(tracker.run_id)
    assert run.info.status == "FINISHED"
    assert (run.data.params["model.name"], run.data.metrics) == ("x", {"r2": 0.5})
    assert [file.path for file in client.list_artifacts(tracker.run_id, "shown")] == ["shown/card.html"]
    assert str(client.get_model_version_by_alias("model", "champion").version) == version


def test_a_process_whose_run_is_over_serves_the_next(root: Path) -> None:
    """A run of several trainings imports MLflow once."""
    first = begun(root)
    process = number(first)
    first.finish()
    first.close()

    second = begun(root)

    assert number(second) == process
    second.finish()
    second.close()


def test_what_fails_is_told_by_the_next_call_that_waits(root: Path) -> None:
    """MLflow's word for it, as one sentence; nothing after it is done, and the run can still be ended."""
    tracker = begun(root)

    tracker.model("onnx", root / "nowhere.onnx", 1)
    with pytest.raises((InputError, RuntimeError), match="nowhere"):
        tracker.register({}, "")
    tracker.give_up("FAILED")

    client = MlflowClient(tracker.uri)
    assert client.get_run(tracker.run_id).info.status == "FAILED"
    assert not [made for made in client.search_model_versions("name = 'model'") if made.run_id == tracker.run_id]
    tracker.close()


def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    """As it is without a process between."""
    (tmp_path / "mlflow.db").mkdir()
    tracker = TrackingProcess(SETTINGS, tmp_path, "bundles")
    tracker.open({}, [])

    with pytest.raises(InputError, match="mlflow.db.*tracking.uri="):
        tracker.ready()
    assert not tracker.opened()
    tracker.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_was_killed_is_named(root: Path) -> None:
    """One line says that it was, and perhaps why; ending the run does not wait for it."""
    tracker = begun(root)
    os.kill(number(tracker), signal.SIGKILL)

    with pytest.raises(InputError, match=r"the process that writes to MLflow was killed \(SIGKILL") as told:
        tracker.register({}, "")
    tracker.give_up("FAILED")
    tracker.close()

    assert "\n" not in str(told.value)
    assert tracker_after(root).swept == []


def tracker_after(root: Path) -> TrackingProcess:
    """A run that begins, with a process of its own, and ends."""
    tracker = begun(root)
    tracker.finish()
    tracker.close()
    return tracker


#: A trainer that dies with a run begun.
DIES = """
import os, signal, sys
from pathlib import Path
from mlgen_runtime.config.settings import TrackingSettings
from mlgen_runtime.training.tracking_process import TrackingProcess
settings = TrackingSettings(uri="sqlite:///mlflow.db", experiment="tests", model_name="model")
tracker = TrackingProcess(settings, Path(sys.argv[1]), "bundles")
tracker.open({}, [])
tracker.ready()
print(tracker.run_id, tracker._worker._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks a process up in /proc")
def test_a_trainer_that_was_killed_leaves_no_process_and_its_run_is_cleared_up(root: Path) -> None:
    """kill -9: its MLflow ends by itself, and the next run ends the one that was begun."""
    done = run_code(DIES, root)
    run, process = done.stdout.split()
    assert done.returncode == -signal.SIGKILL

    assert ended(int(process))

    assert any(run in line for line in tracker_after(root).swept)
    assert MlflowClient(f"sqlite:///{root}/mlflow.db").get_run(run).info.status == "KILLED"


def test_an_answer_is_not_lost_to_ctrl_c(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted as it takes note of an answer, it has it the next time it asks."""
    tracker = TrackingProcess(SETTINGS, root, "bundles")
    tracker.open({}, [])
    check = tracking_process._check

    def interrupted(answer: dict[str, object]) -> None:
        monkeypatch.setattr(tracking_process, "_check", check)
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking_process, "_check", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tracker.ready()

    assert tracker.opened()
    tracker.finish("KILLED")
    tracker.close()
