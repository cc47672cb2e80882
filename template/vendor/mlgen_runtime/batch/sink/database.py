"""Answers into a table of SQLite or PostgreSQL, beside it `<table>_quarantine` and `<table>_runs`.

A portion is one transaction: its rows, its rejected rows and the run's new standing. Rows go in by the database's bulk
path (ADBC: COPY for PostgreSQL, a prepared statement for SQLite), straight into the table where no key can be there
yet, else into a temporary table from which one statement adds or replaces them. SQLAlchemy writes the statements.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ...usecase.batches import Form, Portion, Rejected
from .definition import Definition
from .dialect import Dialect, plain
from .naming import of
from .staging import Staging
from .standing import Run, Standing, beginning, stamped

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

RUNNING, DONE, ABANDONED = "running", "done", "abandoned"
#: What to do after an error: before a run has begun, and later.
_AT_START = "nothing was written: check the address and the server, and run the same command again"
_LATER = "what was written stays: mend that, and run the same command again to go on from there"


class Database:
    """A table of a database, which is made from the form where it is not there."""

    def __init__(self, dialect: Dialect, table: str, schema: str | None, keeps: bool) -> None:
        self.dialect, self.table, self.schema, self.keeps = dialect, table, schema, keeps
        self.described = f"{dialect.described}#{f'{schema}.' if schema else ''}{table}"
        self._bulk: Any = None
        self._direct = False
        if not dialect.absent:  # connecting would make the file
            with self._reached("cannot be reached", _AT_START), dialect.engine.connect():
                pass

    @property
    def quarantine(self) -> str:
        """The table of the rejected rows."""
        return f"{self.described}_quarantine"

    def check(self, form: Form) -> None:
        """Raise InputError where its names cannot be, or tables are there that cannot take answers of this form."""
        of(self.described).check([(field.name, "a column of the answers") for field in form.fields], self.described)
        if not self.dialect.absent:
            with self._reached("cannot be read"), self.dialect.engine.connect() as connection:
                self._define(form).check(connection)

    @contextmanager
    def hold(self, run: Run, form: Form, wait: bool) -> Iterator[None]:
        """Keep every other run out of the table."""
        import sqlalchemy as sa

        self.run, self.definition = run, self._define(form)
        with ExitStack() as stack:
            with self._reached("cannot be locked"):
                schema = self.schema or sa.inspect(self.dialect.engine).default_schema_name
                had = stack.enter_context(self.dialect.lock(f"{schema}.{self.table}", wait))
            if not had:
                raise InputError(
                    f"another run writes to {self.described} just now; wait until it has ended, or set batch.wait=true"
                )
            yield

    def begin(self) -> Standing:
        """Make the tables, remove what an abandoned run of the job left, and read the run's standing."""
        import sqlalchemy as sa

        self.check(self.definition.form)
        answers, runs = self.definition.answers, self.definition.runs
        with self._reached("cannot be written"), self.dialect.engine.begin() as connection:
            self.definition.create(connection)
            self.dialect.settle(connection, runs)
            left = (runs.c.job == self.run.job) & (runs.c.run_id != self.run.id) & (runs.c.status == RUNNING)
            for (abandoned,) in connection.execute(sa.select(runs.c.run_id).where(left)).all():
                self._clear(connection, abandoned)
                connection.execute(sa.update(runs).where(runs.c.run_id == abandoned).values(status=ABANDONED))
            standing = self._standing(connection)
            others = sa.select(sa.literal(1)).where(answers.c.run_id != self.run.id).limit(1)
            self._direct = "run_id" in self.definition.key or connection.execute(others).first() is None
        return standing

    def _standing(self, connection: sa.Connection) -> Standing:
        """The recorded standing, if the table still holds what it says; otherwise the beginning."""
        import sqlalchemy as sa

        answers, runs = self.definition.answers, self.definition.runs
        row = connection.execute(sa.select(runs).where(runs.c.run_id == self.run.id)).mappings().first()
        if row is not None:
            held = sa.select(sa.func.count()).select_from(answers).where(answers.c.run_id == self.run.id)
            there = connection.execute(held).scalar()
            if there == row["rows_written"] and row["status"] != ABANDONED:
                counts = (row["mark"], row["rows_read"], row["rows_written"], row["rows_rejected"])
                return Standing(*counts, started=row["started_at"], finished=row["status"] == DONE)
        self._clear(connection, self.run.id)
        connection.execute(sa.delete(runs).where(runs.c.run_id == self.run.id))
        standing = beginning()
        connection.execute(
            sa.insert(runs).values(
                run_id=self.run.id, job=self.run.job, source=self.run.source, fingerprint=self.run.fingerprint,
                model_version=self.run.model_version, logical_date=self.run.date, started_at=standing.started,
                **_counts(standing),
            )
        )  # fmt: skip
        return standing

    def _clear(self, connection: sa.Connection, run: str) -> None:
        """Remove a run's rows."""
        import sqlalchemy as sa

        for table in (self.definition.answers, self.definition.quarantine):
            connection.execute(sa.delete(table).where(table.c.run_id == run))

    def write(self, portion: Portion, to: Standing) -> int:
        """Keep a portion and the standing in one transaction; return how many of the answers were doubles."""
        import adbc_driver_manager as adbc

        rows = self.dialect.ready(stamped(portion.table, self.run, to))
        with self._reached(f"failed after {to.read - portion.read:,} rows"):
            if self._direct:
                try:
                    self._transact(rows, portion.rejected, to)
                    return 0
                except (adbc.IntegrityError, adbc.InternalError) as error:
                    if not _is_double(error):
                        raise
            staging = Staging(self.definition, self.run.id)
            with self._cursor() as cursor:
                doubles = staging.fill(cursor, rows, portion.numbers)
                rejected = [*portion.rejected, *doubles]
                if doubles:
                    to = dataclasses.replace(to, written=to.written - len(doubles), rejected=to.rejected + len(doubles))
                staging.merge(cursor)
                self._record(cursor, rejected, to)
            return len(doubles)

    def _transact(self, rows: pa.Table, rejected: Sequence[Rejected], to: Standing) -> None:
        """Answers straight into the table."""
        with self._cursor() as cursor:
            if len(rows):
                self._ingest(cursor, self.definition.answers.name, rows)
            self._record(cursor, rejected, to)

    def _record(self, cursor: Any, rejected: Sequence[Rejected], to: Standing) -> None:
        """Rejected rows and the standing."""
        import pyarrow as pa
        import sqlalchemy as sa

        runs = self.definition.runs
        if rejected:
            self._ingest(cursor, self.definition.quarantine.name, pa.table({
                "run_id": [self.run.id] * len(rejected), "row": pa.array([row.number for row in rejected], pa.int64()),
                "reason": [row.reason for row in rejected], "record": [row.record for row in rejected],
            }))  # fmt: skip
        statement = sa.update(runs).where(runs.c.run_id == self.run.id).values(**_counts(to))
        cursor.execute(_text(statement, self.dialect))

    def finish(self, standing: Standing) -> None:
        """Mark the run as whole."""
        with self._reached("failed at the end"), self._cursor() as cursor:
            self._record(cursor, (), dataclasses.replace(standing, finished=True))

    def close(self) -> None:
        """Close both connections."""
        import adbc_driver_manager as adbc

        if self._bulk is not None:
            with suppress(adbc.Error):  # a server that is gone cannot be left in good order
                self._bulk.close()
        self.dialect.engine.dispose()

    def _define(self, form: Form) -> Definition:
        return Definition(self.table, self.schema, form, self.keeps, self.dialect)

    def _ingest(self, cursor: Any, table: str, rows: pa.Table) -> None:
        cursor.adbc_ingest(table, rows, mode="append", db_schema_name=self.schema)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor in a transaction, which an error rolls back."""
        import adbc_driver_manager as adbc

        if self._bulk is None:
            self._bulk = self.dialect.bulk()
        try:
            with self._bulk.cursor() as cursor:
                cursor.execute(self._claim())
                yield cursor
            self._bulk.commit()
        except BaseException:
            with suppress(adbc.Error):  # a connection that is gone has nothing left to undo
                self._bulk.rollback()
            raise

    def _claim(self) -> str:
        """A statement that changes nothing: SQLite waits for other writers here, and not once it has read."""
        import sqlalchemy as sa

        runs = self.definition.runs
        return _text(sa.update(runs).where(runs.c.run_id == self.run.id).values(mark=runs.c.mark), self.dialect)

    @contextmanager
    def _reached(self, what: str, then: str = _LATER) -> Iterator[None]:
        """Turn the databases' many errors into one sentence; the transaction they broke left nothing behind."""
        import adbc_driver_manager as adbc
        import sqlalchemy.exc

        try:
            yield
        except (adbc.Error, sqlalchemy.exc.SQLAlchemyError) as error:
            raise InputError(f"batch.output: {self.described} {what} ({_reason(error)}); {then}") from error


def _counts(standing: Standing) -> dict[str, Any]:
    """The columns of `runs` that change while a run is at work."""
    return {
        "status": DONE if standing.finished else RUNNING,
        "mark": standing.mark,
        "rows_read": standing.read,
        "rows_written": standing.written,
        "rows_rejected": standing.rejected,
    }


def _text(statement: Any, dialect: Dialect) -> str:
    """A statement with its values in it: ADBC takes text."""
    return str(statement.compile(dialect=plain(dialect.engine), compile_kwargs={"literal_binds": True}))


def _is_double(error: Exception) -> bool:
    """Whether a key was there already: 23505 is unique_violation of the SQL standard."""
    return getattr(error, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error)


def _reason(error: Exception) -> str:
    """The line that says why: what the server calls an error, else the first that says something."""
    lines = [line.strip() for line in str(getattr(error, "orig", None) or error).splitlines() if line.strip()]
    refused = next((line.partition("ERROR: ")[2].strip() for line in lines if "ERROR: " in line), None)
    return (refused or re.sub(r"^[A-Z_]+: ", "", lines[0] if lines else type(error).__name__))[:300]
