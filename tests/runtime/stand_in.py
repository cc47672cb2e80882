"""The wrapper of jobs with a stand-in for the project's command, which writes down how it was called.

The real command needs a trained model and an environment, and what is looked at is who calls it, when, and what becomes
of its exit code. tests/schedule/ runs the real one, under real schedulers.
"""

from __future__ import annotations

import datetime
import json
import subprocess
import time
import venv
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from mlgen_runtime.scheduling.jobs import Job

UTC = datetime.UTC
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"

STAND_IN = """#!/bin/sh
echo "$@" >> calls
echo "the command speaks"
while [ -e hold ]; do sleep 0.05; done
exit $(cat code 2>/dev/null || echo 0)
"""


def equip(project: Path, vendor: Path) -> None:
    """Make a bare environment for a project called churn: the runtime of `vendor`, and the stand-in for its command."""
    folder = project / ".venv"
    venv.create(folder, symlinks=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "runtime.pth").write_text(f"{vendor}\n")
    (folder / "bin/churn").write_text(STAND_IN)
    (folder / "bin/churn").chmod(0o755)


def write(project: Path, time_zone: str = "UTC", **changed: object) -> None:
    """Write jobs.toml with one job, `batch`, whose further attempts follow at once."""
    values: dict[str, object] = {"at": "17 4 * * *", "command": ["batch", "batch.date={date}"], "retries": 2,
                                 "retry_minutes": 0, "timeout_minutes": 1, "enabled": True, **changed}  # fmt: skip
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    text = "\n".join([f'time_zone = "{time_zone}"', "[jobs.batch]", *lines])
    (project / "schedule").mkdir(exist_ok=True)
    (project / "schedule/jobs.toml").write_text(text + "\n", "utf8")


def words(project: Path, *arguments: str) -> list[str]:
    return [str(project / ".venv/bin/python"), "-m", "mlgen_runtime.scheduling.run", "batch", *arguments]


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the job as cron would: in the project's folder, with next to no environment."""
    return subprocess.run(
        words(project, *arguments), cwd=project, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip


def start(project: Path) -> subprocess.Popen[bytes]:
    """Start a run that does not end by itself, and return when its command is under way."""
    (project / "hold").touch()
    environment = {"PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(words(project), cwd=project, env=environment, stderr=subprocess.DEVNULL)
    wait(lambda: (project / "calls").exists())
    return process


def wait(true: Callable[[], object], seconds: float = 30) -> None:
    """Return as soon as `true` holds; fail where it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def calls(project: Path) -> list[str]:
    path = project / "calls"
    return path.read_text().splitlines() if path.exists() else []


def log(project: Path) -> str:
    return (project / "logs/batch.log").read_text("utf8")


def now_as_cron() -> str:
    """A cron expression that is due each day at this minute."""
    now = datetime.datetime.now(UTC)
    return f"{now.minute} {now.hour} * * *"


def record(project: Path, last: datetime.datetime, ended: bool = True) -> None:
    (project / "logs").mkdir(exist_ok=True)
    (project / "logs/batch.last.json").write_text(json.dumps({"last": last.isoformat(), "ended": ended}))


def job(at: str, zone: str) -> Job:
    """A job with these times."""
    return Job(name="batch", zone=ZoneInfo(zone), at=at, command=("batch",), retries=0, retry_minutes=0,
               timeout_minutes=1, enabled=True)  # fmt: skip
