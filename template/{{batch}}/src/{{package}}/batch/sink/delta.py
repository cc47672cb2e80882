"""Answers into a Delta table: one commit for a whole run, marked in the table's log with the run's id.

Until then the run's files lie in `.<table>-batch` beside the table, where the rejected rows stay. The commit replaces
the rows of earlier runs (the table's history has them), or with batch.history=true adds to them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...portion import Form
from .folder import QUARANTINE, RUN, Folder
from .standing import STAMPS, Standing, beginning, stamped
from .workbench import replace

if TYPE_CHECKING:
    import pyarrow as pa


class Delta(Folder):
    """A Delta table in a local folder; it is made where it is not there."""

    def __init__(self, path: Path, described: str, keeps: bool) -> None:
        self.table = path
        if path.is_dir() and any(path.iterdir()) and not (path / "_delta_log").is_dir():
            raise InputError(f"batch.output: {described} is a folder, but no Delta table; name an empty or a new one")
        super().__init__(path.with_name(f".{path.name}-batch"), described, keeps)

    def check(self, form: Form) -> None:
        """Refuse a table with other columns."""
        from deltalake import DeltaTable

        super().check(form)
        if DeltaTable.is_deltatable(str(self.table)):
            there = [field.name for field in DeltaTable(str(self.table)).schema().fields]
            wanted = [*(field.name for field in form.fields), *STAMPS]
            if set(there) != set(wanted):
                odd = sorted(set(there) ^ set(wanted))[0]
                raise InputError(
                    f"batch.output: the table {self.described} has the columns {', '.join(there)}, expected "
                    f"{', '.join(wanted)} ({odd!r} differs); name another table"
                )

    def publish(self, standing: Standing) -> None:
        """Commit the files' rows to the table, and keep the rejected rows beside it."""
        import pyarrow as pa
        from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
        from deltalake.exceptions import DeltaError

        there = DeltaTable.is_deltatable(str(self.table))
        added = self.keeps and there and DeltaTable(str(self.table)).transaction_version(self.run.id) is not None
        if not added:
            marks = CommitProperties(
                app_transactions=[Transaction(app_id=self.run.id, version=1)],
                custom_metadata={"run_id": self.run.id, "model_version": self.run.model_version},
            )
            batches = pa.RecordBatchReader.from_batches(self._schema(), self._batches())
            try:
                write_deltalake(
                    str(self.table), batches, mode="append" if self.keeps else "overwrite", commit_properties=marks
                )
            except DeltaError as error:
                raise InputError(
                    f"batch.output: {self.described} cannot be written ({str(error).splitlines()[0]}); run the same "
                    "command again to go on from there"
                ) from error
        self._move(self.bench.rejected, self.path / QUARANTINE, "*.parquet")
        record = {**dataclasses.asdict(self.run), **dataclasses.asdict(standing)}
        replace(self.path / RUN, json.dumps(record, indent=1).encode() + b"\n")

    def published(self) -> Standing | None:
        """The standing of this run where it was the last, or where all are kept and the table's log has it."""
        from deltalake import DeltaTable

        place = self.path / RUN
        if not place.is_file() or not DeltaTable.is_deltatable(str(self.table)):
            return None
        record = json.loads(place.read_text("utf8"))
        if record["id"] != self.run.id:
            return None
        names = {field.name for field in dataclasses.fields(Standing)}
        return Standing(**{name: value for name, value in record.items() if name in names})

    def _schema(self) -> pa.Schema:
        from pyarrow import parquet

        names = self.bench.answers
        empty = stamped(self.form.schema.empty_table(), self.run, beginning()).schema
        return parquet.read_schema(self.bench.folder / names[0]) if names else empty

    def _batches(self) -> Iterator[pa.RecordBatch]:
        from pyarrow import parquet

        for name in self.bench.answers:
            yield from parquet.ParquetFile(self.bench.folder / name).iter_batches()
