"""SQLite as a sink: moments are text (ISO 8601), and one lock file beside the database says who writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ...core import process
from ...core.errors import InputError
from ...core.moments import written
from ...core.zones import normal
from .workbench import writable

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

#: Milliseconds to wait for another program that writes to the same file.
PATIENCE = 30_000


class SQLite:
    """A database file. It is made when the first table is."""

    #: Rows in the order of their key, without a second index: a third quicker to write, a quarter smaller.
    options: Mapping[str, Any] = MappingProxyType({"sqlite_with_rowid": False})
    exact = False

    def __init__(self, path: Path, described: str) -> None:
        if path.is_dir():
            raise InputError(f"batch.output: {described} is a folder; expected a file for the database")
        if not path.parent.is_dir():
            raise InputError(f"batch.output: there is no folder {path.parent} for {described}; make it first")
        self.path, self.described = path, described

    @cached_property
    def engine(self) -> sa.Engine:
        """For definitions and what is read once."""
        import sqlalchemy as sa

        return sa.create_engine(f"sqlite:///{self.path}", connect_args={"timeout": PATIENCE / 1000})

    @property
    def absent(self) -> bool:
        """Whether the file is not there."""
        return not self.path.exists()

    def types(self) -> dict[str, Any]:
        """SQLAlchemy's types."""
        import sqlalchemy as sa

        return {"integer": sa.BigInteger(), "number": sa.REAL(), "boolean": sa.Boolean(), "text": sa.Text(),
                "moment": sa.Text(), "instant": sa.Text()}  # fmt: skip

    def bulk(self) -> Any:
        """A connection that waits for other writers."""
        import adbc_driver_sqlite.dbapi as adbc

        connection = adbc.connect(str(self.path))
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {PATIENCE}")
            cursor.fetchall()
        connection.commit()
        return connection

    def ready(self, answers: pa.Table) -> pa.Table:
        """Moments as text with a T between day and time; fractions of a second only where there are any."""
        import pyarrow as pa

        for position, field in enumerate(answers.schema):
            if pa.types.is_timestamp(field.type):
                found = answers[position].combine_chunks().dictionary_encode()  # few are different
                text = pa.array(_written(found.dictionary), pa.string()).take(found.indices)
                answers = answers.set_column(position, field.name, text)
        return answers

    def settle(self, connection: sa.Connection, runs: sa.Table) -> None:
        """Take the right to write first: a transaction that has read already is refused, not kept waiting."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def lock(self, name: str, wait: bool) -> Iterator[bool]:
        """Hold a lock file beside the database; the operating system frees it when the process ends."""
        table = re.sub(r"\W", "_", name.casefold())
        place = self.path.with_name(f".{self.path.name}.{table}.lock")
        with writable(self.described):
            file = place.open("a")
        with file:
            if wait:
                process.lock(file.fileno())
            yield wait or process.try_lock(file.fileno())


def _written(stamps: pa.TimestampArray) -> list[str]:
    """Moments as `predict` writes them, the time of day always there."""
    zone = stamps.type.tz
    return written(stamps.to_numpy(zero_copy_only=False), zone and normal(zone))


def opened(url: str, described: str, root: Path) -> SQLite:
    """The dialect of `sqlite:///file`, relative to `root`; raises InputError where no file is named."""
    path = url.removeprefix("sqlite:///")
    if not url.startswith("sqlite:///") or not path or path.startswith(":memory:"):
        raise InputError(f"batch.output: {described} names no file; expected such as sqlite:///predictions.db")
    return SQLite(Path(os.path.normpath(root / path)), described)
