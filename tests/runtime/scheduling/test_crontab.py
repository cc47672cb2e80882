"""The crontab of a project: the lines that cron gets, and whether they come round when a job is due."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from mlgen_runtime.scheduling.cron.crontab import fields
from mlgen_runtime.scheduling.times import Times
from stand_in import BERLIN, NEW_YORK, UTC, calls, job, now_as_cron, write

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crontab(project: Path, tmp_path: Path) -> Run:
    """Ask for the crontab with a `crontab` that keeps its lines in a file: nobody's own is touched."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "crontab").write_text(
        f'#!/bin/sh\n[ "$1" = - ] && exec cat > {tmp_path}/lines\nexec cat {tmp_path}/lines\n'
    )
    (folder / "crontab").chmod(0o755)

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [str(project / ".venv/bin/python"), "-m", "mlgen_runtime.scheduling.cron.crontab", *words]
        variables = {"PATH": f"{folder}:/usr/bin:/bin", **environment}
        return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)

    return run


def test_installing_twice_changes_nothing_and_leaves_others_alone(crontab: Run, tmp_path: Path) -> None:
    """The lines stand between two marks; what others have in the crontab stays as it is, and where it is."""
    kept = "MAILTO=me\n5 5 * * * theirs 50\\%\n"
    (tmp_path / "lines").write_text(kept)

    assert crontab("--install").returncode == 0
    once = (tmp_path / "lines").read_text()
    crontab("--install")
    twice = (tmp_path / "lines").read_text()
    crontab("--remove")

    assert once == twice == kept + crontab().stdout
    assert (tmp_path / "lines").read_text() == kept


def test_a_machine_without_cron_says_so(crontab: Run) -> None:
    """Where there is no crontab command, the message names what to install."""
    done = crontab("--install", PATH="/nowhere")

    assert (done.returncode, done.stderr) == (
        2,
        "crontab: there is no crontab command here; install cron, or cronie\n",
    )


def test_the_line_of_a_job_works_as_cron_runs_it(project: Path, crontab: Run) -> None:
    """Run by sh, after cron has turned its percent signs back, from another folder: blanks and signs do no harm."""
    write(project, at=now_as_cron())
    line = next(line for line in crontab().stdout.splitlines() if line.endswith("--due"))

    command = line.split(maxsplit=5)[5].replace("\\%", "%")
    subprocess.run(["/bin/sh", "-c", command], cwd="/", env={"PATH": "/usr/bin:/bin"}, check=True)

    assert len(calls(project)) == 1
    assert "%" not in line.replace("\\%", "")


@pytest.mark.parametrize(
    ("at", "zone", "here"),
    [
        ("17 4 * * *", "UTC", "UTC"),
        ("30 2 * * *", BERLIN, "UTC"),
        ("30 2 * * *", BERLIN, BERLIN),
        ("30 2 * * *", "UTC", BERLIN),
        ("0 9 * * mon-fri", "Asia/Kolkata", NEW_YORK),
        ("0 2 * * *", "Australia/Lord_Howe", "UTC"),  # its clocks change by half an hour
    ],
)
def test_cron_asks_whenever_a_job_is_due(at: str, zone: str, here: str) -> None:
    """Whatever the machine's zone is, its lines come round at each time of the job, where clocks change as well."""
    wanted = job(at, zone)
    asked = Times.parse(fields(wanted, ZoneInfo(here)))

    assert (fields(wanted, ZoneInfo(here)) == at) == (zone == here == "UTC")
    now = datetime.datetime.now(UTC) + datetime.timedelta(days=366)
    for _ in range(366):
        due = wanted.due(now)
        local = due.astimezone(ZoneInfo(here))
        assert local.minute in asked.minutes and local.hour in asked.hours and asked.on(local.date())
        now = due - datetime.timedelta(seconds=1)
