"""Where the rows of a CSV begin and end, and which of them are broken: in bulk where quotes stand as they should.

A cell may be quoted, then it may hold separators, line breaks and doubled quotation marks. A quotation mark that is
never closed spoils its own line only: the next line begins a new row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

#: Bytes that a row may have. Reading holds as many, and a quotation mark unclosed for so long is a mistake.
LONGEST = 1024 * 1024
_QUOTE = 0x22


@dataclass(frozen=True)
class Record:
    """The bytes `start` to `end` of a buffer, without the line end, and how many cells they are.

    `cells` is None where a quotation mark opens a cell and none closes it.
    """

    start: int
    end: int
    cells: int | None


class Records:
    """Finds the rows in bytes whose cells are separated by `separator` (one ASCII character)."""

    def __init__(self, separator: str) -> None:
        sep = re.escape(separator.encode())
        inside = rb'"[^"]*(?:""[^"]*)*"'
        bare = rb'(?!")[^' + sep + rb"\r\n]*"
        lenient = rb'"[^"\r\n]*(?:""[^"\r\n]*)*"[^' + sep + rb"\r\n]*"
        end = rb"(\r\n|\n|\r|\Z)"
        # a cell that begins with a quotation mark ends with one, and may span lines
        self._strict = re.compile(rb"(?:(?:%b|%b)%b)*(?:%b|%b)%b" % (inside, bare, sep, inside, bare, end))
        # what follows a closing quotation mark belongs to the cell, as most readers have it; on one line only
        self._lenient = re.compile(rb"(?:(?:%b|%b)%b)*(?:%b|%b)%b" % (lenient, bare, sep, lenient, bare, end))
        self._line = re.compile(rb"[^\r\n]*" + end)
        self._cell = re.compile(rb"(?:%b[^%b\r\n]*|[^%b\r\n]*)" % (inside, sep, sep))
        self._separator = separator.encode()
        self._around = np.frombuffer(self._separator + b'\r\n"', np.uint8)

    def regular(self, buffer: bytes, final: bool) -> int | None:
        """Return how many bytes of the buffer are whole rows.

        None where quotation marks stand in unexpected places: only `split` can tell then. `final` says that nothing
        follows the buffer.
        """
        if b'"' not in buffer:
            return len(buffer) if final else _last_line_end(buffer, len(buffer)) + 1
        quotes = np.flatnonzero(np.frombuffer(buffer, np.uint8) == _QUOTE)
        padded = np.frombuffer(b"\n" + buffer + b"\n", np.uint8)
        if not np.isin(padded[quotes[0::2]], self._around).all():  # before those that open
            return None
        if not np.isin(padded[quotes[1::2] + 2], self._around).all():  # behind those that close
            return None
        if final:
            return None if len(quotes) % 2 else len(buffer)
        end = _last_line_end(buffer, len(buffer))
        while end >= 0 and np.searchsorted(quotes, end) % 2:  # inside quotes
            end = _last_line_end(buffer, end)
        return end + 1 if len(buffer) - end <= LONGEST else None

    def split(self, buffer: bytes, final: bool) -> Iterator[Record]:
        """Yield the whole rows of a buffer, one after the other; blank lines are none."""
        position = 0
        while position < len(buffer):
            record, after = self._next(buffer, position, final)
            if record is None:
                return
            if record.end > record.start:
                yield record
            position = after

    def _next(self, buffer: bytes, position: int, final: bool) -> tuple[Record | None, int]:
        """The row at a position and where the next begins; None where the buffer ends within it."""
        may_grow = not final and len(buffer) - position < LONGEST
        strict = self._strict.match(buffer, position)
        found = strict or self._lenient.match(buffer, position)
        if found and _is_whole(found, buffer, final):
            return Record(position, found.start(1), self._cells(buffer[position : found.start(1)])), found.end()
        line = self._line.match(buffer, position)
        if may_grow or line is None or not _is_whole(line, buffer, final):
            return None, position  # the row, or a cell in quotes, may go on in the next block
        return Record(position, line.start(1), None), line.end()

    def _cells(self, record: bytes) -> int:
        if b'"' not in record:
            return record.count(self._separator) + 1
        cells, position = 1, 0
        while (found := self._cell.match(record, position)) and found.end() < len(record):
            cells, position = cells + 1, found.end() + 1
        return cells


def without_quotes(chunk: bytes) -> int:
    """Return how many rows bytes hold in which there is no quotation mark."""
    lines = chunk.splitlines()
    return len(lines) - lines.count(b"")


def _last_line_end(buffer: bytes, before: int) -> int:
    """The last place of a line end before one, -1 for none; \\r at the buffer's end may be half of one."""
    return max(buffer.rfind(b"\n", 0, before), buffer.rfind(b"\r", 0, min(before, len(buffer) - 1)))


def _is_whole(found: re.Match[bytes], buffer: bytes, final: bool) -> bool:
    """Whether a row surely ends where it was found to: at a line end, or at the end of the file."""
    return final or (found[1] != b"" and not (found[1] == b"\r" and found.end() == len(buffer)))
