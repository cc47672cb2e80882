"""Rows of a table or a query of a database: `sqlite:///shop.db#customers`, `postgresql://me@host/shop#select * from …`.

The query runs once, into a spool on this machine, and its rows are read from there: one snapshot, that a job which
was stopped finds again by its hash if the query gives the same rows in the same order. Where there is a key, its
columns order the rows. PostgreSQL's password is taken from PGPASSWORD; one in the address is shown nowhere.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError, nearest
from ...core.jsonable import masked
from .fetch import Unfit, by_sqlalchemy
from .parquet import ParquetSource, Part
from .place import nearest_file
from .spool import Spool
from .watched import Watched

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL

#: What the drivers put before the reason.
_BEFORE = re.compile(r"^(\([\w.]+\) |[A-Z_]+: |\[\w+\] |Failed to \w+( \w+)?: )+")


class SqlSource(ParquetSource):
    """The rows in a spool, which goes when the source is closed."""

    def __init__(self, shown: str, spool: Spool, typed: bool, setting: str) -> None:
        import pyarrow as pa

        parts = [Part(Watched(place, shown, setting), rows) for place, rows in spool.files]
        fields = [
            (entry.name, entry.type if typed and not pa.types.is_null(entry.type) else pa.string())
            for entry in spool.schema
        ]
        super().__init__(shown, parts, pa.schema(fields), spool.fingerprint)
        self._spool = spool

    def close(self) -> None:
        """Remove the spool."""
        self._spool.close()


def open_sql(text: str, root: Path, key: Sequence[str], setting: str) -> SqlSource:
    """Run the query that `text` names and keep its rows, in the order of the columns `key`.

    Raises InputError where the database does not answer, refuses or goes away, where a table or a key column is not
    there, and where the disk is full.
    """
    shown = masked(text)
    address, _, wanted = text.partition("#")
    if not wanted.strip():
        raise InputError(f"{shown} names no table; add it after #, such as …#customers or …#select …")
    query = Query(_url(address, shown, root, setting), wanted.strip(), shown)
    statement = query.ordered(key) if key else query.statement
    for read in query.ways():
        spool = Spool()
        try:
            with query.telling(spool), contextlib.closing(read(query.url, statement)) as found:
                spool.fill(found)
            # SQLite's types are those of its values: where there are none, what ADBC says is made up
            return SqlSource(
                shown, spool, typed=spool.rows > 0 or query.url.get_backend_name() != "sqlite", setting=setting
            )
        except Unfit:
            spool.close()
        except BaseException:
            spool.close()
            raise
    raise AssertionError("SQLAlchemy reads every type")


class Query:
    """A table or a query of a database, and how it is asked and its faults are told."""

    def __init__(self, url: URL, wanted: str, shown: str) -> None:
        self.url = url
        self._shown = shown
        self._quote = url.get_dialect()().identifier_preparer.quote
        self._table = None if any(map(str.isspace, wanted)) else wanted
        schema, _, table = wanted.rpartition(".")
        named = ".".join(map(self._quote, [schema, table] if schema else [table]))
        self.statement = f"SELECT * FROM {named}" if self._table else wanted.rstrip("; \n\t")

    def ways(self) -> Iterator[Callable[[URL, str], Generator[pa.RecordBatch, None, None]]]:
        """How the rows can be read, the fastest first."""
        if self.url.get_backend_name() in ("sqlite", "postgresql") and _has_adbc():
            from .adbc import by_adbc

            yield by_adbc
        yield by_sqlalchemy

    def ordered(self, key: Sequence[str]) -> str:
        """The statement with its rows in the order of `key`; refuses names that are no columns of it."""
        inner = f"SELECT * FROM ({self.statement}\n) AS source"
        with self.telling():
            names = next(by_sqlalchemy(self.url, f"{inner} WHERE 1 = 0")).schema.names
        for name in key:
            if name not in names:
                raise InputError(
                    f"data.key: {self._shown} has no column {name!r}{nearest(name, names)}; it has {', '.join(names)}"
                )
        return f"{inner} ORDER BY {', '.join(map(self._quote, key))}"

    @contextlib.contextmanager
    def telling(self, spool: Spool | None = None) -> Iterator[None]:
        """Turn what drivers raise into an InputError of one line without a password."""
        import sqlalchemy

        faults: tuple[type[Exception], ...] = (sqlalchemy.exc.SQLAlchemyError, ImportError, OSError, *_drivers())
        try:
            yield
        except faults as error:
            reason = _reason(error, self.url.password)
            if spool is not None and len(spool.schema):
                raise InputError(
                    f"{self._shown}: the database broke off after {spool.rows:,} rows ({reason}); "
                    f"none of them is scored yet, start the job again"
                ) from error
            raise InputError(
                f"{self._shown}: {reason}{self._near()}; check the address, the password and what is asked for"
            ) from error

    def _near(self) -> str:
        """The most similar table, where one is asked for and the database can be asked."""
        import sqlalchemy

        if self._table is None:
            return ""
        schema, _, table = self._table.rpartition(".")
        try:
            inspector = sqlalchemy.inspect(sqlalchemy.create_engine(self.url))
            names = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
        except (sqlalchemy.exc.SQLAlchemyError, ImportError):  # the fault that is told already
            return ""
        return "" if table in names else nearest(table, names)


def _has_adbc() -> bool:
    """Whether the project has the faster way: it comes with batch scoring."""
    return importlib.util.find_spec(".adbc", __package__) is not None


def _drivers() -> tuple[type[Exception], ...]:
    """What the drivers of the faster way raise."""
    if not _has_adbc():
        return ()
    from .adbc import errors

    return errors()


def _url(address: str, shown: str, root: Path, setting: str) -> URL:
    """The address of a database; an SQLite file is looked for in `root`, and one that is not there is not made."""
    import sqlalchemy

    try:
        url = sqlalchemy.make_url(re.sub("^postgres(ql)?(\\+\\w+)?://", "postgresql+psycopg://", address))
        url.get_dialect()
    except (sqlalchemy.exc.ArgumentError, ImportError, ValueError) as error:
        raise InputError(
            f"{shown} is no address that can be read ({masked(str(error))}); expected a file, a folder, "
            f"delta://FOLDER, sqlite:///FILE#TABLE or postgresql://USER@HOST/DATABASE#TABLE"
        ) from error
    if url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
        return url.update_query_dict({"connect_timeout": "10"})
    if url.get_backend_name() != "sqlite":
        return url
    place = root.resolve() / (url.database or "")
    if not place.is_file():
        raise InputError(f"{shown}: there is no file {url.database}{nearest_file(place)}; set {setting}")
    return url.set(drivername="sqlite", database=str(place))


def _reason(error: Exception, password: str | None) -> str:
    """The line of an error that says why, without what the drivers put before it."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    refused = next((line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line), None)
    line = (refused or _BEFORE.sub("", lines[0])).strip()
    return str(masked(line.replace(password, "***") if password else line))
