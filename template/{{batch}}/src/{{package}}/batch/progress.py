"""How far a batch run is, on one line of a terminal: rows, rows a second, and how long it will still take.

1,200,000 of 5,000,000 rows   98,400 rows/s   39 s left
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import TextIO

WIDTH = 78
#: Seconds between two looks: a terminal that is written to all the time is slower than the work.
PAUSE = 0.2


@dataclass
class Progress:
    """A line on `out`, where that is a terminal. `total` rows are expected, `before` were there at the start."""

    total: int | None
    before: int
    out: TextIO = field(default_factory=lambda: sys.stderr)
    began: float = field(default_factory=time.perf_counter)
    shown: float = 0.0

    def show(self, rows: int) -> None:
        """Say that `rows` rows are done."""
        now = time.perf_counter()
        if self.out.isatty() and now - self.shown >= PAUSE:
            self.shown = now
            said = line(rows, self.total, self.before, now - self.began)
            print(f"\r  {said:<{WIDTH}}", end="", file=self.out, flush=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.out.isatty():
            print(f"\r{' ' * (WIDTH + 2)}\r", end="", file=self.out, flush=True)


def line(rows: int, total: int | None, before: int, seconds: float) -> str:
    """What the line says after `seconds` of work."""
    pace = (rows - before) / seconds if seconds > 0 else 0.0
    whole = f" of {total:,}" if total else ""
    left = f"   {duration((total - rows) / pace)} left" if total and pace and total > rows else ""
    return f"{rows:,}{whole} rows   {pace:,.0f} rows/s{left}"


def duration(seconds: float) -> str:
    """Seconds for people: 39 s, 4 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
