"""A hash of rows that does not depend on the pieces they come in, nor on how a file writes them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


class Digest:
    """The SHA-256 of columns of int64, float64, bool, string, timestamp or null, which may change their types."""

    def __init__(self) -> None:
        self._columns: list[_Column] = []
        self._done: list[str] = []
        self._kinds: list[str] = []
        self._rows = 0

    def update(self, table: pa.Table) -> None:
        """Add the rows of a table."""
        kinds = [f"{entry.name}:{entry.type}" for entry in table.schema]
        if kinds != self._kinds:
            self._turn(kinds)
        for column, values in zip(self._columns, table.columns, strict=True):
            row = self._rows
            for chunk in values.chunks:
                column.update(chunk, row)
                row += len(chunk)
        self._rows += table.num_rows

    def hexdigest(self) -> str:
        """Return the hash of all rows so far as hexadecimal text."""
        lines = [*self._done, *(column.line() for column in self._columns), f"{self._rows} rows"]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _turn(self, kinds: list[str]) -> None:
        """Close the columns and begin those of other types."""
        self._done += [*(column.line() for column in self._columns), f"{self._rows} rows"]
        self._columns = [_Column(kind) for kind in kinds]
        self._kinds = kinds


class _Column:
    """A column's values with nulls as zero or empty, where the nulls are, and the texts' bytes one after the other."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._values, self._nulls, self._texts = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()

    def line(self) -> str:
        return f"{self._kind} {self._values.hexdigest()} {self._nulls.hexdigest()} {self._texts.hexdigest()}"

    def update(self, chunk: pa.Array, row: int) -> None:
        """Add the values of the rows from `row` on."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if chunk.null_count:
            empty = np.flatnonzero(pc.is_null(chunk).to_numpy(zero_copy_only=False))
            self._nulls.update((empty + row).astype("<i8").tobytes())
        if pa.types.is_null(chunk.type) or not len(chunk):
            return
        if pa.types.is_string(chunk.type):
            self._add_texts(chunk.fill_null("") if chunk.null_count else chunk)
            return
        if pa.types.is_timestamp(chunk.type):
            chunk = chunk.cast(pa.int64())
        elif pa.types.is_boolean(chunk.type):
            chunk = chunk.cast(pa.uint8())
        filled = chunk.fill_null(0) if chunk.null_count else chunk
        self._values.update(np.ascontiguousarray(filled.to_numpy()).data)

    def _add_texts(self, chunk: pa.Array) -> None:
        _, offsets, data = chunk.buffers()
        places = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        self._values.update(np.diff(places).data)
        if data is not None:
            self._texts.update(memoryview(data)[int(places[0]) : int(places[-1])])
