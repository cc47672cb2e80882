"""What cron, Prefect and Airflow are given of the jobs file, and the locks of their own environments."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from generated_projects import generate, run
from mlgen_runtime.cli.verbs import discover
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
MAKE = runpy.run_path(str(ROOT / "locks/make.py"))


def test_jobs_call_verbs_that_exist(generated: Callable[[str], Path]) -> None:
    """The first word of each job's command is a verb of the project, with and without batch."""
    folder = generated("cron")
    entries = tomllib.loads((folder / "schedule/jobs.toml").read_text("utf8"))["jobs"]

    assert entries.keys() == {"batch", "monitor", "retrain"}
    assert {entry["command"][0] for entry in entries.values()} <= discover(folder).keys()


def test_a_project_without_batch_has_no_such_job(tmp_path: Path) -> None:
    """Jobs are there where their verb is, in the jobs file and in the deployments of Prefect."""
    folder = generate(tmp_path, deployment=["rest"], scheduler="prefect")

    assert tomllib.loads((folder / "schedule/jobs.toml").read_text("utf8"))["jobs"].keys() == {"monitor", "retrain"}
    deployments = yaml.safe_load((folder / "prefect.yaml").read_text("utf8"))["deployments"]
    assert [deployment["name"] for deployment in deployments] == ["monitor", "retrain"]


@pytest.mark.parametrize("scheduler", ["cron", "prefect", "airflow"])
def test_each_scheduler_has_the_same_commands(generated: Callable[[str], Path], scheduler: str) -> None:
    """`make schedule` and `make unschedule` are there, a page about it, and a lock where it has an environment."""
    folder = generated(scheduler)

    makefile = (folder / f"make/{scheduler}.mk").read_text("utf8")

    assert {"schedule", "unschedule"} <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert (folder / f"docs/{scheduler}.md").is_file()
    assert (folder / "schedule/requirements.lock").exists() == (scheduler != "cron")


@pytest.mark.parametrize("deployment", [["batch"], ["rest"]], ids="".join)
def test_the_deployments_are_those_of_the_jobs_file(tmp_path: Path, deployment: list[str]) -> None:
    """prefect.yaml, as it is generated, is what `make schedule` writes from the jobs file."""
    folder = generate(tmp_path, deployment=deployment, scheduler="prefect")
    before = (folder / "prefect.yaml").read_text("utf8")

    written = deployments(folder)

    assert written == (folder / "prefect.yaml").read_text("utf8") == before


def test_a_change_of_the_jobs_file_reaches_the_deployments(generated: Callable[[str], Path], tmp_path: Path) -> None:
    """Times and zone come from there; a job that is not enabled is not deployed."""
    folder = Path(shutil.copytree(generated("prefect"), tmp_path / "churn"))
    text = (folder / "schedule/jobs.toml").read_text("utf8").replace('"UTC"', '"Europe/Berlin"')
    head, _, tail = text.rpartition("enabled = true")
    (folder / "schedule/jobs.toml").write_text(f"{head}enabled = false{tail}")

    deployments(folder)

    batch, monitor = yaml.safe_load((folder / "prefect.yaml").read_text("utf8"))["deployments"]
    assert (batch["parameters"], monitor["parameters"]) == ({"job": "batch"}, {"job": "monitor"})
    assert batch["schedules"] == [{"cron": "17 4 * * *", "timezone": "Europe/Berlin"}]
    assert batch["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


@pytest.mark.parametrize("name", ["prefect", "airflow"])
def test_an_orchestrator_has_a_lock_of_its_own(name: str) -> None:
    """It pins, with hashes and without a place, what its input bounds on both sides; no project's lock has it."""
    text = (ROOT / f"locks/environments/{name}.txt").read_text("utf8")
    lines = (ROOT / f"locks/environments/{name}.in").read_text("utf8").splitlines()
    wanted = [Requirement(line.split("  #")[0]) for line in lines if not line.startswith("#")]

    pins = dict(pin.split("==") for pin in MAKE["parse"](MAKE["check"](text)))

    assert all(hashes for _, hashes in MAKE["parse"](text).values())
    for requirement in wanted:
        assert {">=", "<"} <= {specifier.operator for specifier in requirement.specifier}
        assert requirement.specifier.contains(pins[requirement.name])
    assert not re.search(rf"^{wanted[-1].name}==", (ROOT / "locks/all.txt").read_text("utf8"), re.MULTILINE)


@pytest.mark.parametrize("scheduler", ["cron", "prefect", "airflow"])
def test_a_project_has_what_its_scheduler_runs(generated: Callable[[str], Path], scheduler: str) -> None:
    """The runtime has nothing that is for another scheduler, and schedule/ no code but the file that Airflow reads."""
    folder = generated(scheduler)

    room = folder / "vendor/mlgen_runtime/scheduling"
    assert [name for name in ("cron", "prefect", "airflow") if (room / name).exists()] == [scheduler]
    assert [path.name for path in (folder / "schedule").glob("*.py")] == (["dag.py"] if scheduler == "airflow" else [])


def deployments(folder: Path) -> str:
    """Write prefect.yaml from the jobs file, as `make schedule` does, and return what was printed."""
    module = "mlgen_runtime.scheduling.prefect.deployments"
    return run(folder, sys.executable, "-m", module, PYTHONPATH=str(folder / "vendor"))
