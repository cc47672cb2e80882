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

    def types(self) -> dict[str, Any]:
        """SQLAlchemy's type for each kind of field, and `instant` for moments that are points in time."""

    def bulk(self) -> Any:
        """A new ADBC connection in which a transaction begins by itself."""

    def ready(self, answers: pa.Table) -> pa.Table:
        """Answers in types that the bulk path keeps as they are."""

    def lock(self, name: str, wait: bool) -> AbstractContextManager[bool]:
        """Hold the right to write to a table; False where another process has it and `wait` is not set."""
