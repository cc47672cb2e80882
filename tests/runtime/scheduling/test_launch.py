"""How an orchestrator starts the wrapper: from an environment of its own, which has none of the project's packages."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pytest
from mlgen_runtime.scheduling import exit_codes, jobs
from mlgen_runtime.scheduling.launch import call
from sample_projects import VENDOR
from stand_in import UTC, calls, log, write

MOMENT = datetime.datetime(2026, 1, 31, 4, 17, tzinfo=UTC)


def test_a_job_is_run_once_and_heard(project: Path) -> None:
    """Further attempts are the orchestrator's: a bug is handed on after one, with all that was said."""
    (project / "code").write_text("1")
    said: list[str] = []

    code = call(project, jobs.read(project).job("batch"), MOMENT, said.append)

    assert code == exit_codes.BUG
    assert calls(project) == ["batch batch.date=2026-01-31"]
    assert "the command speaks" in said
    assert said[:-1] == log(project).splitlines()  # the last one is for cron's mail


def test_a_job_of_which_nobody_hears_any_more_is_stopped(project: Path) -> None:
    """A run that is given up in between ends before the orchestrator goes on."""
    write(project, command=["{date}"])
    (project / "hold").touch()

    def give_up(line: str) -> None:
        if "the command speaks" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(project, jobs.read(project).job("batch"), MOMENT, give_up)

    assert "ended with exit code 143" in log(project)


def test_a_project_that_was_not_set_up_is_wrong_input(project: Path) -> None:
    """Another attempt would not help, so it counts as such, and what to do is said."""
    (project / ".venv/bin/python").unlink()
    said: list[str] = []

    assert call(project, jobs.read(project).job("batch"), MOMENT, said.append) == exit_codes.WRONG
    assert said == [f"run: there is no {project}/.venv/bin/python; run make setup first"]


def test_the_room_needs_the_standard_library_alone() -> None:
    """Prefect's and Airflow's environments import it without the project's packages."""
    modules = ["jobs", "times", "run", "launch", "attempt", "log", "exit_codes", "cron.crontab", "prefect.deployments"]
    lines = ["import sys", f"sys.path.insert(0, {str(VENDOR)!r})"]
    lines += [f"import mlgen_runtime.scheduling.{module}" for module in modules]

    subprocess.run([sys.executable, "-I", "-S", "-c", "\n".join(lines)], check=True)
