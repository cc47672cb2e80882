"""Ships what was appended into the database: rows and how far they reach, in one transaction.

So nothing is lost or doubled, whenever this process or the database ends. A service starts it as a process of its own,
of the lowest priority (`python -m mlgen_runtime.prediction_log.ship`), which ends soon after the service; whoever looks
at the log ships first, by `ship_once`. Many may ship at once: who finds that another was there already leaves it to
that one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..core import process
from ..core.errors import InputError
from . import decode, place, report, retention, segment, tail
from .database import Away, Database, open_database
from .settings import LogSettings, from_environment
from .shadow import Shadow

#: Held by the one process that ships all the time, and by whoever ships just now.
HELD, TURN = "shipper.lock", "shipping.lock"
#: Seconds between two attempts to reach a database that is away: the first, and the longest.
PATIENCE = (1.0, 30.0)


@dataclass
class Shipped:
    """What was shipped, and how far each file has been: `broken` lines were no entries."""

    predictions: int = 0
    refusals: int = 0
    outcomes: int = 0
    broken: int = 0
    offsets: dict[str, int] = field(default_factory=dict)

    def count(self, rows: decode.Rows) -> None:
        """Add rows that are in the database now."""
        self.predictions += len(rows.predictions)
        self.refusals += len(rows.refusals)
        self.outcomes += len(rows.outcomes)
        self.broken += rows.broken


class _Overtaken(Exception):
    """Somebody else has shipped this part."""


class Shipper:
    """Ships one folder into one database."""

    def __init__(self, settings: LogSettings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.folder = Path(settings.folder)
        self.shadow = Shadow(settings)

    def turn(self, shipped: Shipped) -> None:
        """Ship all that is there now. Raises Away where the database is."""
        if self.database.is_gone:
            raise Away(f"log.database: {self.database.described} was removed or replaced; it is opened anew")
        with _turn(self.folder):
            origin = place.read(self.folder)
            self.shadow.follow(origin)
            every = segment.segments(self.folder)
            done = segment.finished(self.folder, every)  # before their sizes are looked at: those grow no more
            offsets = self._offsets()
            for each in every:
                path, complete = self.folder / each.name, each in done
                end = self._file(path, each.name, offsets.get(each.name, 0), complete, origin.key, shipped)
                if complete and end is not None:
                    path.unlink(missing_ok=True)
                    shipped.offsets.pop(each.name, None)
                    self.database.run("DELETE FROM segment_log WHERE name = ?", (each.name,))
            self._outcomes(origin, offsets, shipped)
            segment.tidy(self.folder)
            retention.enforce(self.database, self.settings.retention_days)
            report.keep(self.folder, shipped)

    def _file(
        self, path: Path, name: str, start: int, complete: bool, key: tuple[str, ...], shipped: Shipped
    ) -> int | None:
        """Ship a file's lines; return where they end, or None where it is not known: somebody else ships it."""

        def rows(lines: list[bytes]) -> decode.Rows:
            found = decode.Rows()
            entries = decode.entries(lines, found)
            decode.fill(found, entries, key)
            found.predictions += self.shadow.answers(entries, key)
            return found

        return self._lines(path, name, start, complete, rows, shipped)

    def _lines(
        self,
        path: Path,
        name: str,
        start: int,
        complete: bool,
        rows: Callable[[list[bytes]], decode.Rows],
        shipped: Shipped,
    ) -> int | None:
        try:
            end = path.stat().st_size
        except FileNotFoundError:
            return None
        at = start
        while at < end:
            lines, to = tail.read(path, at, end, complete)
            if to == at:
                break
            try:
                self._keep(name, at, to, rows(lines), shipped)
            except _Overtaken:
                return None
            at = to
        shipped.offsets[name] = at
        return at

    def _keep(self, name: str, start: int, end: int, rows: decode.Rows, shipped: Shipped) -> None:
        """Write rows and how far they reach together."""
        now = time.time()
        with self.database.transaction():
            moved = self.database.run(
                "UPDATE segment_log SET shipped = ?, at = ? WHERE name = ? AND shipped = ?", (end, now, name, start)
            )
            if not moved and start == 0:
                moved = self.database.run(
                    "INSERT INTO segment_log (name, shipped, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (name, end, now),
                )
            if not moved:
                raise _Overtaken
            rows.write(self.database)
        shipped.count(rows)

    def _outcomes(self, origin: place.LogOrigin, offsets: dict[str, int], shipped: Shipped) -> None:
        """Ship what the service was told of the truth; its file is only ever appended to, and stays."""
        path = origin.outcomes_from(self.folder)
        if path is None or not path.exists():
            return
        name = f"{place.identity(self.folder)}:{origin.outcomes}"
        start = offsets.get(name, 0)
        if path.stat().st_size < start:  # another file, under the same name
            self.database.run("DELETE FROM segment_log WHERE name = ?", (name,))
            start = 0

        def rows(lines: list[bytes]) -> decode.Rows:
            found = decode.Rows()
            decode.outcomes(lines, found)
            return found

        self._lines(path, name, start, False, rows, shipped)

    def _offsets(self) -> dict[str, int]:
        """How far each file has been shipped."""
        return {str(name): int(end) for name, end in self.database.rows("SELECT name, shipped FROM segment_log")}


def ship_once(settings: LogSettings, root: Path = Path()) -> Shipped:
    """Ship all that is there; returns what that was. Raises Away where the database is: then all of it stays."""
    settings = settings.within(root)
    shipped = Shipped()
    Path(settings.folder).mkdir(parents=True, exist_ok=True)
    with open_database(settings.database) as database:
        Shipper(settings, database).turn(shipped)
    return shipped


def run(settings: LogSettings, parent: int) -> None:
    """Ship until the parent ends or SIGTERM comes, and once more then; not at all where another process does."""
    folder = Path(settings.folder)
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))

    def ending() -> bool:
        return bool(signals) or os.getppid() != parent

    with _held(folder) as mine:
        if not mine:
            return
        shipped, shipper = Shipped(), None
        wait, pause = settings.ship_seconds, PATIENCE[0]
        while True:
            last = ending()
            try:
                shipper = shipper or Shipper(settings, open_database(settings.database))
                shipper.turn(shipped)
                wait, pause = settings.ship_seconds, PATIENCE[0]
            except Away as error:
                shipper, wait, pause = None, pause, min(pause * 2, PATIENCE[1])
                report.keep(folder, shipped, str(error))
            if last:
                return
            _sleep(wait, ending)


def main() -> int:
    """Ship what LOG_… variables say, for the process that started this one."""
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(19)
    try:
        run(from_environment(), parent)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def is_running(folder: Path) -> bool:
    """Whether a process ships this folder all the time."""
    with _held(folder) as mine:
        return not mine


def _sleep(seconds: float, ending: Callable[[], bool]) -> None:
    """Wait, but not when all comes to an end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not ending():
        time.sleep(min(left, 0.25))


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Be the one that ships all the time, if there is none."""
    with (folder / HELD).open("a+b") as file:
        yield process.try_lock(file.fileno())


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait for whoever ships this folder just now."""
    with (folder / TURN).open("a+b") as file:
        process.lock(file.fileno())
        yield


if __name__ == "__main__":
    sys.exit(main())
