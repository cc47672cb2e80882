"""Where answers go: opened by an address.

sqlite:///predictions.db#scores     a table (predictions, if none is named) of a SQLite file
postgresql://user@host/db#scores    a table of PostgreSQL; schema.table works too
delta://folder                      a Delta table
answers.parquet                     one Parquet file
folder                              Parquet files in a folder
"""

from __future__ import annotations

from pathlib import Path

from ...core.errors import InputError
from .standing import Run, Sink, Standing

__all__ = ["Run", "Sink", "Standing", "open_sink"]

TABLE = "predictions"


def open_sink(address: str, root: Path, keeps: bool) -> Sink:
    """Open a sink; `keeps` is whether the rows of earlier runs stay beside those of this one.

    Raises InputError where the address is of no known kind, or nothing answers there.
    """
    url, _, table = address.partition("#")
    if not url.strip("./"):  # the project's own folder
        raise InputError("batch.output names no place; expected such as sqlite:///predictions.db, or a folder")
    scheme = url.partition("://")[0].partition("+")[0] if "://" in url else ""
    if scheme == "delta":
        from .delta import Delta

        return Delta(root / url.removeprefix("delta://"), address, keeps)
    if scheme in ("", "file"):
        return _local(root / url.removeprefix("file://"), address, keeps)
    if scheme not in ("sqlite", "postgresql", "postgres"):
        raise InputError(
            f"batch.output: {scheme}:// is no sink; expected sqlite:///FILE, postgresql://USER@HOST/DATABASE, "
            "delta://FOLDER, a file such as answers.parquet, or a folder for Parquet"
        )
    from sqlalchemy.exc import ArgumentError

    from ...core.jsonable import masked
    from .database import Database

    schema, _, name = (table or TABLE).rpartition(".")
    if scheme == "sqlite":
        from .sqlite import opened

        return Database(opened(url, url, root), table or TABLE, None, keeps)
    from .postgresql import PostgreSQL

    try:
        dialect = PostgreSQL(url)
    except (ValueError, ArgumentError):
        raise InputError(
            f"batch.output: {masked(url).partition('?')[0]} is no address that can be read; expected such as "
            "postgresql://me@host:5432/shop#scores"
        ) from None
    return Database(dialect, name, schema or None, keeps)


def _local(path: Path, address: str, keeps: bool) -> Sink:
    """A file or a folder, by its ending; a folder that is there is one, whatever its name."""
    from .file import ENDINGS, OTHERS, File
    from .folder import Folder

    ending = path.suffix.casefold()
    if not path.is_dir() and ending in OTHERS:
        raise InputError(
            f"batch.output: {address} has the ending {ending!r}; expected a file such as answers.parquet, a folder, or "
            f"an address ({OTHERS[ending]})"
        )
    return (File if ending in ENDINGS and not path.is_dir() else Folder)(path, address, keeps)
