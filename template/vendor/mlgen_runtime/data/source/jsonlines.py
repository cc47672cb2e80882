"""Rows of JSON lines (also .gz): an object a line; a key that a line lacks is missing there, blank lines are none.

    {"id": 1, "plan": "basic", "at": {"city": "Ulm"}}     city is the column at.city (see `nested`)
    {"id": 2, "plan": null}
    [3, "basic"]                                          Broken: "is a list, expected one JSON object a line"

`names` are the keys of the first 1,000 lines. A key that turns up later is a column of the batches that have it, so
that nothing is lost to a reader who asks for it by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...config.settings import TableSettings
from ...core.cells import spread
from ...core.errors import InputError
from .header import unique_names
from .rows import Batch, Broken
from .text import TextFile
from .values import column

if TYPE_CHECKING:
    import pyarrow as pa

#: Lines whose keys are the names of the columns.
_FIRST = 1000
#: Rows held as objects before they are put into columns, which take a tenth of the memory.
_STEP = 1000
#: Bytes that a line may have: beyond them the file is no JSON lines (a single list, say), and memory has an end.
_LONGEST = 64 * 1024 * 1024

_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


class JsonLinesSource:
    """The rows of a file of JSON lines. Raises InputError where the file is empty."""

    def __init__(self, place: Path, shown: str, data: TableSettings, setting: str) -> None:
        self.described = shown
        self._text = TextFile(place, shown, data.encoding, setting)
        self.rows: int | None = self._text.about(self._text.start().count(b"\n"))
        self.reckoned = True
        first: dict[str, list[Any]] = {}
        _spread([row for row in map(self._row, islice(self._lines(), _FIRST)) if isinstance(row, dict)], first)
        self.names = tuple(unique_names(list(first), shown)) if first else ()
        self.types = tuple(_column(values).type for values in first.values())

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's bytes and their encoding."""
        return self._text.fingerprint()

    def batches(self, size: int, after: int = 0) -> Iterator[Batch]:
        """Read the rows after number `after`; lines before it are counted only."""
        lines = islice(self._lines(), after, None)
        start = after
        while taken := self._batch(lines, size, start):
            yield taken
            start = taken.end

    def close(self) -> None:
        """There is nothing to let go of: the file is open while it is read only."""

    def _batch(self, lines: Iterator[bytes], size: int, start: int) -> Batch | None:
        columns: dict[str, list[Any]] = {name: [] for name in self.names}
        numbers: list[int] = []
        broken: list[Broken] = []
        rows: list[dict[str, Any]] = []
        number = start
        for number, line in enumerate(islice(lines, size), start=start + 1):
            row = self._row(line)
            if isinstance(row, dict):
                rows.append(row)
                numbers.append(number)
            else:
                broken.append(Broken(number, self._text.readable(line), row))
            if len(rows) == _STEP:
                _spread(rows, columns)
        if number == start:
            return None
        _spread(rows, columns)
        return Batch(start, number - start, _table(columns), np.asarray(numbers, np.int64), tuple(broken))

    def _row(self, line: bytes) -> dict[str, Any] | str:
        """The object that a line holds, or why it holds none."""
        try:
            row = json.loads(line.decode(self._text.encoding))
        except UnicodeDecodeError:
            return str(self._text.undecodable(line))
        except (ValueError, RecursionError) as error:
            return f"not valid JSON ({error}); expected one object a line"
        if isinstance(row, dict):
            return spread(row)
        return f"is {_KINDS.get(type(row), 'null')}, expected one JSON object a line"

    def _lines(self) -> Iterator[bytes]:
        """The lines that are not blank."""
        rest = b""
        for block in self._text.blocks():
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            if len(rest) > _LONGEST:
                raise InputError(
                    f"{self.described}: a line is longer than {_LONGEST} bytes; expected one JSON object a line"
                )
            yield from (line for line in lines if line.strip())
        if rest.strip():
            yield rest


def _spread(rows: list[dict[str, Any]], columns: dict[str, list[Any]]) -> None:
    """Move rows to the columns' ends; a new key was missing so far."""
    known = len(next(iter(columns.values()))) if columns else 0
    for name in dict.fromkeys(key for row in rows for key in row if key not in columns):
        columns[name] = [None] * known
    for name, values in columns.items():
        values.extend([row.get(name) for row in rows])
    rows.clear()


def _table(columns: dict[str, list[Any]]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_arrays([_column(values) for values in columns.values()], names=list(columns))


def _column(values: list[Any]) -> pa.Array:
    """A column as text where nothing in it says what it holds."""
    import pyarrow as pa

    found = column(values)
    return found.cast(pa.string()) if pa.types.is_null(found.type) else found
