"""What runs by itself: the jobs file, the wrapper that runs a job, and what cron, Prefect and Airflow are given of it.

The project's command is a stand-in here that writes down how it was called: the real one needs a trained model and an
environment, and what is looked at is who calls it, when, and what becomes of its exit code. tests/schedule/ runs the
real one, under real schedulers.
"""

from __future__ import annotations

import datetime
import json
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from packaging.requirements import Requirement
from projects import generate

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template"
UTC = datetime.UTC
MAKE = runpy.run_path(str(ROOT / "locks/make.py"))

STAND_IN = """#!/bin/sh
echo "$@" >> calls
echo "the command speaks"
while [ -e hold ]; do sleep 0.05; done
exit $(cat code 2>/dev/null || echo 0)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A project with batch for a scheduler, as it was generated."""
    made: dict[str, Path] = {}

    def project(scheduler: str) -> Path:
        if scheduler not in made:
            made[scheduler] = generate(tmp_path_factory.mktemp(scheduler), deployment=["batch"], scheduler=scheduler)
        return made[scheduler]

    return project


@pytest.fixture(scope="session")
def jobs(generated: Callable[[str], Path]) -> Any:
    """The module schedule/jobs.py."""
    sys.path.insert(0, str(generated("cron") / "schedule"))
    import jobs

    return jobs


@pytest.fixture
def project(generated: Callable[[str], Path], tmp_path: Path) -> Path:
    """What of a project the wrapper needs, in a folder with a blank and a percent sign in its name."""
    folder = tmp_path / "my 100% project"
    shutil.copytree(generated("cron") / "schedule", folder / "schedule")
    shutil.copy(generated("cron") / "pyproject.toml", folder)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    command = folder / ".venv/bin/churn"
    command.write_text(STAND_IN)
    command.chmod(0o755)
    write(folder)
    return folder


def write(project: Path, time_zone: str = "UTC", **changed: object) -> None:
    """Write jobs.toml with one job, `batch`, whose further attempts follow at once."""
    values: dict[str, object] = {"at": "17 4 * * *", "command": ["batch", "batch.date={date}"], "retries": 2,
                                 "retry_minutes": 0, "timeout_minutes": 1, "enabled": True, **changed}  # fmt: skip
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    text = "\n".join([f'time_zone = "{time_zone}"', "[jobs.batch]", *lines])
    (project / "schedule/jobs.toml").write_text(text + "\n", "utf8")


def words(project: Path, *arguments: str) -> list[str]:
    return [str(project / ".venv/bin/python"), str(project / "schedule/run.py"), "batch", *arguments]


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the job as cron would: from elsewhere, with next to no environment."""
    return subprocess.run(
        words(project, *arguments), cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60
    )


def start(project: Path) -> subprocess.Popen[bytes]:
    """Start a run that does not end by itself, and return when its command is under way."""
    (project / "hold").touch()
    environment = {"PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(words(project), cwd="/", env=environment, stderr=subprocess.DEVNULL)
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


# The wrapper


def test_a_run_is_given_its_logical_date_and_keeps_what_was_said(project: Path) -> None:
    """The command gets the date, and the log its words between a line at the start and one at the end."""
    done = run(project, "--date", "2026-01-31")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert calls(project) == ["batch batch.date=2026-01-31"]
    assert re.fullmatch(
        r"\S+ batch: started for 2026-01-31T00:00:00\+00:00: churn batch batch.date=2026-01-31\n"
        r"the command speaks\n\S+ batch: ended with exit code 0 after \d+ s\n",
        log(project),
    )


def test_a_logical_date_is_of_the_zone_of_the_jobs(project: Path) -> None:
    """A moment late in the evening of UTC is the next day in Berlin, and {time} says so to the second."""
    write(project, "Europe/Berlin", command=["batch", "{date}", "{time}"])

    run(project, "--date", "2026-01-31T23:30:00Z")

    assert calls(project) == ["batch 2026-02-01 2026-02-01T00:30:00+01:00"]


def test_what_the_run_says_can_be_seen_as_well(project: Path) -> None:
    """An orchestrator that shows what a run says gets what is in the log."""
    done = run(project, "--echo")

    assert done.stdout == log(project)


def test_a_run_that_overlaps_the_last_one_is_left_out(project: Path) -> None:
    """While one runs, the next does not start: exit code 75, and a line in the log."""
    first = start(project)

    second = run(project)
    (project / "hold").unlink()

    assert second.returncode == 75
    assert first.wait(timeout=30) == 0
    assert len(calls(project)) == 1
    assert "left out" in log(project) and "exit code 75" in log(project)


@pytest.mark.parametrize(("code", "attempts"), [(0, 1), (3, 1), (1, 3), (2, 1)])
def test_only_a_bug_is_tried_again(project: Path, code: int, attempts: int) -> None:
    """Exit code 1 has its further attempts, wrong input (2) none; 3 counts as done. The code is handed on."""
    (project / "code").write_text(str(code))

    done = run(project)

    assert done.returncode == code
    assert len(calls(project)) == attempts
    assert log(project).count(f"ended with exit code {code}") == attempts
    assert bool(done.stderr) == (code in (1, 2))  # what cron mails
    assert len(done.stderr.splitlines()) <= 1


def test_who_makes_further_attempts_asks_for_one(project: Path) -> None:
    """Prefect and Airflow count the attempts themselves."""
    (project / "code").write_text("1")

    assert run(project, "--once").returncode == 1
    assert len(calls(project)) == 1


def test_a_run_that_takes_too_long_is_stopped(project: Path) -> None:
    """After its minutes it is ended with all that it started, exit code 124, and not tried again."""
    write(project, timeout_minutes=0.01)
    process = start(project)

    assert process.wait(timeout=30) == 124
    assert len(calls(project)) == 1
    assert "it took too long" in log(project)
    assert lock_is_free(project)


def test_a_signal_reaches_the_command(project: Path) -> None:
    """SIGTERM ends the command too, without a further attempt, and the log says so."""
    process = start(project)

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert "ended with exit code 143" in log(project)
    assert lock_is_free(project)


def test_a_signal_ends_the_wait_for_the_next_attempt(project: Path) -> None:
    """A run that waits to try again stops at once."""
    write(project, retry_minutes=60)
    (project / "code").write_text("1")
    process = subprocess.Popen(words(project), cwd="/", stderr=subprocess.DEVNULL)
    wait(lambda: calls(project) and "trying again" in log(project))

    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=30) == 128 + signal.SIGTERM
    assert len(calls(project)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a child that its parent was killed")
def test_killing_the_wrapper_leaves_nothing_behind(project: Path) -> None:
    """After kill -9 the command ends as well; until it has, nothing else starts, and then the lock is free."""
    process = start(project)

    process.kill()
    process.wait(timeout=30)

    wait(lambda: lock_is_free(project))
    (project / "hold").unlink()
    assert run(project).returncode == 0
    assert len(calls(project)) == 2


def test_a_run_ends_with_the_orchestrator_that_started_it(project: Path) -> None:
    """Killed, as Airflow kills a task that is stopped, a task leaves no command behind that nobody sees."""
    (project / "hold").touch()
    task = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", task, *words(project, "--once")], stderr=subprocess.DEVNULL)
    wait(lambda: calls(project))

    process.kill()
    process.wait(timeout=30)

    wait(lambda: "ended with exit code 143" in log(project))
    wait(lambda: lock_is_free(project))


def lock_is_free(project: Path) -> bool:
    """Whether no process holds the job's lock any more (a command that still runs would)."""
    done = subprocess.run(["flock", "--nonblock", str(project / "logs/batch.lock"), "true"], check=False)
    return done.returncode == 0


def test_a_log_does_not_grow_for_ever(project: Path) -> None:
    """A large log is put aside before the next run, the youngest as .1, and the oldest goes."""
    folder = project / "logs"
    folder.mkdir()
    for age in range(1, 5):
        (folder / f"batch.log.{age}").write_text(str(age))
    (folder / "batch.log").write_bytes(b"x" * 5_000_001)

    run(project)

    assert len(log(project)) < 1_000
    assert [(folder / f"batch.log.{age}").read_text()[0] for age in range(1, 5)] == ["x", "1", "2", "3"]
    assert not (folder / "batch.log.5").exists()


def test_what_an_orchestrator_has_set_for_itself_is_not_handed_on(project: Path) -> None:
    """Its PYTHONPATH and VIRTUAL_ENV would change what the project's own environment imports; telemetry stays off."""
    (project / ".venv/bin/churn").write_text("#!/bin/sh\nenv > seen\n")

    subprocess.run(words(project), env={"PATH": "/usr/bin:/bin", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "KEPT": "1"})

    seen = (project / "seen").read_text().splitlines()
    assert "KEPT=1" in seen and "DO_NOT_TRACK=true" in seen
    assert not [line for line in seen if line.startswith(("PYTHONPATH", "VIRTUAL_ENV"))]


# When a job is due


def test_what_is_due_runs_once(project: Path) -> None:
    """With --due, as cron calls it, a job runs for the time of its schedule; asked again, it has run."""
    write(project, at=now_as_cron(), command=["{time}"])

    run(project, "--due")
    run(project, "--due")

    (call,) = calls(project)
    due = datetime.datetime.fromisoformat(call)
    assert due.second == 0 and datetime.datetime.now(UTC) - due < datetime.timedelta(minutes=5)


def test_what_is_not_due_does_not_run(project: Path) -> None:
    """Asked at another time than its own, a job stays where it is, without a word."""
    now = datetime.datetime.now(UTC)
    write(project, at=f"{(now.minute + 30) % 60} * * * *")

    done = run(project, "--due")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not calls(project)


def test_the_latest_missed_run_is_made_good_once(project: Path) -> None:
    """After days without the machine, --missed runs the job for the latest time only, and then no more."""
    now = datetime.datetime.now(UTC)
    write(project, at=f"{(now.minute + 30) % 60} * * * *", command=["{time}"])
    record(project, now - datetime.timedelta(days=3))

    run(project, "--missed")
    run(project, "--missed")

    (call,) = calls(project)
    assert datetime.timedelta(0) < now - datetime.datetime.fromisoformat(call) < datetime.timedelta(hours=1)


@pytest.mark.parametrize(("ended", "attempts"), [(True, 0), (False, 1)])
def test_a_run_that_was_cut_off_counts_as_missed(project: Path, ended: bool, attempts: int) -> None:
    """When the machine went down in the middle, the run is made again for the same time."""
    moment = datetime.datetime.now(UTC).replace(second=0, microsecond=0)
    write(project, at=now_as_cron())
    record(project, moment, ended)

    run(project, "--missed")

    assert len(calls(project)) == attempts


def test_a_job_that_never_ran_has_missed_nothing(project: Path) -> None:
    """The first run after `make schedule` is the next one, not that of last week."""
    run(project, "--missed")

    assert not calls(project)


BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
DUE = [  # (expression, zone, now, due): what was the latest time, at that moment
    ("17 4 * * *", "UTC", "2026-03-01T04:16:59+00:00", "2026-02-28T04:17:00+00:00"),
    ("17 4 * * *", "UTC", "2026-03-01T04:17:00+00:00", "2026-03-01T04:17:00+00:00"),
    ("17 3 * * 1", "UTC", "2026-11-22T12:00:00+00:00", "2026-11-16T03:17:00+00:00"),
    ("0 0 * * 7", "UTC", "2026-11-23T12:00:00+00:00", "2026-11-22T00:00:00+00:00"),
    ("0 0 29 feb *", "UTC", "2026-11-22T12:00:00+00:00", "2024-02-29T00:00:00+00:00"),
    ("0 8-18/2 * * mon-fri", "UTC", "2026-11-22T12:00:00+00:00", "2026-11-20T18:00:00+00:00"),
    ("0 22 * * *", NEW_YORK, "2026-01-31T03:30:00+00:00", "2026-01-31T03:00:00+00:00"),  # still the 30th there
    # Clocks go forward at 02:00 in Berlin: 02:30 is left out, and happens as 03:30, an hour of the clock later.
    ("30 2 * * *", BERLIN, "2026-03-29T01:29:00+00:00", "2026-03-28T01:30:00+00:00"),
    ("30 2 * * *", BERLIN, "2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+00:00"),
    ("30 2 * * *", BERLIN, "2026-03-30T00:30:00+00:00", "2026-03-30T00:30:00+00:00"),
    # Clocks go back at 03:00: 02:30 comes twice and counts once, the first time.
    ("30 2 * * *", BERLIN, "2026-10-25T00:30:00+00:00", "2026-10-25T00:30:00+00:00"),
    ("30 2 * * *", BERLIN, "2026-10-25T01:30:00+00:00", "2026-10-25T00:30:00+00:00"),
    # A job of every hour runs in each hour that passes.
    ("30 * * * *", BERLIN, "2026-10-25T01:30:00+00:00", "2026-10-25T01:30:00+00:00"),
    ("30 * * * *", BERLIN, "2026-03-29T01:30:00+00:00", "2026-03-29T01:30:00+00:00"),
]


def job(jobs: Any, at: str, zone: str) -> Any:
    """A job with these times."""
    return jobs.Job(name="batch", zone=ZoneInfo(zone), at=at, command=("batch",), retries=0, retry_minutes=0,
                    timeout_minutes=1, enabled=True)  # fmt: skip


@pytest.mark.parametrize(("at", "zone", "now", "due"), DUE)
def test_a_job_is_due_by_the_clock_of_its_zone(jobs: Any, at: str, zone: str, now: str, due: str) -> None:
    """Days of the week, steps, leap years, and the hours that clocks leave out or show twice."""
    moment = datetime.datetime.fromisoformat

    assert job(jobs, at, zone).due(moment(now)) == moment(due)


# What is wrong is said in a line


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
    done = subprocess.run([*words(project)[:2], "bach"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr == "run: 'bach' is no job; expected batch (schedule/jobs.toml)\n"


def test_a_project_that_was_not_set_up_says_so(project: Path) -> None:
    """Without the project's command the message names the next step."""
    (project / ".venv/bin/churn").unlink()

    done = run(project)

    assert done.returncode == 2
    assert done.stderr.endswith(".venv/bin/churn; run make setup first\n")


# What the schedulers are given


def test_jobs_call_verbs_that_exist(generated: Callable[[str], Path]) -> None:
    """The first word of each job's command is a verb of the project, with and without batch."""
    folder = generated("cron")
    verbs = {path.stem for path in (folder / "src/churn/verbs").glob("*.py")}

    entries = tomllib.loads((folder / "schedule/jobs.toml").read_text("utf8"))["jobs"]

    assert entries.keys() == {"batch", "monitor", "retrain"}
    assert {entry["command"][0] for entry in entries.values()} <= verbs


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

    done = subprocess.run(
        [sys.executable, folder / "schedule/deployments.py"], capture_output=True, text=True, check=True
    )

    assert done.stdout == (folder / "prefect.yaml").read_text("utf8") == before


def test_a_change_of_the_jobs_file_reaches_the_deployments(generated: Callable[[str], Path], tmp_path: Path) -> None:
    """Times and zone come from there; a job that is not enabled is not deployed."""
    folder = Path(shutil.copytree(generated("prefect"), tmp_path / "churn"))
    text = (folder / "schedule/jobs.toml").read_text("utf8").replace('"UTC"', '"Europe/Berlin"')
    head, _, tail = text.rpartition("enabled = true")
    (folder / "schedule/jobs.toml").write_text(f"{head}enabled = false{tail}")

    subprocess.run([sys.executable, folder / "schedule/deployments.py"], capture_output=True, check=True)

    batch, monitor = yaml.safe_load((folder / "prefect.yaml").read_text("utf8"))["deployments"]
    assert (batch["parameters"], monitor["parameters"]) == ({"job": "batch"}, {"job": "monitor"})
    assert batch["schedules"] == [{"cron": "17 4 * * *", "timezone": "Europe/Berlin"}]
    assert batch["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


# cron


@pytest.fixture
def crontab(project: Path, tmp_path: Path) -> Run:
    """Run crontab.py with a `crontab` that keeps its lines in a file: nobody's own is touched."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "crontab").write_text(
        f'#!/bin/sh\n[ "$1" = - ] && exec cat > {tmp_path}/lines\nexec cat {tmp_path}/lines\n'
    )
    (folder / "crontab").chmod(0o755)

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(project / "schedule/crontab.py"), *words]
        variables = {"PATH": f"{folder}:/usr/bin:/bin", **environment}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

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
def test_cron_asks_whenever_a_job_is_due(jobs: Any, project: Path, at: str, zone: str, here: str) -> None:
    """Whatever the machine's zone is, its lines come round at each time of the job, where clocks change as well."""
    fields = runpy.run_path(str(project / "schedule/crontab.py"))["fields"]
    wanted = job(jobs, at, zone)
    asked = jobs.Times.parse(fields(wanted, ZoneInfo(here)))

    assert (fields(wanted, ZoneInfo(here)) == at) == (zone == here == "UTC")
    now = datetime.datetime.now(UTC) + datetime.timedelta(days=366)
    for _ in range(366):
        due = wanted.due(now)
        local = due.astimezone(ZoneInfo(here))
        assert local.minute in asked.minutes and local.hour in asked.hours and asked.on(local.date())
        now = due - datetime.timedelta(seconds=1)


# Locks


@pytest.mark.parametrize("name", ["prefect", "airflow"])
def test_an_orchestrator_has_a_lock_of_its_own(name: str) -> None:
    """It pins, with hashes and without a place, what its input bounds on both sides; no project's lock has it."""
    text = (ROOT / f"locks/orchestrators/{name}.txt").read_text("utf8")
    lines = (ROOT / f"locks/orchestrators/{name}.in").read_text("utf8").splitlines()
    wanted = [Requirement(line.split("  #")[0]) for line in lines if not line.startswith("#")]

    pins = dict(pin.split("==") for pin in MAKE["parse"](MAKE["check"](text)))

    assert all(hashes for _, hashes in MAKE["parse"](text).values())
    for requirement in wanted:
        assert {">=", "<"} <= {specifier.operator for specifier in requirement.specifier}
        assert requirement.specifier.contains(pins[requirement.name])
    assert not re.search(rf"^{wanted[-1].name}==", (ROOT / "locks/all.txt").read_text("utf8"), re.MULTILINE)


# The CI files


@pytest.mark.parametrize("name", ["{{github}}/.github/workflows/ci.yml", "{{gitlab}}/.gitlab-ci.yml"])
def test_ci_runs_the_commands_of_the_makefile(name: str) -> None:
    """The CI file is YAML, and every `make` in it is a target of the project's Makefile."""
    text = (TEMPLATE / name).read_text("utf8")
    targets = set(re.findall(r"^([a-z-]+):", (TEMPLATE / "Makefile.jinja").read_text("utf8"), re.MULTILINE))

    called = set(re.findall(r"(?:- run:|-|&&) make ([a-z-]+)", text))

    assert yaml.safe_load(text)
    assert {"setup", "lint", "test", "all"} <= called <= targets
