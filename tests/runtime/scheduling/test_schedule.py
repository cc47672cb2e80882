"""schedule/jobs.toml: what runs by itself can be read, comes round, and calls verbs that exist."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.cli.verbs import find
from mlgen_runtime.scheduling import jobs
from sample_projects import VENDOR, environment, rendered
from stand_in import equip

#: This module runs in each use case.
EACH_USE_CASE = True


@pytest.fixture
def root(use_case: str) -> Path:
    """A project as mlgen makes it. Not to be changed by a test."""
    return rendered(use_case)


@pytest.fixture
def plan(root: Path) -> Any:
    """The jobs as the scheduler gets them."""
    return jobs.read(root)


def test_each_job_comes_round_and_calls_a_verb(plan: Any, root: Path) -> None:
    """There was a time for it at some point, and the first word of its command is a verb of this project."""
    now = datetime.datetime.now(datetime.UTC)

    assert plan.jobs
    for job in plan.jobs:
        assert job.due(now) <= now
        assert find(job.command[0], root)


def test_a_command_is_given_its_logical_date(plan: Any) -> None:
    """The day in the time zone of the jobs, whatever the moment is written in."""
    local = datetime.datetime(2026, 1, 31, 12, tzinfo=plan.zone)

    for job in plan.jobs:
        wanted = [word.replace("{date}", "2026-01-31").replace("{time}", local.isoformat()) for word in job.command]
        assert job.words(local.astimezone(datetime.UTC)) == wanted


@pytest.mark.parametrize(
    ("words", "said"), [(["nothing"], "'nothing'"), (["retrain", "--date", "tomorrow"], "'tomorrow'")]
)
def test_what_is_wrong_is_told_in_a_line(words: list[str], said: str, root: Path, tmp_path: Path) -> None:
    """An unknown job or a date that is none: exit code 2, and nothing runs."""
    shutil.copytree(root / "schedule", tmp_path / "schedule")
    shutil.copy(root / "pyproject.toml", tmp_path)
    equip(tmp_path, VENDOR)
    command = [sys.executable, "-m", "mlgen_runtime.scheduling.run", *words]

    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert not (tmp_path / "calls").exists()
