"""One attempt at a job: the project's command as a process, ended when it takes too long or when someone asks.

No tool does this. coreutils' `timeout` knows neither the end of its caller nor a lock, and is not on every system;
process managers start what runs for ever, not what ends with an exit code that says whether to try again.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from .exit_codes import SIGNALLED, TIMED_OUT
from .launch import environment
from .log import Log

GRACE = 30.0  # seconds that a run has to stop in after SIGTERM
TICK = 0.2  # seconds between two looks at a run
DIES_WITH_PARENT = 1  # prctl(2): PR_SET_PDEATHSIG


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


def attempt(root: Path, words: list[str], log: Log, lock: IO[bytes], signals: Signals, timeout: float) -> int:
    """Run the command once and return its exit code; stop it when it takes too long, or when this process is told to.

    The command has the lock, too: should this process be killed, nothing else starts before the command has ended,
    and where the system can do it (Linux), the command is told to.
    """
    variables = environment(DO_NOT_TRACK="true", MLFLOW_DISABLE_TELEMETRY="true", PYTHONUNBUFFERED="1")
    with log.path.open("ab") as out:
        child = subprocess.Popen(
            words, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True, pass_fds=(lock.fileno(),), preexec_fn=_dying_with(os.getpid()),
        )  # fmt: skip
    end, stopped = time.monotonic() + timeout, 0
    try:
        while (code := child.poll()) is None:
            log.follow()
            if time.monotonic() > end:
                _kill(child, signal.SIGKILL if stopped else signal.SIGTERM)
                stopped, end = stopped or TIMED_OUT, time.monotonic() + GRACE
            if stopped:
                time.sleep(TICK)
            elif signals.within(TICK):
                _kill(child, signal.Signals(signals.received))
                stopped, end = SIGNALLED + signals.received, time.monotonic() + GRACE
    finally:
        if stopped or child.returncode is None:
            _kill(child, signal.SIGKILL)  # what it started itself and left behind
        log.follow()
    return stopped or (code if code >= 0 else SIGNALLED - code)


def _kill(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the command and to what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _dying_with(parent: int) -> Callable[[], None] | None:
    """Return what a child calls so that it ends when its parent is killed; None where the system cannot do that."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # found before the fork: nothing may be loaded after it

    def ask() -> None:
        prctl(DIES_WITH_PARENT, signal.SIGTERM)
        if os.getppid() != parent:  # killed in between
            os._exit(SIGNALLED + signal.SIGTERM)

    return ask
