"""Entries on their way into the files, without ever making an answer wait for long.

Usually `write` appends at once, on the caller's thread: that takes microseconds, and what was answered is in the files
whatever happens to the process. When the disk becomes slow or full, the journal lets go: entries wait in a bounded
queue, a thread writes them, and what the queue does not hold is dropped and counted. Once the thread has caught up,
`write` appends at once again.
"""

from __future__ import annotations

import collections
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .segment import Writer

#: Seconds that appending may take in all, within one turn of the thread, before `write` lets go of it. A single
#: append that took a hundredth of a second was more likely held up by the processor than by the disk.
SLOW, NOTICED = 0.1, 0.01
#: Bytes that the thread appends at a time.
PIECE = 1 << 18
#: Seconds after which a slow or full disk is tried again.
PAUSE = 0.1

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """What became of the entries of this process."""

    written: int = 0
    dropped: int = 0
    waiting_bytes: int = 0


class Journal:
    """Writes entries, syncs them `every` so many seconds, holds at most `memory` bytes of them for a slow disk.

    `turn` is called on the journal's thread after each sync, for what else is to be done now and then.
    """

    def __init__(self, writer: Writer, memory: int, every: float, turn: Callable[[], None] = lambda: None) -> None:
        self.writer, self.memory, self.every, self._turn = writer, memory, every, turn
        self.tally = Tally()
        self.detached = False
        self._lines: collections.deque[bytes] = collections.deque()
        self._spent, self._fault = 0.0, ""
        self._guard = threading.Lock()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Keep one entry: a line that ends in a newline. For one thread only."""
        if self.detached and self._queue(line):
            return
        began = time.perf_counter()
        try:
            self.writer.append(line)
        except OSError as error:
            self._let_go(str(error), line)
            return
        self.tally.written += 1
        spent = time.perf_counter() - began
        if spent > NOTICED:
            self._spent += spent
            if self._spent > SLOW:
                self._let_go(f"appending took {self._spent:.2f} s")

    def close(self) -> None:
        """Write what waits, but wait some seconds at most for a disk that does not take it; let go of the files."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=5.0)
        if not self._thread.is_alive():
            self.writer.close()
        if self._lines:
            logger.error("%d entries of the log of predictions are lost: the disk did not take them", len(self._lines))

    def _let_go(self, why: str, line: bytes | None = None) -> None:
        """Leave appending to the thread, from a line on that the disk did not take."""
        with self._guard:
            self.detached = True
            if line is not None:
                self._keep(line)
        self._wake.set()
        logger.warning("the log of predictions is written later for now: %s", why)

    def _queue(self, line: bytes) -> bool:
        """Put an entry into the queue, or drop it; False where the thread has caught up meanwhile."""
        with self._guard:
            if not self.detached:
                return False
            self._keep(line)
            return True

    def _keep(self, line: bytes) -> None:
        """Hold an entry in memory, if there is room."""
        if self.tally.waiting_bytes + len(line) > self.memory:
            self.tally.dropped += 1
        else:
            self._lines.append(line)
            self.tally.waiting_bytes += len(line)

    def _run(self) -> None:
        synced = time.monotonic()
        while not self._stop.is_set():
            self._wake.wait(PAUSE if self.detached else self.every)
            self._wake.clear()
            if self.detached:
                self._catch_up()
            if time.monotonic() - synced >= self.every or not self.detached:
                synced, self._spent = time.monotonic(), 0.0
                self._sync()
        if self.detached:
            self._catch_up()

    def _sync(self) -> None:
        try:
            self.writer.sync()
            self._turn()
            self._fault = ""
        except OSError as error:
            if str(error) != self._fault:  # said once, not every second
                self._fault = str(error)
                logger.warning("the log of predictions could not be tended: %s", error)

    def _catch_up(self) -> None:
        """Write what waits; where nothing does any more and the disk is quick, hand appending back to the callers."""
        quick = False
        while piece := self._piece():
            began = time.perf_counter()
            try:
                self.writer.append(b"".join(piece))
            except OSError:
                with self._guard:
                    self._lines.extendleft(reversed(piece))
                return
            quick = time.perf_counter() - began < SLOW
            with self._guard:
                self.tally.waiting_bytes -= sum(map(len, piece))
            self.tally.written += len(piece)
        if quick:
            with self._guard:
                self.detached = bool(self._lines)

    def _piece(self) -> list[bytes]:
        """Take some entries out of the queue."""
        found: list[bytes] = []
        size = 0
        with self._guard:
            while self._lines and size < PIECE:
                found.append(self._lines.popleft())
                size += len(found[-1])
        return found
