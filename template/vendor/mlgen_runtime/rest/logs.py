"""Structured logs: one JSON object per line on standard output, with the request's id.

    {"at":"2026-01-31T12:00:00.123Z","level":"info","event":"request","request_id":"5f0c…","path":"/predict",…}

The event loop only appends to a queue; a thread writes, ten times a second. So a full pipe or disk behind the log slows
no request: lines beyond the queue's limit are dropped, and counted.
"""

from __future__ import annotations

import collections
import datetime
import functools
import logging
import os
import sys
import threading
import traceback
from typing import Any

import msgspec

#: Lines that may wait for a log that does not accept them (about 20 MB).
QUEUE = 50_000
INTERVAL = 0.1


class JsonLog:
    """A queue of entries and the thread that writes them. `dropped` counts lines that could not be written."""

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = sys.stdout.fileno() if descriptor is None else descriptor
        self.dropped = 0
        self._lines: collections.deque[bytes] = collections.deque()
        self._stop = threading.Event()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, at: float, entry: dict[str, Any]) -> None:
        """Queue one entry; `at` is in seconds since 1970."""
        if len(self._lines) >= QUEUE:
            self.dropped += 1
            return
        self._lines.append(self._encode({"at": stamp(at), **entry}))

    def close(self) -> None:
        """Write what waits, but wait at most a second for a log that does not accept it."""
        self._stop.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._flush()
        self._flush()

    def _flush(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        data = b"\n".join([*lines, b""]) if lines else b""
        try:
            while data:
                data = data[os.write(self.descriptor, data) :]
        except OSError:  # nobody reads, or the disk is full: counted in log_lines_dropped_total, and serving goes on
            self.dropped += data.count(b"\n")


class Handler(logging.Handler):
    """Sends the records of Python's logging (uvicorn's, any library's) to the same lines."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__()
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        entry: dict[str, Any] = {
            "level": record.levelname.lower(),
            "event": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            entry["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        self.log.write(record.created, entry | getattr(record, "fields", {}))


def install(log: JsonLog) -> None:
    """Route Python's logging to `log`, warnings and above; information from the server itself too."""
    logging.basicConfig(level=logging.WARNING, handlers=[Handler(log)], force=True)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logging.getLogger(__package__).setLevel(logging.INFO)


def stamp(at: float) -> str:
    """A moment in UTC, ISO 8601 with milliseconds."""
    return f"{_second(int(at))}.{int(at % 1 * 1000):03d}Z"


@functools.lru_cache(maxsize=4)
def _second(at: int) -> str:
    """A whole second in UTC; the same one is asked for again and again."""
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%dT%H:%M:%S}"
