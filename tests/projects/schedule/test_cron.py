"""cron for real: the daemon of this machine runs the lines of a project, which call the project's own, real command."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from generated_projects import run
from stage import Processes, wait

pytestmark = [
    pytest.mark.skipif(not shutil.which("cron"), reason="there is no cron daemon here (Debian's package cron)"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start the cron daemon"),
]

RUN = "mlgen_runtime.scheduling.run"
JOBS = """
time_zone = "UTC"

[jobs.batch]
at = "* * * * *"
command = ["batch", "batch.date={date}"]
retries = 0
retry_minutes = 0
timeout_minutes = 5
enabled = true

[jobs.retrain]
at = "17 3 * * 1"
command = ["train", "+experiment=quick"]
retries = 0
retry_minutes = 0
timeout_minutes = 10
enabled = false
"""


@pytest.fixture(scope="module")
def project(installed: Callable[..., Path]) -> Path:
    """An installed project whose champion was trained by its own job, and whose batch is due each minute."""
    folder = installed()
    (folder / "schedule/jobs.toml").write_text(JOBS)
    run(folder, folder / ".venv/bin/python", "-m", RUN, "retrain", "--echo")
    return folder


@pytest.fixture(scope="module")
def daemon(processes: Processes) -> None:
    """A cron daemon, where none runs."""
    if subprocess.run(["pgrep", "-x", "cron"], capture_output=True).returncode:
        processes.start(Path("/"), "cron", "-f")


@pytest.fixture(scope="module")
def scored(project: Path, daemon: None) -> str:
    """What the log says after the daemon has run the batch; then its lines are taken out again."""
    run(project, "make", "schedule", "INSTALL=1")
    log = project / "logs/batch.log"
    try:
        wait(lambda: log.exists() and "ended with" in log.read_text(), 150, "a run by the daemon")
        return log.read_text()
    finally:
        run(project, "make", "unschedule")
        run(project, "flock", "logs/batch.lock", "true")  # one more may have begun


def test_the_daemon_runs_the_batch_with_its_logical_date(project: Path, scored: str) -> None:
    """Within a minute or so after `make schedule INSTALL=1` the rows are scored, for the minute that was due."""
    found = re.search(r"started for (\S+): churn batch batch.date=(\S+)", scored)

    assert "ended with exit code 0" in scored
    assert found
    moment = datetime.datetime.fromisoformat(found[1])
    assert moment.second == 0 and moment.date().isoformat() == found[2]
    assert json.loads((project / "logs/batch.last.json").read_text())["last"] >= found[1]


def test_the_logical_date_reaches_the_run_id(project: Path, scored: str) -> None:
    """Each scored row carries the run's id: another date is another run, the same date once more is the same run."""
    words = [project / ".venv/bin/python", "-m", RUN, "batch", "--date", "2026-01-31"]
    before = ids(project)

    run(project, *words)
    after = ids(project)
    run(project, *words)

    assert len(after - before) == 1
    assert ids(project) == after


def ids(project: Path) -> set[str]:
    """The ids of the runs that wrote the table of predictions."""
    with contextlib.closing(sqlite3.connect(project / "predictions.db")) as base:
        return {row[0] for row in base.execute("select distinct run_id from predictions")}


def test_what_is_taken_out_leaves_no_line(project: Path, scored: str) -> None:
    """After `make unschedule` the crontab has no line of this folder."""
    listed = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False).stdout

    assert str(project) not in listed
