"""Rows of a CSV or TSV (also .gz), a block at a time; every cell stays text, as when a model is trained.

    id,plan
    1,basic             a row
    2,basic,monthly     Broken: "has 3 cells, expected 2"

A block whose rows are all whole is read by Arrow at once; only one with a fault is looked at row by row.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...config.settings import TableSettings
from ...core.errors import InputError
from .header import column_names, separator, unique_names
from .records import LONGEST, Record, Records, without_quotes
from .regroup import regroup
from .rows import Batch, Broken
from .text import TextFile

if TYPE_CHECKING:
    import pyarrow as pa


#: Bytes that one thread takes at once, where a file is read by several.
_SHARE = 1024 * 1024


class CsvSource:
    """The rows of a text with a header, read by several `threads` or by the one that asks.

    Raises InputError where there is no header, or one of another separator.
    """

    def __init__(self, place: Path, shown: str, data: TableSettings, setting: str, threads: bool) -> None:
        import pyarrow as pa

        self.described = shown
        self._threads = threads
        self._text = TextFile(place, shown, data.encoding, setting)
        start = self._text.start()
        self._separator, before = separator(data.separator, shown, start)
        self._records = Records(self._separator)
        self.rows: int | None = self._text.about(start.count(b"\n"))
        self.reckoned = True
        header = next(self._records.split(start[before:], final=True), None)
        if header is None:
            raise InputError(f"{shown} is empty, expected a header and rows; check {setting}")
        self._header_end = before + header.end
        line = start[before + header.start : self._header_end]
        fault = self._text.undecodable(line)
        if fault:
            raise InputError(f"{shown}: the header cannot be read: {fault}")
        names = column_names(line.decode(self._text.encoding, "ignore").encode(), shown, self._separator)
        self.names = tuple(unique_names(names, shown))
        self.types = tuple(pa.string() for _ in names)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file's bytes and of the settings of `data` that say how it is written."""
        return self._text.fingerprint(self._separator)

    def batches(self, size: int, after: int = 0) -> Iterator[Batch]:
        """Read the rows after number `after`; those before it are counted, and not read where that does."""
        return regroup(self._pieces(after), size, after)

    def close(self) -> None:
        """There is nothing to let go of: the file is open while it is read only."""

    def _pieces(self, after: int) -> Generator[Batch, None, None]:
        start = 0
        for chunk, regular in self._chunks():
            if start < after and b'"' not in chunk and start + (count := without_quotes(chunk)) <= after:
                start += count
                continue
            piece = self._bulk(chunk, start) if regular else None
            piece = piece or self._one_by_one(chunk, start)
            if piece.length:
                yield piece
            start = piece.end

    def _chunks(self) -> Iterator[tuple[bytes, bool]]:
        """The file's bytes behind the header, cut between rows, and whether quotation marks stand as they should."""
        rest, skip = b"", self._header_end
        blocks = self._text.blocks()
        block = next(blocks, None)
        while block is not None:
            following = next(blocks, None)
            buffer = rest + block[skip:]
            skip, final = 0, following is None
            end = self._records.regular(buffer, final)
            regular = end is not None
            if end is None:
                end = max((record.end for record in self._records.split(buffer, final)), default=0)
            if end:
                yield buffer[:end], regular
            rest = buffer[end:]
            if len(rest) > 2 * LONGEST:
                raise InputError(
                    f"{self.described}: a row is longer than {LONGEST} bytes; expected a line for each row; "
                    f"check data.separator and the file"
                )
            block = following

    def _bulk(self, chunk: bytes, start: int) -> Batch | None:
        """Whole rows as a batch; None where one of them is broken."""
        try:
            text = chunk.decode(self._text.encoding)
        except UnicodeDecodeError:
            return None
        table = self._read(chunk if self._text.encoding == "utf-8" else text.encode())
        if table is None:
            return None
        return Batch(start, table.num_rows, table, np.arange(start + 1, start + 1 + table.num_rows))

    def _one_by_one(self, chunk: bytes, start: int) -> Batch:
        """Rows as a batch that says which of them are broken, and why."""
        good: list[bytes] = []
        numbers: list[int] = []
        broken: list[Broken] = []
        number = start
        for number, record in enumerate(self._records.split(chunk, final=True), start=start + 1):
            line = chunk[record.start : record.end]
            fault = self._text.undecodable(line) or self._fault(record)
            if fault:
                broken.append(Broken(number, self._text.readable(line), fault))
            else:
                good.append(line)
                numbers.append(number)
        table = self._read(b"\n".join(good).decode(self._text.encoding).encode())
        if table is None or table.num_rows != len(numbers):
            raise InputError(
                f"{self.described}: the rows {start + 1} to {number} cannot be told apart; "
                f"write the file anew with quotation marks around every text"
            )
        return Batch(start, number - start, table, np.asarray(numbers, dtype=np.int64), tuple(broken))

    def _fault(self, record: Record) -> str | None:
        if record.cells is None:
            return "a quotation mark opens a cell and none closes it"
        if record.cells != len(self.names):
            return f"has {record.cells} cells, expected {len(self.names)}"
        return None

    def _read(self, text: bytes) -> pa.Table | None:
        """Rows of UTF-8 as a table of texts; None where one has another number of cells."""
        import pyarrow as pa
        from pyarrow import csv

        names = list(self.names)
        faults: list[Any] = []
        if not text.strip(b"\r\n"):
            return pa.schema([(name, pa.string()) for name in names]).empty_table()

        def note(row: Any) -> str:
            faults.append(row)
            return "skip"

        size = _SHARE if self._threads and len(text) > _SHARE and b'"' not in text else len(text) + 1
        table = csv.read_csv(
            pa.BufferReader(text),
            read_options=csv.ReadOptions(column_names=names, use_threads=self._threads, block_size=size),
            parse_options=csv.ParseOptions(
                delimiter=self._separator, newlines_in_values=b'"' in text, invalid_row_handler=note
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
        return None if faults else table
