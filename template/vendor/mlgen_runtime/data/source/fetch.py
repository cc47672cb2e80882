"""The rows of a query as batches of Arrow with few types: int64, float64, bool, string and timestamp.

`by_sqlalchemy` reads the values one by one, of any database that SQLAlchemy knows. Where batch scoring is, there is a
faster way (`adbc`), which raises Unfit for what it cannot hold.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from .values import column

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL

#: Rows held as Python objects at once.
_OBJECTS = 10_000


class Unfit(Exception):
    """The values of a query do not fit into the types that ADBC gives its columns."""


def by_sqlalchemy(url: URL, statement: str) -> Generator[pa.RecordBatch, None, None]:
    """Yield the rows of a statement, the first batch without any. Raises SQLAlchemy's errors as they are."""
    import pyarrow as pa
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    # without parameters a % in the statement is a %
    options: dict[str, Any] = {"stream_results": True, "max_row_buffer": _OBJECTS, "no_parameters": True}
    with engine.connect().execution_options(**options) as connection:
        result = connection.exec_driver_sql(statement)
        names = list(result.keys())
        yield pa.RecordBatch.from_arrays([pa.nulls(0) for _ in names], names=names)
        while rows := result.fetchmany(_OBJECTS):
            columns = [column(list(map(_flat, values))) for values in zip(*rows, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, names=names)


def _flat(value: Any) -> Any:
    """A value of a database; arrays and JSON are the text that it shows them as."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value
