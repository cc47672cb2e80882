"""The wrapper that runs a job: its log, its lock, its attempts, its end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stand_in import calls, log, run, start, wait, words, write


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
    process = subprocess.Popen(words(project), cwd=project, stderr=subprocess.DEVNULL)
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
    command = [sys.executable, "-c", task, *words(project, "--once")]
    process = subprocess.Popen(command, cwd=project, stderr=subprocess.DEVNULL)
    wait(lambda: calls(project))

    process.kill()
    process.wait(timeout=30)

    wait(lambda: lock_is_free(project))
    assert log(project).count("ended with exit code 143") == 1


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

    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/y", "KEPT": "1"}
    subprocess.run(words(project), cwd=project, env=variables)

    seen = (project / "seen").read_text().splitlines()
    assert "KEPT=1" in seen and "DO_NOT_TRACK=true" in seen
    assert not [line for line in seen if line.startswith(("PYTHONPATH", "VIRTUAL_ENV"))]
