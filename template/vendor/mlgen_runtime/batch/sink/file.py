"""Answers into one Parquet file, which takes the place of the one before when the run is whole.

Until then the run's parts lie in `.<file>-batch` beside it, where the rejected rows stay. The file's own metadata names
its run, so that nothing but answers is ever replaced.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ...usecase.batches import Form
from .folder import Folder
from .standing import Standing, beginning, stamped

if TYPE_CHECKING:
    import pyarrow as pa

#: Endings that mean one file of Parquet, and what to say of those that mean something else.
ENDINGS = (".parquet", ".pq")
OTHERS = {
    **dict.fromkeys((".csv", ".tsv", ".jsonl", ".ndjson", ".json"), "`predict output=` writes text"),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "write sqlite:///FILE"),
}
MARK = b"run_id"


class File(Folder):
    """A Parquet file; it is made where it is not there."""

    def __init__(self, path: Path, described: str, keeps: bool) -> None:
        if keeps:
            raise InputError(
                f"batch.history: a file such as {described} holds one run; name a folder, a table or delta:// to keep "
                "the runs before"
            )
        if not path.parent.is_dir():
            raise InputError(f"batch.output: there is no folder {path.parent} for {described}; make it first")
        self.file = path
        super().__init__(path.with_name(f".{path.name}-batch"), described, keeps)

    def check(self, form: Form) -> None:
        """Refuse a file that is no file of answers."""
        super().check(form)
        if self.file.exists() and self._run() is None:
            raise InputError(
                f"batch.output: {self.described} is there already, and no batch has written it; name another file, or "
                "remove it"
            )

    def publish(self, standing: Standing) -> None:
        """Join the parts into one file, and put it in its place in one step."""
        from pyarrow import parquet

        schema = stamped(self.form.schema.empty_table(), self.run, beginning()).schema
        temporary = self.bench.folder / ".whole.parquet"
        with parquet.ParquetWriter(temporary, schema.with_metadata({MARK: self.run.id}), compression="zstd") as writer:
            for name in self.bench.answers:
                writer.write_table(parquet.read_table(self.bench.folder / name).cast(schema))
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(self.file)
        self._note(standing)

    def rows(self) -> int:
        """How many rows the file holds; 0 where they are of another run."""
        from pyarrow import parquet

        return int(parquet.read_metadata(self.file).num_rows) if self._run() == self.run.id else 0

    def _run(self) -> str | None:
        """The run that wrote the file; None where there is none."""
        import pyarrow as pa
        from pyarrow import parquet

        try:
            schema: pa.Schema = parquet.read_schema(self.file)
        except (OSError, pa.ArrowInvalid):  # not there, or no Parquet
            return None
        mark = (schema.metadata or {}).get(MARK)
        return mark.decode() if mark else None
