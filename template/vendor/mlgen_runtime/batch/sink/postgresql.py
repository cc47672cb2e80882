"""PostgreSQL as a sink: rows by binary COPY, and an advisory lock of the server that says who writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .dialect import plain

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

#: Seconds to wait for an answer to a connection.
PATIENCE = 10
#: Seconds after which a silent connection is asked for a sign of life: the one with the lock is silent for hours.
KEPT = 60


class PostgreSQL:
    """A database on a server. The password comes with the address or from PGPASSWORD, as libpq takes it."""

    options: Mapping[str, Any] = MappingProxyType({})
    exact, absent = True, False

    def __init__(self, url: str) -> None:
        import sqlalchemy as sa

        self.url = sa.make_url(url).set(drivername="postgresql+psycopg")
        shown = self.url.set(drivername="postgresql").difference_update_query(["password"])
        self.described = shown.render_as_string(hide_password=True)

    @cached_property
    def engine(self) -> sa.Engine:
        """For definitions and what is read once."""
        import sqlalchemy as sa

        # Nothing to reset: each connection is used once, and one that the server closed could not be.
        return sa.create_engine(
            self.url,
            poolclass=sa.NullPool,
            pool_reset_on_return=None,
            connect_args={"connect_timeout": PATIENCE, "keepalives_idle": KEPT},
        )

    def types(self) -> dict[str, Any]:
        """SQLAlchemy's types; a moment of the data has no zone, the moment of scoring has."""
        import sqlalchemy as sa

        return {"integer": sa.BigInteger(), "number": sa.Double(), "boolean": sa.Boolean(), "text": sa.Text(),
                "moment": sa.DateTime(), "instant": sa.DateTime(timezone=True)}  # fmt: skip

    def bulk(self) -> Any:
        """A connection for COPY."""
        import adbc_driver_postgresql.dbapi as adbc

        plain = self.url.set(drivername="postgresql").update_query_dict({"connect_timeout": str(PATIENCE)})
        return adbc.connect(plain.render_as_string(hide_password=False))

    def ready(self, answers: pa.Table) -> pa.Table:
        """As it is: COPY takes Arrow's types."""
        return answers

    def settle(self, connection: sa.Connection, runs: sa.Table) -> None:
        """Ask for a lock that no transaction that writes to the runs lets through."""
        name = plain(self.engine).identifier_preparer.format_table(runs)
        statement = f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    @contextmanager
    def lock(self, name: str, wait: bool) -> Iterator[bool]:
        """Hold an advisory lock on a connection of its own; the server frees it when the connection is gone."""
        import sqlalchemy as sa

        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if wait:
                connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": key})
            had = wait or connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar()
            yield bool(had)
