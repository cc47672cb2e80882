"""The log of a job, logs/JOB.log: what its runs said, with a line at their start and their end."""

from __future__ import annotations

import datetime
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from .jobs import Job

LARGEST = 5_000_000  # bytes of a log; beyond it, the next run begins a new one
KEPT = 4  # older logs: JOB.log.1 is the youngest


class Log:
    """One job's log, to which the wrapper adds lines and its command whatever it says; echoed where that is wanted."""

    def __init__(self, path: Path, job: Job, echo: bool) -> None:
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
        if not self.echo:
            return
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
        if self.path.exists() and self.path.stat().st_size > LARGEST:
            RotatingFileHandler(self.path, backupCount=KEPT, delay=True).doRollover()
            self.read = 0
