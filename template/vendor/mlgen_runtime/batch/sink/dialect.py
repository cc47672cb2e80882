"""What differs between databases: types, the way in for whole tables, how rows are replaced, and who may write.

A dialect is chosen by the scheme of `batch.output`. Each has an SQLAlchemy engine for definitions and an ADBC
connection for the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa


class Dialect(Protocol):
    """One database."""

    @property
    def described(self) -> str:
        """Its address without a password."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What SQLAlchemy's tables with a key are told besides."""

    @property
    def engine(self) -> sa.Engine:
        """For definitions and what is read once."""

    @property
    def exact(self) -> bool:
        """Whether the bulk path takes numbers of a column's own size only."""

    @property
    def absent(self) -> bool:
        """Whether there is no database yet, so that nothing can be in the way."""

    def types(self) -> dict[str, Any]:
        """SQLAlchemy's type for each kind of field, and `instant` for moments that are points in time."""

    def bulk(self) -> Any:
        """A new ADBC connection in which a transaction begins by itself."""

    def ready(self, answers: pa.Table) -> pa.Table:
        """Answers in types that the bulk path keeps as they are."""

    def settle(self, connection: sa.Connection, runs: sa.Table) -> None:
        """Wait, in a transaction, for what a killed process still has under way: its last commit may yet arrive."""

    def lock(self, name: str, wait: bool) -> AbstractContextManager[bool]:
        """Hold the right to write to a table; False where another process has it and `wait` is not set."""


def plain(engine: sa.Engine) -> sa.Dialect:
    """SQLAlchemy's dialect for statements that ADBC takes as they are: `%` is a sign like any other there."""
    return engine.dialect.__class__(paramstyle="named")  # type: ignore[call-arg]
