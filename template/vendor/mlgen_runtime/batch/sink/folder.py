"""Answers into Parquet files of a folder.

    predictions/<run>-part-00000.parquet …  answers of the newest run; with batch.history=true in run-<run>/
    predictions/_quarantine/…               rows without an answer
    predictions/_run.json                   which run it is; readers of Parquet folders pass over names with _ and .

While a run is at work its files lie in `.run-<run>/` with its standing; they get to their place when it is whole. So a
reader never sees half a run, but for the moment in which files change places.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...core import process
from ...core.errors import InputError
from ...usecase.batches import Form, Portion
from .naming import of
from .standing import Run, Standing
from .workbench import Workbench, replace, writable

RUN = "_run.json"
QUARANTINE = "_quarantine"
#: What a folder of answers may hold.
OURS = re.compile(r"\.run-\w+|\.gone-\w+|\.lock|\._run\.json\.\d+|_run\.json|_quarantine|run-\w+|\w+-part-\d+\.parquet")
#: What tells whether earlier runs are kept.
KEPT, ALONE = re.compile(r"run-\w+"), re.compile(r"_run\.json|\w+-part-\d+\.parquet")


class Folder:
    """A folder of Parquet files; it is made where it is not there."""

    def __init__(self, path: Path, described: str, keeps: bool) -> None:
        self.path, self.described, self.keeps = path, described, keeps
        if path.exists() and not path.is_dir():
            raise InputError(
                f"batch.output: {described} is a file; answers go into a folder of Parquet files: name another one"
            )

    def check(self, form: Form) -> None:
        """Refuse names that cannot be, and a folder that holds other things than answers."""
        of(self.described).check([(field.name, "a column of the answers") for field in form.fields], self.described)
        names = [entry.name for entry in self.path.iterdir()] if self.path.is_dir() else []
        foreign = sorted(name for name in names if not OURS.fullmatch(name))
        if foreign:
            raise InputError(
                f"batch.output: {self.described} holds {foreign[0]!r}, so it is no folder of answers; "
                "name an empty or a new one"
            )
        other = next((name for name in names if (ALONE if self.keeps else KEPT).fullmatch(name)), None)
        if other:
            raise InputError(
                f"batch.output: {self.described} holds answers of batch.history={str(not self.keeps).lower()} "
                f"({other}); name another folder, or change batch.history back"
            )

    @property
    def place(self) -> Path:
        """Where the run's answers and its record get to."""
        return self.path / f"run-{self.run.id}" if self.keeps else self.path

    @property
    def quarantine(self) -> str:
        """The folder of the rejected rows."""
        return str(self.place / QUARANTINE)

    @contextmanager
    def hold(self, run: Run, form: Form, wait: bool) -> Iterator[None]:
        """Hold a lock file in the folder; the operating system frees it when the process ends."""
        self.run, self.form = run, form
        self.bench = Workbench(self.path / f".run-{run.id}")
        with writable(self.described):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / ".lock").open("a")
        with file:
            if wait:
                process.lock(file.fileno())
            elif not process.try_lock(file.fileno()):
                raise InputError(
                    f"another run writes to {self.described} just now; wait until it has ended, or set batch.wait=true"
                )
            yield

    def begin(self) -> Standing:
        """Go on with the run's own files, or begin; what another unfinished run left in the folder is removed."""
        self.check(self.form)
        with writable(self.described):
            for left in (*self.path.glob(".run-*"), *self.path.glob(".gone-*")):
                if left != self.bench.folder:
                    shutil.rmtree(left)
        if not self.bench.folder.exists() and (done := self.published()) is not None:
            return done
        with writable(self.described):
            standing = self.bench.begin()
        if standing.finished:  # it was whole, but not yet in its place
            self.finish(standing)
        return standing

    def write(self, portion: Portion, to: Standing) -> int:
        """Write a file of answers, one of rejected rows, and then the standing that counts both."""
        with writable(self.described):
            self.bench.write(portion, to, self.run)
        return 0

    def finish(self, standing: Standing) -> None:
        """Say that the run is whole, then publish it. A process that is killed between leaves that to the next one."""
        standing = dataclasses.replace(standing, finished=True)
        with writable(self.described):
            self.bench.record(standing)
            self.publish(standing)
            gone = self.path / f".gone-{self.run.id}"  # half a folder must not be taken for the run's
            self.bench.folder.rename(gone)
            shutil.rmtree(gone)

    def publish(self, standing: Standing) -> None:
        """Move the files to their place, and remove those of the run before, unless it is to be kept."""
        self._move(self.bench.answers, self.place, "*-part-*.parquet")
        self._note(standing)

    def _note(self, standing: Standing) -> None:
        """Put the rejected rows beside the answers, and last what run they are of."""
        self._move(self.bench.rejected, self.place / QUARANTINE, "*.parquet")
        for half_written in self.place.glob(f".{RUN}.*"):  # by a process that was killed
            half_written.unlink()
        record = {**dataclasses.asdict(self.run), **dataclasses.asdict(standing)}
        replace(self.place / RUN, json.dumps(record, indent=1).encode() + b"\n")

    def _move(self, names: Sequence[str], target: Path, others: str) -> None:
        target.mkdir(parents=True, exist_ok=True)
        places = {name: target / f"{self.run.id}-{name}" for name in names}
        for name, place in places.items():
            if (self.bench.folder / name).exists():
                (self.bench.folder / name).replace(place)
        for path in target.glob(others):
            if path not in places.values():
                path.unlink()

    def close(self) -> None:
        """There is nothing to let go of."""

    def published(self) -> Standing | None:
        """The standing of this run where the folder holds it whole."""
        if not (self.place / RUN).is_file():
            return None
        record: dict[str, Any] = json.loads((self.place / RUN).read_text("utf8"))
        names = {field.name for field in dataclasses.fields(Standing)}
        standing = Standing(**{name: value for name, value in record.items() if name in names})
        return standing if record["id"] == self.run.id and self.rows() == standing.written else None

    def rows(self) -> int:
        """How many rows of answers there are, of this run where all are kept."""
        from pyarrow import parquet

        return sum(parquet.read_metadata(path).num_rows for path in self.place.glob("*-part-*.parquet"))
