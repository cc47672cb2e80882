"""What a query gave, kept on this machine while its rows are scored: one snapshot, that can be read again from any row.

A spool is a folder of Parquet files in the system's folder for temporary files (`TMPDIR`). Closing it removes it; one
that a killed process left behind is removed by the next that makes one.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...core import process
from ...core.errors import InputError
from ...core.row_progress import Progress
from .digest import Digest

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

_PREFIX = "batch-rows-"
#: Rows of a row group.
_GROUP = 65_536


class Spool:
    """A folder of rows that grows, and the hash of what is in it.

    A batch whose columns hold something wider than those before begins a new file: numbers after nulls, text after
    numbers. `schema` is what holds the values of all files.
    """

    def __init__(self) -> None:
        import pyarrow as pa

        place = Path(tempfile.gettempdir())
        _clear(place)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{process.name()}-"))
        self.schema: pa.Schema = pa.schema([])
        self.files: list[tuple[Path, int]] = []
        self.rows = 0
        self._writer: ParquetWriter | None = None
        self._held: list[pa.RecordBatch] = []
        self._digest = Digest()

    def fill(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Write the rows of `batches`. Raises InputError where the disk is full."""
        with Progress(None, 0, what="rows of the database") as progress:
            for batch in batches:
                if batch.schema != self.schema:
                    batch = self._widen(batch)
                self._held.append(batch)
                self.rows += batch.num_rows
                if sum(each.num_rows for each in self._held) >= _GROUP:
                    self._flush()
                progress.show(self.rows)
        self._flush()
        self._end_file()

    def fingerprint(self) -> str:
        """Return the hash of the rows in their order, whatever the batches that they came in."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Remove the rows from the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)  # a later process removes what could not be

    def _widen(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with columns at least as wide as those before; narrower files end here."""
        import pyarrow as pa

        before = self.schema if len(self.schema) else batch.schema
        wide = pa.schema(
            [pa.field(new.name, wider(old.type, new.type)) for old, new in zip(before, batch.schema, strict=True)]
        )
        if wide != self.schema:
            self._flush()
            self._end_file()
            self.schema = wide
        return pa.RecordBatch.from_arrays(
            [column.cast(entry.type, safe=False) for column, entry in zip(batch.columns, wide, strict=True)],
            schema=wide,
        )

    def _flush(self) -> None:
        """Write the held rows as one row group."""
        import pyarrow as pa
        from pyarrow import parquet

        held, self._held = self._held, []
        if not sum(batch.num_rows for batch in held):
            return
        table = pa.Table.from_batches(held)
        self._digest.update(table)
        try:
            if self._writer is None:
                self.files.append((self.folder / f"{len(self.files):06}.parquet", 0))
                self._writer = parquet.ParquetWriter(
                    self.files[-1][0], table.schema, compression="lz4", use_dictionary=False, write_statistics=False
                )
            self._writer.write_table(table, row_group_size=table.num_rows)
        except OSError as error:
            raise self._full(error) from error
        place, rows = self.files[-1]
        self.files[-1] = (place, rows + table.num_rows)

    def _end_file(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            try:
                writer.close()
            except OSError as error:
                raise self._full(error) from error

    def _full(self, error: OSError) -> InputError:
        why = "is full" if error.errno == errno.ENOSPC or "No space left" in str(error) else f"failed ({error})"
        return InputError(
            f"the disk of {self.folder.parent} {why} after {self.rows:,} rows of the query; "
            f"make room, or set TMPDIR to a folder with more"
        )


def wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that holds the values of two: a number with a fraction, or text where they have nothing in common."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = {pa.int64(), pa.float64()}
    return pa.float64() if {one, other} == numbers else pa.string()


def _clear(place: Path) -> None:
    """Remove the spools of processes that are gone."""
    for folder in place.glob(f"{_PREFIX}*"):
        if process.is_gone(folder.name.removeprefix(_PREFIX).rpartition("-")[0]):
            with contextlib.suppress(OSError):  # another user's, or another process removes it at this moment
                shutil.rmtree(folder)
