"""The log's database: SQLite by the standard library, PostgreSQL by psycopg; one way to ask both.

    with open_database("sqlite:///logs/predictions.db", root) as database:
        with database.transaction():
            database.run("DELETE FROM prediction_log WHERE at < ?", (before,))
        for rows in database.batches("SELECT features FROM prediction_log WHERE at >= ? ORDER BY at", (since,)):
            ...

Statements are written with `?`. The server ships from here, so nothing is imported that its slim environment lacks.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from ..core.errors import InputError
from ..core.jsonable import masked
from .tables import INDEXES, TABLES

#: Seconds to wait for an answer, and for another writer.
PATIENCE = 10
#: Rows that are read at a time.
BATCH = 10_000


class Away(InputError):
    """The database cannot be reached or written just now; what was to be kept there still waits where it was."""


class Database:
    """One connection. Each statement outside of a transaction is one by itself. Not to be shared between threads."""

    def __init__(self, url: str, root: Path = Path()) -> None:
        self.described = masked(url)
        self.is_sqlite = url.startswith("sqlite:")
        self.path = root / url.removeprefix("sqlite:///") if self.is_sqlite else None
        with self.reached():
            self.connection: Any = _sqlite(url, root) if self.is_sqlite else _postgresql(url)
            self._create()
        self._file = self._identity()

    @property
    def is_gone(self) -> bool:
        """Whether the file that was opened is no longer the one of that name: what is written to it would be lost."""
        return self._identity() != self._file

    def run(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement; return how many rows it changed."""
        with self.reached():
            return int(self.connection.execute(self._own(statement), tuple(values)).rowcount)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each of many rows."""
        with self.reached():
            if self.is_sqlite:
                self.connection.executemany(statement, rows)
            else:
                with self.connection.cursor() as cursor:
                    cursor.executemany(self._own(statement), rows)

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows that a query finds."""
        with self.reached():
            found: list[tuple[Any, ...]] = self.connection.execute(self._own(statement), tuple(values)).fetchall()
            return found

    def batches(self, statement: str, values: Sequence[Any] = (), size: int = BATCH) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query a batch at a time; the memory does not grow with their number."""
        with self.reached():
            if self.is_sqlite:
                cursor = self.connection.execute(statement, tuple(values))
                while found := cursor.fetchmany(size):
                    yield found
                return
            # a cursor of the server's lives in a transaction
            with self.connection.transaction(), self.connection.cursor(name="batches") as cursor:
                cursor.itersize = size
                cursor.execute(self._own(statement), tuple(values))
                while found := cursor.fetchmany(size):
                    yield found

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is run in the block, or nothing of it."""
        with self.reached():
            if not self.is_sqlite:
                with self.connection.transaction():
                    yield
                return
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # a full disk has ended the transaction already
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what either database raises into Away."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._away(error) from error
        except Exception as error:
            if not self.is_sqlite and _is_psycopg(error):
                raise self._away(error) from error
            raise

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _create(self) -> None:
        """Make the tables that are not there; two processes that begin at once do not mind each other."""
        with self.transaction():
            if not self.is_sqlite:
                self.connection.execute("SELECT pg_advisory_xact_lock(7061673, 1)")
            for name, columns in TABLES.items():
                self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
            for name, columns in INDEXES.items():
                self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path names now."""
        try:
            found = self.path.stat() if self.path else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None

    def _own(self, statement: str) -> str:
        """The statement with the marks for values that this database takes."""
        return statement if self.is_sqlite else statement.replace("?", "%s")

    def _away(self, error: Exception) -> Away:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return Away(
            f"log.database: {self.described} cannot be used ({masked(reason[:200])}); check that it runs and that you "
            "may write to it, or name another, such as sqlite:///logs/predictions.db"
        )


def open_database(url: str, root: Path = Path()) -> Database:
    """Connect, and make the tables that are not there. Raises InputError where the address is none, or Away."""
    if not url.startswith(("sqlite:///", "postgresql://", "postgres://")) or url == "sqlite:///":
        raise InputError(
            f"log.database: {masked(url)} is no address; expected such as sqlite:///logs/predictions.db or "
            "postgresql://me@host/monitoring"
        )
    return Database(url, root)


def _sqlite(url: str, root: Path) -> sqlite3.Connection:
    path = root / url.removeprefix("sqlite:///")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
    connection.execute("PRAGMA synchronous = NORMAL")  # with WAL: whole after a power cut, if not the newest
    return connection


def _postgresql(url: str) -> Any:
    import psycopg

    return psycopg.connect(url, autocommit=True, connect_timeout=PATIENCE)


def _is_psycopg(error: Exception) -> bool:
    import psycopg

    return isinstance(error, psycopg.Error)
