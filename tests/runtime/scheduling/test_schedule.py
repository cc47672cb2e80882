"""schedule/jobs.toml: what runs by itself can be read, comes round, and calls verbs that exist."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.cli.verbs import find

ROOT = Path(__file__).parents[1]


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The jobs as the scheduler gets them."""
    monkeypatch.syspath_prepend(ROOT / "schedule")
    import jobs

    return jobs.read(ROOT)


def test_each_job_comes_round_and_calls_a_verb(plan: Any) -> None:
    """There was a time for it at some point, and the first word of its command is a verb of this project."""
    now = datetime.datetime.now(datetime.UTC)

    for job in plan.jobs:
        assert job.due(now) <= now
        assert find(job.command[0])


def test_a_command_is_given_its_logical_date(plan: Any) -> None:
    """The day in the time zone of the jobs, whatever the moment is written in."""
    local = datetime.datetime(2026, 1, 31, 12, tzinfo=plan.zone)

    for job in plan.jobs:
        wanted = [word.replace("{date}", "2026-01-31").replace("{time}", local.isoformat()) for word in job.command]
        assert job.words(local.astimezone(datetime.UTC)) == wanted


@pytest.mark.parametrize("words", [["nothing"], ["retrain", "--date", "tomorrow"]], ids=lambda words: words[-1])
def test_what_is_wrong_is_told_in_a_line(words: list[str]) -> None:
    """An unknown job or a date that is none: exit code 2, and nothing runs."""
    command = [sys.executable, str(ROOT / "schedule/run.py"), *words]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
