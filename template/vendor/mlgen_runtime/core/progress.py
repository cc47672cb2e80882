"""Say what a run is doing: one line per step on the terminal, a progress bar while it works, seconds for the report.

read       1,406 rows x 16 columns of data/sample.csv                     0.1 s
check      15 inputs, 1 note                                              0.2 s
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

WIDTH = 92


@dataclass
class Step:
    """The step at work; `message` is what its line will tell."""

    message: str = ""


@dataclass
class Steps:
    """The steps of one run, in order. `seconds` holds what each took."""

    names: Sequence[str]
    out: TextIO = field(default_factory=lambda: sys.stdout)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[Step]:
        """Time one step; print its line when it is done. On a terminal a bar stands there meanwhile."""
        step, start = Step(), time.perf_counter()
        self._bar(name)
        try:
            yield step
        finally:
            self._erase()
        self.seconds[name] = round(time.perf_counter() - start, 3)
        left = f"  {name:<10} {step.message}"
        print(f"{left:<{WIDTH}} {self.seconds[name]:5.1f} s", file=self.out, flush=True)

    def _bar(self, name: str) -> None:
        if self.out.isatty():
            done = list(self.names).index(name)
            bar = "█" * done + "░" * (len(self.names) - done)
            print(f"\r  {bar} {name} …", end="", file=self.out, flush=True)

    def _erase(self) -> None:
        if self.out.isatty():
            print(f"\r{' ' * WIDTH}\r", end="", file=self.out, flush=True)
