"""The folder in which a run's Parquet files lie until it is whole, with a standing that survives the process.

    .run-1f0c…/part-00000.parquet …       answers
               rejected-00000.parquet …   rows without one
               standing.json              how far it is, and which of the files count

A file is written to a temporary name, flushed and renamed; the standing comes last, so it never names a half one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.atomic import replacing
from ...core.errors import InputError
from ...usecase.batches import Portion
from .standing import Run, Standing, beginning, stamped

if TYPE_CHECKING:
    import pyarrow as pa

STANDING = "standing.json"


class Workbench:
    """The files of one run at work."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answers: list[str] = []
        self.rejected: list[str] = []

    def begin(self) -> Standing:
        """Read the standing, or make the folder and begin."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / STANDING
        if not place.is_file():
            return beginning()
        found = json.loads(place.read_text("utf8"))
        self.answers, self.rejected = found["answers"], found["rejected"]
        return Standing(**found["standing"])

    def write(self, portion: Portion, to: Standing, run: Run) -> None:
        """Write a file of answers, one of rejected rows, and then the standing."""
        import pyarrow as pa

        rejected = portion.rejected
        if len(portion.table):
            self.answers.append(self._parquet(f"part-{len(self.answers):05}.parquet", stamped(portion.table, run, to)))
        if rejected:
            rows = {"row": pa.array([row.number for row in rejected], pa.int64()),
                    "reason": [row.reason for row in rejected], "record": [row.record for row in rejected]}  # fmt: skip
            self.rejected.append(self._parquet(f"rejected-{len(self.rejected):05}.parquet", pa.table(rows)))
        self.record(to)

    def record(self, standing: Standing) -> None:
        """Write the standing."""
        entries = {"standing": dataclasses.asdict(standing), "answers": self.answers, "rejected": self.rejected}
        replace(self.folder / STANDING, json.dumps(entries).encode())

    def _parquet(self, name: str, rows: pa.Table) -> str:
        from pyarrow import parquet

        with replacing(self.folder / name, lasting=True) as temporary:
            parquet.write_table(rows, temporary, compression="zstd")
        return name


def replace(path: Path, content: bytes) -> None:
    """Write a file that readers see whole or not at all, also after a power cut."""
    with replacing(path, lasting=True) as temporary:
        temporary.write_bytes(content)


@contextlib.contextmanager
def writable(described: str) -> Iterator[None]:
    """Turn what the operating system says of a full disk or a missing right into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"batch.output: {described} cannot be written ({error.strerror or error}); what was written stays: make "
            "room or mend the rights, and run the same command again to go on from there"
        ) from error
