"""Run one job of schedule/jobs.toml: the wrapper that cron, Prefect and Airflow call, and that works by hand.

    .venv/bin/python -m mlgen_runtime.scheduling.run retrain                       # now
    .venv/bin/python -m mlgen_runtime.scheduling.run batch --date 2026-01-31       # again, for another logical date

It calls the project's own command in the project's own environment, one run at a time for each job. What the run says
goes to logs/JOB.log, between lines such as

    2026-01-31T04:17:02+00:00 batch: started for 2026-01-31T04:17:00+00:00: churn batch batch.date=2026-01-31
    2026-01-31T04:19:40+00:00 batch: ended with exit code 0 after 158 s

Exit codes: those of the command (0 done, 3 done but an alert fired or nothing was promoted, 2 wrong input, 1 a bug),
75 left out because the run before it still runs, 124 stopped because it took too long, 128 + the number of a signal.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import fcntl
import json
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..core import atomic, process
from ..core.errors import InputError
from . import exit_codes
from .attempt import Signals, attempt
from .jobs import Job, logical_date, project_root, read
from .launch import executable
from .log import Log

LATE = datetime.timedelta(minutes=10)  # by which cron may start what is due


def main() -> int:
    """Read the command line, run the job, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m mlgen_runtime.scheduling.run", description="Run one job of schedule/jobs.toml."
    )
    parser.add_argument("job", help="its name")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--date", help="the logical date, such as 2026-01-31 or 2026-01-31T06:00:00; else now")
    when.add_argument("--due", action="store_true", help="only if it is due now and has not run for that time")
    when.add_argument("--missed", action="store_true", help="only if its latest run was missed or cut off")
    parser.add_argument(
        "--once", action="store_true", help="for orchestrators: no further attempts, and end with the caller"
    )
    parser.add_argument("--echo", action="store_true", help="print what the run says, beside logging it")
    try:
        return run(project_root(), parser.parse_args())
    except InputError as error:
        print(f"run: {error}", file=sys.stderr)
        return exit_codes.WRONG


def run(root: Path, asked: argparse.Namespace) -> int:
    """Run the job that was asked for unless it is not due, and return its exit code. Raises InputError."""
    plan = read(root)
    job = plan.job(asked.job)
    command = executable(root, plan.project)
    now = datetime.datetime.now(datetime.UTC)
    logs = root / "logs"
    logs.mkdir(exist_ok=True)
    record = Record(logs / f"{job.name}.last.json")
    planned = asked.due or asked.missed
    moment = job.due(now) if planned else logical_date(asked.date, job.zone) if asked.date else now
    if planned and not (record.misses(moment) if asked.missed else now - moment < LATE and record.last != moment):
        return 0
    log = Log(logs / f"{job.name}.log", job, asked.echo)
    told = moment.astimezone(job.zone).isoformat(timespec="seconds")
    with only(logs / f"{job.name}.lock") as lock:
        if lock is None:
            log.say(f"left out for {told}: the run before it still runs (exit code {exit_codes.LEFT_OUT})")
            return exit_codes.LEFT_OUT
        log.rotate()
        if planned:
            record.write(moment, ended=False)
        words = [str(command), *job.words(moment)]
        log.say(f"started for {told}: {shlex.join([plan.project, *words[1:]])}")
        code = attempts(root, job, words, log, lock, once=asked.once)
        if planned:
            record.write(moment, ended=True)
    if code not in exit_codes.DONE:
        print(f"run: {job.name} ended with exit code {code}; see {log.path}", file=sys.stderr)  # cron mails it
    return code


def attempts(root: Path, job: Job, words: list[str], log: Log, lock: IO[bytes], *, once: bool) -> int:
    """Run the command until it ends with something else than a bug, as often as the job says, or once."""
    signals = Signals(of_parent=once)
    retries = 0 if once else job.retries
    for left in range(retries, -1, -1):
        start = time.monotonic()
        code = attempt(root, words, log, lock, signals, 60 * job.timeout_minutes)
        log.say(f"ended with {exit_codes.describe(code)} after {time.monotonic() - start:.0f} s")
        if code != exit_codes.BUG or not left:
            break
        log.say(f"trying again in {job.retry_minutes:g} minutes; {left} of {retries} further attempts left")
        if signals.within(60 * job.retry_minutes):
            log.say(f"stopped by signal {signals.received} before the next attempt")
            return exit_codes.SIGNALLED + signals.received
    return code


class Record:
    """For which time a job ran last of those that it is scheduled for, and whether that run came to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last: datetime.datetime | None = None
        self.ended = True
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):  # none yet, or a broken one: none
            found = json.loads(path.read_text("utf8"))
            self.last, self.ended = datetime.datetime.fromisoformat(found["last"]), bool(found["ended"])

    def misses(self, moment: datetime.datetime) -> bool:
        """Whether the run for `moment` did not happen, or was cut off, of a job that has run before."""
        return self.last is not None and (self.last < moment or not self.ended)

    def write(self, moment: datetime.datetime, *, ended: bool) -> None:
        """Write the run down, in one step."""
        atomic.write(self.path, json.dumps({"last": moment.isoformat(), "ended": ended}))


@contextlib.contextmanager
def only(path: Path) -> Iterator[IO[bytes] | None]:
    """Hold the lock of a job; None while another process does. The system frees it when its holders have ended."""
    with path.open("ab") as lock:
        if not process.try_lock(lock.fileno()):
            yield None
            return
        yield lock
        fcntl.flock(lock, fcntl.LOCK_UN)  # closing it would not free it while something that was left behind has it


if __name__ == "__main__":
    sys.exit(main())
