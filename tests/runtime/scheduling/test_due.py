"""When a job is due, and which runs are made good."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from stand_in import BERLIN, NEW_YORK, UTC, calls, job, now_as_cron, record, run, write


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


@pytest.mark.parametrize(("at", "zone", "now", "due"), DUE)
def test_a_job_is_due_by_the_clock_of_its_zone(at: str, zone: str, now: str, due: str) -> None:
    """Days of the week, steps, leap years, and the hours that clocks leave out or show twice."""
    moment = datetime.datetime.fromisoformat

    assert job(at, zone).due(moment(now)) == moment(due)
