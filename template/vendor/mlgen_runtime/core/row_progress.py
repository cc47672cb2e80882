"""How far a batch run is, on one line of a terminal: rows, rows a second, and how long it will still take.

██░░░░░░  1,200,000 of 5,000,000 rows   98,400 rows/s   39 s left
██░░░░░░  1,200,000 of about 5,000,000 rows   98,400 rows/s   39 s left     of a text, whose rows nobody has counted
1,200,000 rows of the database   98,400 rows/s                              of a query, before its answer is whole
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import TextIO

WIDTH = 78
BAR = 8
#: Seconds between two looks: a terminal that is written to all the time is slower than the work.
PAUSE = 0.2


@dataclass
class Progress:
    """A line on `out`, where that is a terminal. `before` rows were there at the start.

    `total` rows are expected, or about as many where `reckoned`. `what` is what is counted.
    """

    total: int | None
    before: int
    reckoned: bool = False
    what: str = "rows"
    out: TextIO = field(default_factory=lambda: sys.stderr)
    began: float = field(default_factory=time.perf_counter)
    shown: float = 0.0

    def show(self, rows: int) -> None:
        """Say that `rows` rows are done."""
        now = time.perf_counter()
        if self.out.isatty() and now - self.shown >= PAUSE:
            self.shown = now
            print(f"\r  {self.line(rows, now - self.began):<{WIDTH}}", end="", file=self.out, flush=True)

    def line(self, rows: int, seconds: float) -> str:
        """What the line says of `rows` rows after `seconds` of work."""
        pace = (rows - self.before) / seconds if seconds > 0 else 0.0
        if not self.total or rows > self.total:  # more than were reckoned with: nobody knows how many there are
            return f"{rows:,} {self.what}   {pace:,.0f} rows/s"
        done = BAR * rows // self.total
        whole = f"{'about ' if self.reckoned else ''}{self.total:,}"
        left = f"   {duration((self.total - rows) / pace)} left" if pace else ""
        return f"{'█' * done}{'░' * (BAR - done)}  {rows:,} of {whole} {self.what}   {pace:,.0f} rows/s{left}"

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.out.isatty():
            print(f"\r{' ' * (WIDTH + 2)}\r", end="", file=self.out, flush=True)


def duration(seconds: float) -> str:
    """Seconds for people: 39 s, 4 min, 2.5 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
