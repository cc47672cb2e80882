"""What every source of rows offers: its columns, a fingerprint of its content, and its rows in batches.

    source.names            ("age", "plan")
    source.fingerprint()    "9f2c…", the same for the same content
    source.batches(2)       Batch(start=0, table of rows 1 and 2), Batch(start=2, …), …

A line that is no row (too many cells, broken JSON, bytes of another encoding) is counted like a row and reported as
Broken, so that the number of a row is its place in the source, whatever stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Broken:
    """A line that could not be read as a row: its `number` among the rows (from 1), its text, and why."""

    number: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False)
class Batch:
    """The rows `start + 1` to `start + length` of a source: those that could be read, as a table, and the others.

    `numbers` [n] are the places of the table's rows in the source, from 1.
    """

    start: int
    length: int
    table: pa.Table
    numbers: Numbers
    broken: tuple[Broken, ...] = ()

    @property
    def end(self) -> int:
        """How many rows of the source lie before the next batch."""
        return self.start + self.length


class Source(Protocol):
    """Rows from somewhere. Opening one has checked that it is there and can be read."""

    @property
    def described(self) -> str:
        """Where the rows are from, fit to be shown and stored: no password in it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns; empty where there is not even a header."""

    @property
    def types(self) -> tuple[pa.DataType, ...]:
        """What each column holds, as far as the source says it: text where it does not."""

    @property
    def rows(self) -> int | None:
        """How many rows there are, where that is known without reading them all."""

    @property
    def reckoned(self) -> bool:
        """Whether `rows` is only about right: reckoned from the length of the first of them."""

    def fingerprint(self) -> str:
        """A hash of the content as hexadecimal text: the same rows in the same order give the same one."""

    def batches(self, size: int, after: int = 0) -> Iterator[Batch]:
        """Read the rows from number `after` + 1 on, `size` at a time (the last batch may be shorter), in their order.

        Raises InputError where the source cannot be read any further: it vanished, it changed its columns.
        """

    def close(self) -> None:
        """Let go of files and connections."""
