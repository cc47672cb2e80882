"""Keeps each prediction in the log: appended to a file before the answer is sent, and shipped by a process of its own.

What is shown of it in /metrics:

    prediction_log_entries_total 81234            prediction_log_dropped_total{reason="memory"} 0
    prediction_log_waiting_bytes 0                prediction_log_unshipped_bytes 8123
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..hooks import Answered, Labels, Observer, Place, Refusal, Sample
from . import entry, place, report, segment, ship
from .journal import Journal
from .settings import LogSettings, from_environment, to_environment

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig

#: Seconds between two looks whether a process ships, and how much there is.
LOOK = 5.0


def variables(config: RunConfig) -> dict[str, str]:
    """The settings of conf/log, with paths that hold anywhere."""
    return to_environment(config.layer("log", LogSettings).within(config.root))


def check(environment: Mapping[str, str]) -> None:
    """Refuse settings that cannot be read."""
    from_environment(environment)


def observe(where: Place) -> Observer | None:
    """Keep the log of a service, where it is not turned off."""
    settings = from_environment(where.environment)
    if settings.sample == 0 or where.source != "rest":
        return None
    place.check(settings, where.model.contract)
    return Log(settings, where)


class Log(Observer):
    """The log of one process of a service."""

    def __init__(self, settings: LogSettings, where: Place) -> None:
        self.settings, self.where = settings, where
        self.folder = Path(settings.folder)
        self.redact = frozenset(settings.redact)
        self.limit = int(settings.disk_mb * 1e6)
        self.lost = 0
        self.shipper: subprocess.Popen[bytes] | None = None
        self._looked = 0.0
        self._share = int(settings.sample * 2**32)
        writer = segment.Writer(self.folder, min(segment.FULL, max(self.limit // 8, 1)))
        self._place(where.model)
        self.journal = Journal(writer, int(settings.memory_mb * 1e6), settings.sync_seconds, self._turn)

    def predicted(self, answered: Answered) -> None:
        """Append the request with its answer."""
        if self._chosen(answered.id):
            self.journal.write(entry.answered(answered, self.redact))

    def refused(self, refusal: Refusal) -> None:
        """Append why a request got no prediction."""
        if self._chosen(refusal.id):
            self.journal.write(entry.refused(refusal, self.redact))

    def swapped(self, model: Predictor) -> None:
        """Another contract may name other ids."""
        self._place(model)

    def samples(self) -> Iterable[Sample]:
        """What became of this process's entries."""
        tally = self.journal.tally
        yield Sample("prediction_log_entries_total", "counter", "Entries of the log that were written.", tally.written)
        dropped = "Entries that were lost: what may wait in memory, or on the disk, was full."
        for reason, count in (("memory", tally.dropped), ("disk", self.lost)):
            yield Sample("prediction_log_dropped_total", "counter", dropped, count, (("reason", reason),))
        waiting = "Bytes of entries in memory that wait for a slow disk."
        yield Sample("prediction_log_waiting_bytes", "gauge", waiting, tally.waiting_bytes)

    def derived(self, summed: Mapping[tuple[str, Labels], float]) -> Iterable[Sample]:
        """How far shipping is: the folder is one for all processes."""
        standing = report.read(self.folder)
        left = sum(
            max(0, segment.size(self.folder / each.name) - standing.offsets.get(each.name, 0))
            for each in segment.segments(self.folder)
        )
        yield Sample("prediction_log_unshipped_bytes", "gauge", "Bytes of entries that wait for the database.", left)
        away = "1 while the log's database cannot be reached or written."
        yield Sample("prediction_log_database_away", "gauge", away, float(standing.away is not None))

    def close(self) -> None:
        """Write what waits, and let the shipper come to its end."""
        self.journal.close()
        if self.shipper is not None and self.shipper.poll() is None:
            self.shipper.terminate()

    def _chosen(self, request_id: str) -> bool:
        """Whether a request belongs to the sample: the same for the same id, wherever it is asked."""
        if self._share >= 2**32:
            return True
        return int.from_bytes(hashlib.blake2b(request_id.encode(), digest_size=4).digest()) < self._share

    def _place(self, model: Predictor) -> None:
        """Write down where this is, for the shipper; where the disk does not take it now, later."""
        key = place.key_of(self.settings, model.contract)
        outcomes = place.beside(self.folder, self.where.outcomes)
        self.origin: place.LogOrigin | None = place.LogOrigin(store=str(self.where.store), outcomes=outcomes, key=key)
        with contextlib.suppress(OSError):
            self._write_place()

    def _write_place(self) -> None:
        if self.origin is not None:
            place.keep(self.folder, self.origin)
            self.origin = None

    def _turn(self) -> None:
        """Now and then, on the journal's thread: bound what waits on the disk, and see that somebody ships."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            self._write_place()
            self.lost += segment.bound(self.folder, self.limit, report.read(self.folder).offsets)
            if not ship.is_running(self.folder):
                self._start()

    def _start(self) -> None:
        """Start the process that ships. Its environment says all, and it ends when this one does.

        A group of its own keeps Ctrl-C from it. A session of its own would, too, but Linux shares the processor out
        among sessions first: the lowest priority would then count for nothing beside the service.
        """
        if self.shipper is not None:
            self.shipper.poll()
        environment = {**os.environ, **to_environment(self.settings), "OMP_NUM_THREADS": "1"}
        module = ship.__name__
        self.shipper = subprocess.Popen(
            [sys.executable, "-m", module], env=environment, stdin=subprocess.DEVNULL, process_group=0
        )
