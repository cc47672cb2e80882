"""What is wrong with the jobs file, or with how a job is called, is said in a line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stand_in import calls, run, words, write


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"at": "17 4 * *"}, "jobs.batch.at: '17 4 * *' has 4 fields; expected five"),
        ({"at": "60 4 * * *"}, "jobs.batch.at: '60' is no minute; expected 0 to 59"),
        ({"at": "*/0 4 * * *"}, "'*/0' is no minute"),
        ({"at": "0 4 * * 3-3"}, "'3-3' is no day of the week"),
        ({"at": "0/5 4 * * *"}, "'0/5' is no minute"),
        ({"at": "0 4 * * mon-xyz"}, "'mon-xyz' is no day of the week"),
        ({"at": "0 4 13 * fri"}, "days of the month and days of the week; expected one of them"),
        ({"at": 5}, "jobs.batch.at: 5 is not a cron expression"),
        ({"command": "batch"}, "jobs.batch.command: 'batch' is not a list of words"),
        ({"retries": -1}, "jobs.batch.retries: -1 is not a whole number, 0 or more"),
        ({"timeout_minutes": 0}, "jobs.batch.timeout_minutes: 0 is not a number above 0"),
        ({"enabled": "yes"}, "jobs.batch.enabled: 'yes' is not true or false"),
        ({"retry": 1}, "jobs.batch.retry is unknown; expected at, command"),
        ({"time_zone": "Europe/Berln"}, "time_zone: 'Europe/Berln' is unknown here"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_wrong_jobs_file_is_told_in_a_line(project: Path, changed: dict[str, Any], said: str) -> None:
    """Each mistake is named with its value and what was expected: exit code 2, and nothing ran."""
    write(project, **changed)

    done = run(project)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr
    assert not calls(project)


def test_a_file_that_is_no_toml_is_told_in_a_line(project: Path) -> None:
    """A broken jobs file is named with the place of the mistake."""
    (project / "schedule/jobs.toml").write_text("time_zone = UTC\n")

    done = run(project)

    assert done.returncode == 2
    assert re.fullmatch(r"run: schedule/jobs.toml cannot be read: .*line 1.*\n", done.stderr)


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "31.01.2026"])
def test_a_wrong_date_is_told_in_a_line(project: Path, date: str) -> None:
    """A logical date that is none is refused before anything runs."""
    done = run(project, "--date", date)

    assert done.returncode == 2
    assert done.stderr == f"run: '{date}' is no date; expected such as 2026-01-31 or 2026-01-31T06:00:00+01:00\n"


def test_an_unknown_job_is_told_in_a_line(project: Path) -> None:
    """The jobs that there are stand in the message."""
    done = subprocess.run([*words(project)[:3], "bach"], cwd=project, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "run: 'bach' is no job; expected batch (schedule/jobs.toml)\n"


def test_a_project_that_was_not_set_up_says_so(project: Path) -> None:
    """Without the project's command the message names the next step."""
    (project / ".venv/bin/churn").unlink()

    done = run(project)

    assert done.returncode == 2
    assert done.stderr.endswith(".venv/bin/churn; run make setup first\n")


def test_outside_of_a_project_the_next_step_is_told(project: Path, tmp_path: Path) -> None:
    """The wrapper is for the project around the current folder; where there is none, the message says where to go."""
    done = subprocess.run(words(project), cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == (
        f"run: there is no schedule/jobs.toml in {tmp_path} or above it; change to the project's folder\n"
    )
