"""Prefect for real: a server and a worker on this machine run the deployments that `make schedule INSTALL=1` made."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generated_projects import run
from stage import Processes, again, wait
from stand_in import calls

#: Run in Prefect's environment: its own times beside those of the runtime.
TIMES = """
import asyncio, datetime, sys
from zoneinfo import ZoneInfo
from prefect.server.schemas.schedules import CronSchedule
sys.path.insert(0, "vendor")
from mlgen_runtime.scheduling.jobs import Job

def job(at, zone):
    return Job(name="x", zone=ZoneInfo(zone), at=at, command=("x",), retries=0, retry_minutes=0,
               timeout_minutes=1, enabled=True)

for at in ("17 4 * * *", "0 12 * * mon", "30 3,15 1 * *"):
    start, end = (datetime.datetime(2026, month, 1, tzinfo=datetime.UTC) for month in (1, 12))
    theirs = asyncio.run(CronSchedule(cron=at, timezone="Europe/Berlin").get_dates(900, start, end))
    ours, now = [], end
    while (due := job(at, "Europe/Berlin").due(now)) >= start:
        ours.append(due)
        now = due - datetime.timedelta(seconds=1)
    assert [moment.astimezone(datetime.UTC) for moment in theirs] == ours[::-1], at
print("alike")
"""


class Prefect:
    """A project whose jobs are deployed on a server of its own, which a worker asks."""

    def __init__(self, project: Path, url: str, variables: dict[str, str]) -> None:
        self.project, self.url, self.variables = project, url, variables
        self.command = project / "schedule/.venv/bin/prefect"

    def start(self, job: str, **parameters: str) -> str:
        """Start a run of a job, as a person would, and return its id."""
        words = [word for key, value in parameters.items() for word in ("--param", f"{key}={value}")]
        said = run(self.project, self.command, "deployment", "run", f"churn/{job}", *words, **self.variables)
        return said.split("UUID: ")[1].split()[0]

    def state(self, identity: str) -> dict[str, Any]:
        """The state of a run, as the server has it: its type and message."""
        found: dict[str, Any] = self.ask(f"flow_runs/{identity}")["state"]
        return found

    def ended(self, identity: str) -> dict[str, Any]:
        """The state in which a run ended."""
        final = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
        wait(lambda: self.state(identity)["type"] in final, 60, f"run {identity}")
        return self.state(identity)

    def planned(self, moment: str) -> str:
        """Plan a run of the batch for a moment, and return its id."""
        (deployment,) = (entry for entry in self.ask("deployments/filter", {}) if entry["name"] == "batch")
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": moment}}
        return str(self.ask(f"deployments/{deployment['id']}/create_flow_run", {"state": state})["id"])

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """GET or POST a path of the server's interface, or what `method` says."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/{path}", data, headers, method=method)
        for left in range(20, -1, -1):
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    return json.loads(response.read() or b"null")
            except urllib.error.HTTPError as refused:
                if refused.code != 503 or not left:  # its SQLite file is busy: Prefect's own client asks again, too
                    raise
                time.sleep(0.5)
        raise AssertionError("not reached")


def latest(hour: int, minute: int) -> datetime.datetime:
    """The last time that it was so late, in UTC."""
    now = datetime.datetime.now(datetime.UTC)
    today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return today if today <= now else today - datetime.timedelta(days=1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def prefect(staged: Callable[[str], Path], processes: Processes, tmp_path_factory: pytest.TempPathFactory) -> Prefect:
    """A server with its data in a folder of its own, the project's jobs deployed to it, and a worker."""
    project = staged("prefect")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    variables = {
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(tmp_path_factory.mktemp("prefect")),
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "1",
    }
    processes.start(project, "make", "prefect", **variables)
    wait(lambda: answers(f"{url}/health"), 90, "the server")
    run(project, "make", "schedule", "INSTALL=1", **variables)
    log = processes.start(project, "make", "worker", **variables)
    wait(lambda: b"started!" in log.read_bytes(), 60, "the worker")
    return Prefect(project, url, variables)


@pytest.fixture(autouse=True)
def fresh(prefect: Prefect) -> None:
    again(prefect.project)


def test_the_deployments_are_on_the_server_as_in_the_jobs_file(prefect: Prefect) -> None:
    """Each job has its time, its zone, and room for one run at a time."""
    found = {entry["name"]: entry for entry in prefect.ask("deployments/filter", {})}

    assert found.keys() == {"batch", "monitor", "retrain"}
    schedule = found["batch"]["schedules"][0]["schedule"]
    assert (schedule["cron"], schedule["timezone"]) == ("17 4 * * *", "UTC")
    assert found["batch"]["global_concurrency_limit"]["limit"] == 1


def test_prefect_counts_as_the_jobs_file_says(prefect: Prefect) -> None:
    """Jobs of a zone are due at the same moments, through both changes of its clocks."""
    words = [prefect.project / "schedule/.venv/bin/python", "-c", TIMES]

    assert run(prefect.project, *words, **prefect.variables).endswith("alike\n")


def test_a_run_calls_the_command_with_its_logical_date(prefect: Prefect) -> None:
    """The flow run ends well, and says with which exit code."""
    state = prefect.ended(prefect.start("batch", date="2026-01-31"))

    assert (state["type"], state["message"]) == ("COMPLETED", "exit code 0")
    assert calls(prefect.project) == ["batch batch.date=2026-01-31"]


def test_a_run_of_the_schedule_has_the_time_of_the_schedule(prefect: Prefect) -> None:
    """However late it starts: the date is that for which the run was planned."""
    late = prefect.planned("2026-02-03T04:17:00Z")

    assert prefect.ended(late)["type"] == "COMPLETED"
    assert calls(prefect.project) == ["batch batch.date=2026-02-03"]


def test_of_late_runs_only_the_latest_is_made_good(prefect: Prefect) -> None:
    """When a worker comes back, a run of the schedule whose successor is due as well is cancelled; the latest runs."""
    pool, due = "work_pools/churn", latest(4, 17)
    prefect.ask(pool, {"is_paused": True}, "PATCH")
    older, late = prefect.planned("2026-02-03T04:17:00Z"), prefect.planned(due.isoformat())
    # Only the server's own scheduler can make such a run, and it makes none for the past: so its mark is set by hand.
    with contextlib.closing(sqlite3.connect(Path(prefect.variables["PREFECT_HOME"]) / "prefect.db")) as base:
        base.execute("update flow_run set auto_scheduled = 1 where id in (?, ?)", (older, late))
        base.commit()

    prefect.ask(pool, {"is_paused": False}, "PATCH")

    state = prefect.ended(older)
    assert state["type"] == "CANCELLED"
    assert "a later run than that for 2026-02-03T04:17:00+00:00 is due" in state["message"]
    assert prefect.ended(late)["type"] == "COMPLETED"
    assert calls(prefect.project) == [f"batch batch.date={due.date()}"]


def test_a_bug_is_tried_again_and_the_run_fails(prefect: Prefect) -> None:
    """Two further attempts after exit code 1, as the jobs file says; the run's words are in Prefect's log."""
    again(prefect.project, code=1)
    identity = prefect.start("batch")

    state = prefect.ended(identity)

    assert state["type"] == "FAILED"
    assert len(calls(prefect.project)) == 3
    lines = {"logs": {"flow_run_id": {"any_": [identity]}}}
    wait(
        lambda: any("the command speaks" in line["message"] for line in prefect.ask("logs/filter", lines)), 30, "words"
    )


def test_wrong_input_is_not_tried_again(prefect: Prefect) -> None:
    """Exit code 2 fails the run at once, and the message says why."""
    again(prefect.project, code=2)

    state = prefect.ended(prefect.start("batch"))

    assert (state["type"], len(calls(prefect.project))) == ("FAILED", 1)
    assert "the input or a setting is wrong" in state["message"]


def test_what_is_no_date_fails_with_the_reason(prefect: Prefect) -> None:
    """A run with a wrong logical date fails before it calls anything."""
    state = prefect.ended(prefect.start("batch", date="tomorrow"))

    assert state["type"] == "FAILED"
    assert state["message"].startswith("'tomorrow' is no date")
    assert not calls(prefect.project)


def test_runs_do_not_overlap_and_cancelling_stops_the_command(prefect: Prefect) -> None:
    """While one runs, Prefect keeps the next waiting, and the wrapper leaves out what is started by hand."""
    (prefect.project / "hold").touch()
    first = prefect.start("batch")
    wait(lambda: calls(prefect.project), 60, "the first run")

    second = prefect.start("batch")
    wait(lambda: prefect.state(second)["name"] == "AwaitingConcurrencySlot", 60, "the second run")
    wrapper = [prefect.project / ".venv/bin/python", "-m", "mlgen_runtime.scheduling.run", "batch"]
    by_hand = subprocess.run(wrapper, cwd=prefect.project)
    run(prefect.project, prefect.command, "flow-run", "cancel", second, **prefect.variables)
    run(prefect.project, prefect.command, "flow-run", "cancel", first, **prefect.variables)

    assert by_hand.returncode == 75
    assert prefect.ended(second)["type"] == "CANCELLED"
    assert prefect.ended(first)["type"] == "CANCELLED"
    assert len(calls(prefect.project)) == 1
    wait(lambda: "exit code 143" in (prefect.project / "logs/batch.log").read_text(), 30, "the end of the command")


def test_the_deployments_go_when_they_are_taken_out(prefect: Prefect) -> None:
    """`make unschedule` takes this project's deployments out of the server."""
    run(prefect.project, "make", "unschedule", **prefect.variables)

    assert prefect.ask("deployments/filter", {}) == []


def test_a_server_that_does_not_answer_is_told_in_a_line(prefect: Prefect) -> None:
    """Without a server, `make schedule INSTALL=1` says where it looked and how to start one."""
    variables = {**prefect.variables, "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api"}

    said = run(prefect.project, "make", "schedule", "INSTALL=1", code=2, **variables)

    assert f"\ndeployments: no Prefect server answers at {variables['PREFECT_API_URL']}" in said
    assert "start one: make prefect\n" in said
