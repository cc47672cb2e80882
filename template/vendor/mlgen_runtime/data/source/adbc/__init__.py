"""The rows of a query by ADBC: the database's bulk format, as Arrow. It comes with batch scoring.

It cannot hold what has several types in one column (SQLite allows that) nor some types of PostgreSQL: then it raises
Unfit, and whoever asks reads the values one by one (`fetch.by_sqlalchemy`).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from ..fetch import Unfit

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL

#: Rows fetched at once from SQLite; PostgreSQL's driver counts bytes (16 MB).
_ROWS = 65_536
#: How long another process may write to an SQLite file before its reader gives up, in milliseconds.
_PATIENCE = 60_000


def errors() -> tuple[type[Exception], ...]:
    """What the drivers raise."""
    import adbc_driver_manager

    return (adbc_driver_manager.Error,)


def by_adbc(url: URL, statement: str) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of a statement, the first batch without any. Raises Unfit, and the driver's errors as they are."""
    import pyarrow as pa

    lite = url.get_backend_name() == "sqlite"
    with _connect(url) as connection, connection.cursor() as cursor:
        if lite:
            for pragma in (f"busy_timeout = {_PATIENCE}", "query_only = on"):
                cursor.execute(f"PRAGMA {pragma}")
                cursor.fetchall()
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(_ROWS)})
        else:
            cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(statement)
        reader = cursor.fetch_record_batch()
        casts = [_cast(entry) for entry in reader.schema]
        names = reader.schema.names
        try:
            for batch in _with_empty(reader):
                yield pa.RecordBatch.from_arrays(
                    [cast(values) for cast, values in zip(casts, batch.columns, strict=True)], names=names
                )
        except (OSError, pa.ArrowInvalid) as error:
            if "Type mismatch" in str(error) or isinstance(error, pa.ArrowInvalid):
                raise Unfit(str(error)) from error
            raise


def _connect(url: URL) -> Any:
    if url.get_backend_name() == "sqlite":
        import adbc_driver_sqlite.dbapi as sqlite

        # not mode=ro: what a killed writer left half done is undone by whoever opens the file next
        return sqlite.connect(f"file:{urllib.parse.quote(url.database or '')}?mode=rw")
    import adbc_driver_postgresql.dbapi as postgresql

    return postgresql.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))


def _with_empty(reader: Any) -> Iterator[pa.RecordBatch]:
    """The batches, and before them one that tells the columns where there are no rows."""
    import pyarrow as pa

    yield pa.RecordBatch.from_arrays([pa.array([], entry.type) for entry in reader.schema], schema=reader.schema)
    yield from reader


def _cast(entry: pa.Field) -> Callable[[pa.Array], pa.Array]:
    """How values of a column of ADBC become those of one of the few types. Raises Unfit for other types."""
    import pyarrow as pa
    from pyarrow import types

    kind = entry.type
    if isinstance(kind, pa.OpaqueType) and kind.type_name == "numeric":
        return lambda values: values.storage.cast(pa.float64())
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.json":
        return lambda values: values.storage.cast(pa.string())
    to: pa.DataType | None = None
    if (entry.metadata or {}).get(b"POSTGRESQL:type") == b"money":  # comes as whole cents
        to = None
    elif types.is_integer(kind):
        to = pa.int64()
    elif types.is_floating(kind) or types.is_decimal(kind):
        to = pa.float64()
    elif types.is_boolean(kind) or types.is_null(kind):
        to = kind
    elif types.is_string(kind) or types.is_large_string(kind):
        to = pa.string()
    elif types.is_date(kind) or types.is_timestamp(kind):
        to = pa.timestamp("us", "UTC" if getattr(kind, "tz", None) else None)
    if to is None:
        raise Unfit(f"column {entry.name!r} is {kind}")
    return lambda values: values if values.type == to else values.cast(to, safe=False)
