"""Answers into a Delta table: one commit for a whole run, whose id stands in the table's log.

Until then the run's files lie in `.<table>-batch` beside the table, where the rejected rows stay. The commit replaces
the rows of earlier runs (the table's history has them), or with batch.history=true adds to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ...usecase.batches import Form
from .folder import Folder
from .standing import STAMPS, Standing, beginning, stamped

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

#: Delta's name for each kind of field.
TYPES = {"integer": "long", "number": "double", "boolean": "boolean", "text": "string", "moment": "timestamp_ntz",
         "instant": "timestamp"}  # fmt: skip


class Delta(Folder):
    """A Delta table in a local folder; it is made where it is not there."""

    def __init__(self, path: Path, described: str, keeps: bool) -> None:
        self.table = path
        if path.exists() and not path.is_dir():
            raise InputError(f"batch.output: {described} is a file; a Delta table is a folder: name another one")
        if path.is_dir() and any(path.iterdir()) and not (path / "_delta_log").is_dir():
            raise InputError(f"batch.output: {described} is a folder, but no Delta table; name an empty or a new one")
        super().__init__(path.with_name(f".{path.name}-batch"), described, keeps)

    def check(self, form: Form) -> None:
        """Refuse a table with other columns."""
        super().check(form)
        if (table := self._table()) is not None:
            there = [f"{field.name} {getattr(field.type, 'type', 'nested')}" for field in table.schema().fields]
            wanted = [f"{field.name} {TYPES[field.kind]}" for field in form.fields]
            wanted += [f"{name} {kind}" for name, kind in zip(STAMPS, ("string", "string", "timestamp"), strict=True)]
            if set(there) != set(wanted):
                odd = sorted(set(there) ^ set(wanted))[0]
                raise InputError(
                    f"batch.output: the table {self.described} has the columns {', '.join(there)}, expected "
                    f"{', '.join(wanted)} ({odd!r} differs); name another table"
                )

    def publish(self, standing: Standing) -> None:
        """Commit the files' rows to the table, and keep the rejected rows beside it."""
        import pyarrow as pa
        from deltalake import CommitProperties, write_deltalake
        from deltalake.exceptions import DeltaError

        held = self.rows()
        if held != standing.written or not held:  # else a killed process has committed already
            marks = CommitProperties(custom_metadata={"run_id": self.run.id, "model_version": self.run.model_version})
            batches = pa.RecordBatchReader.from_batches(self._schema(), self._batches())
            how: dict[str, Any] = {"mode": "append" if self.keeps else "overwrite"}
            if self.keeps and held:  # somebody took rows of this run away
                how = {"mode": "overwrite", "predicate": f"run_id = '{self.run.id}'"}
            try:
                write_deltalake(str(self.table), batches, commit_properties=marks, **how)
            except DeltaError as error:
                raise InputError(
                    f"batch.output: {self.described} cannot be written ({str(error).splitlines()[0]}); run the same "
                    "command again to go on from there"
                ) from error
        self._note(standing)

    def rows(self) -> int:
        """How many rows of this run the table holds; 0 where it holds others that should not be kept."""
        import pyarrow.dataset as ds

        if (table := self._table()) is None:
            return 0
        rows = table.to_pyarrow_dataset()
        own = rows.count_rows(filter=ds.field("run_id") == self.run.id)
        return own if self.keeps or own == rows.count_rows() else 0

    def _table(self) -> DeltaTable | None:
        from deltalake import DeltaTable

        return DeltaTable(str(self.table)) if DeltaTable.is_deltatable(str(self.table)) else None

    def _schema(self) -> pa.Schema:
        from pyarrow import parquet

        names = self.bench.answers
        empty = stamped(self.form.schema.empty_table(), self.run, beginning()).schema
        return parquet.read_schema(self.bench.folder / names[0]) if names else empty

    def _batches(self) -> Iterator[pa.RecordBatch]:
        from pyarrow import parquet

        for name in self.bench.answers:
            yield from parquet.ParquetFile(self.bench.folder / name).iter_batches()
