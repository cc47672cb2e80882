"""Run one job of jobs.toml: the wrapper that cron, Prefect and Airflow call, and that works by hand.

    .venv/bin/python schedule/run.py retrain                       # now
    .venv/bin/python schedule/run.py batch --date 2026-01-31       # again, for another logical date

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
import ctypes
import datetime
import fcntl
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import jobs

ROOT = Path(__file__).absolute().parents[1]
LATE = datetime.timedelta(minutes=10)  # by which cron may start what is due
GRACE = 30.0  # seconds that a run has to stop in after SIGTERM
TICK = 0.2  # seconds between two looks at a run
LARGEST = 5_000_000  # bytes of a log; beyond it, the next run begins a new one
KEPT = 4  # older logs: JOB.log.1 is the youngest
DIES_WITH_PARENT = 1  # prctl(2): PR_SET_PDEATHSIG
#: What an orchestrator's environment must not hand on to the project's.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def main() -> int:
    """Read the command line, run the job, and return the exit code."""
    parser = argparse.ArgumentParser(description="Run one job of schedule/jobs.toml.")
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
        return run(parser.parse_args())
    except jobs.Wrong as error:
        print(f"run: {error}", file=sys.stderr)
        return jobs.WRONG


def run(asked: argparse.Namespace) -> int:
    """Run the job that was asked for unless it is not due, and return its exit code. Raises Wrong."""
    plan = jobs.read(ROOT)
    job = plan.job(asked.job)
    command = ROOT / ".venv" / "bin" / plan.project
    if not command.exists():
        raise jobs.Wrong(f"there is no {command}; run make setup first")
    now = datetime.datetime.now(datetime.UTC)
    logs = ROOT / "logs"
    logs.mkdir(exist_ok=True)
    record = Record(logs / f"{job.name}.last.json")
    planned = asked.due or asked.missed
    moment = job.due(now) if planned else jobs.moment(asked.date, job.zone) if asked.date else now
    if planned and not (record.misses(moment) if asked.missed else now - moment < LATE and record.last != moment):
        return 0
    log = Log(logs / f"{job.name}.log", job, asked.echo)
    told = moment.astimezone(job.zone).isoformat(timespec="seconds")
    with only(logs / f"{job.name}.lock") as lock:
        if lock is None:
            log.say(f"left out for {told}: the run before it still runs (exit code {jobs.LEFT_OUT})")
            return jobs.LEFT_OUT
        log.rotate()
        if planned:
            record.write(moment, ended=False)
        words = [str(command), *job.words(moment)]
        log.say(f"started for {told}: {shlex.join([plan.project, *words[1:]])}")
        code = attempts(job, words, log, lock, Signals(of_parent=asked.once), 0 if asked.once else job.retries)
        if planned:
            record.write(moment, ended=True)
    if code not in jobs.DONE:
        print(f"run: {job.name} ended with exit code {code}; see {log.path}", file=sys.stderr)  # cron mails it
    return code


def attempts(job: jobs.Job, words: list[str], log: Log, lock: IO[bytes], signals: Signals, retries: int) -> int:
    """Run the command until it ends with something else than a bug, `retries` times more at most."""
    for left in range(retries, -1, -1):
        start = time.monotonic()
        code = attempt(words, log, lock, signals, 60 * job.timeout_minutes)
        log.say(f"ended with exit code {code}{jobs.MEANINGS.get(code, '')} after {time.monotonic() - start:.0f} s")
        if code != jobs.BUG or not left:
            break
        log.say(f"trying again in {job.retry_minutes:g} minutes; {left} of {retries} further attempts left")
        if signals.within(60 * job.retry_minutes):
            log.say(f"stopped by signal {signals.received} before the next attempt")
            return 128 + signals.received
    return code


def attempt(words: list[str], log: Log, lock: IO[bytes], signals: Signals, timeout: float) -> int:
    """Run the command once and return its exit code; stop it when it takes too long, or when this process is told to.

    The command has the lock, too: should this process be killed, nothing else starts before the command has ended,
    and where the system can do it (Linux), the command is told to.
    """
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= {"DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONUNBUFFERED": "1"}
    with log.path.open("ab") as out:
        child = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True, pass_fds=(lock.fileno(),), preexec_fn=dying_with(os.getpid()),
        )  # fmt: skip
    end, stopped = time.monotonic() + timeout, 0
    try:
        while (code := child.poll()) is None:
            log.follow()
            if time.monotonic() > end:
                kill(child, signal.SIGKILL if stopped else signal.SIGTERM)
                stopped, end = stopped or jobs.TIMED_OUT, time.monotonic() + GRACE
            if stopped:
                time.sleep(TICK)
            elif signals.within(TICK):
                kill(child, signal.Signals(signals.received))
                stopped, end = 128 + signals.received, time.monotonic() + GRACE
    finally:
        if stopped or child.returncode is None:
            kill(child, signal.SIGKILL)  # what it started itself and left behind
        log.follow()
    return stopped or (code if code >= 0 else 128 - code)


def kill(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the command and to what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def dying_with(parent: int) -> Callable[[], None] | None:
    """Return what a child calls so that it ends when its parent is killed; None where the system cannot do that."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # found before the fork: nothing may be loaded after it

    def ask() -> None:
        prctl(DIES_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # killed in between
            os._exit(128 + signal.SIGTERM)

    return ask


class Signals:
    """The signals that ask this process to stop; the first one counts.

    With `of_parent` the end of the process that started this one counts as SIGTERM: Airflow kills a task that it stops,
    and what the task started would go on unseen.
    """

    def __init__(self, *, of_parent: bool) -> None:
        self.received = 0
        self.parent = os.getppid() if of_parent else None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda got, _: setattr(self, "received", self.received or got))

    def within(self, seconds: float) -> bool:
        """Wait, and return at once when there has been a signal: whether there was."""
        end = time.monotonic() + seconds
        while not self.received and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, TICK))
            if self.parent and os.getppid() != self.parent:
                self.received = self.received or signal.SIGTERM
        return bool(self.received)


class Log:
    """The log of a job: what its runs say, with a line at their start and their end."""

    def __init__(self, path: Path, job: jobs.Job, echo: bool) -> None:
        self.path, self.job, self.echo = path, job, echo
        self.read = path.stat().st_size if path.exists() else 0

    def say(self, text: str) -> None:
        """Add a line with the time and the job's name."""
        now = datetime.datetime.now(self.job.zone).isoformat(timespec="seconds")
        with self.path.open("a", encoding="utf8") as file:
            file.write(f"{now} {self.job.name}: {text}\n")
        self.follow()

    def follow(self) -> None:
        """Print what has come in since the last time, if it is to be echoed."""
        if self.echo:
            with self.path.open("rb") as file:
                file.seek(self.read)
                new = file.read()
            self.read += len(new)
            try:
                sys.stdout.buffer.write(new)
                sys.stdout.buffer.flush()
            except BrokenPipeError:  # who listened is gone; the run goes on, and the lock is kept
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                self.echo = False

    def rotate(self) -> None:
        """Begin a new log when this one is large, and keep a few of the old ones."""
        if not self.path.exists() or self.path.stat().st_size <= LARGEST:
            return
        names = [self.path, *(self.path.with_name(f"{self.path.name}.{age}") for age in range(1, KEPT + 1))]
        for younger, older in zip(names[-2::-1], names[:0:-1], strict=True):
            if younger.exists():
                younger.replace(older)
        self.read = 0


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
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps({"last": moment.isoformat(), "ended": ended}), "utf8")
        part.replace(self.path)


@contextlib.contextmanager
def only(path: Path) -> Iterator[IO[bytes] | None]:
    """Hold the lock of a job; None while another process does. The system frees it when its holders have ended."""
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock
            fcntl.flock(lock, fcntl.LOCK_UN)


if __name__ == "__main__":
    sys.exit(main())
