"""Rows as the next version of a Delta table.

Cells are written as they were read: those of a CSV are text, and stay text ("007" and "1.50" survive), so that a model
learns the same from the table as from the file, to the bit. Only rows that join a table which others typed are
converted, and refused where a cell would change.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError, nearest
from .. import frames
from ..tables import fingerprint
from . import table
from .versions import CONTRACT

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from .settings import DeltaSettings

#: What a commit says of the rows it brought, beside the contract.
SOURCE, FINGERPRINT = "snapshot.source", "snapshot.fingerprint"


@dataclass(frozen=True)
class Written:
    """What became of the rows: the version that has them, if it is new, and a sentence."""

    version: int
    new: bool
    rows: int
    message: str


def write(settings: DeltaSettings, frame: pd.DataFrame, source: str, contract: str | None, root: Path) -> Written:
    """Make the rows the next version, or find the one that has them already.

    Raises InputError where they don't fit the table, or where another writer came first.
    """
    place = root / settings.path
    there = table.versions(place)
    known = table.at(place, settings.path, None) if there else None
    notes = {SOURCE: source, FINGERPRINT: fingerprint(frame), **({CONTRACT: contract} if contract else {})}
    mode = settings.mode if known is not None else "overwrite"
    rows = _arrow(frame, source)
    if known is not None and mode == "append":
        rows = _joined(rows, known, source)
    if known is not None and (has := _has(known, mode, notes)) is not None:
        return _again(known, has, notes, settings, len(frame))
    if not settings.dry_run:
        _commit(place, rows, mode, notes, settings)
    number = there[-1] + 1 if there else 0
    message = "added to those of the version before" if mode == "append" else "and no others"
    return Written(number, True, len(frame), f"{len(frame):,} rows of {source}, {message}")


def _has(known: Any, mode: str, notes: dict[str, str]) -> int | None:
    """The version that has these rows already: the latest with just them, or any that they were added in."""
    if mode == "overwrite":
        return known.version() if fingerprint(frames.frame(table.rows(known))) == notes[FINGERPRINT] else None
    commits = table.commits(known)
    return next((number for number, made in commits.items() if made.get(FINGERPRINT) == notes[FINGERPRINT]), None)


def _again(known: Any, has: int, notes: dict[str, str], settings: DeltaSettings, rows: int) -> Written:
    """Nothing to do where the contract is the same too; else a version of the same rows that keeps the new contract."""
    latest = table.commits(known).get(known.version(), {})
    if settings.mode == "append" or latest.get(CONTRACT) == notes.get(CONTRACT):
        return Written(has, False, rows, f"nothing to do: version {has} has these {rows:,} rows")
    if not settings.dry_run:
        from deltalake import CommitProperties

        kept = {"delta.logRetentionDuration": f"interval {settings.keep_days} days"}
        with _told(settings.path):
            known.alter.set_table_properties(kept, commit_properties=CommitProperties(custom_metadata=notes))
    return Written(known.version() + settings.dry_run, True, rows, "the same rows, with the contract as it is now")


def _commit(place: Path, rows: pa.Table, mode: Any, notes: dict[str, str], settings: DeltaSettings) -> None:
    from deltalake import CommitProperties, write_deltalake

    kept = f"interval {settings.keep_days} days"
    with _told(settings.path):
        write_deltalake(
            place,
            rows,
            mode=mode,
            schema_mode="overwrite" if mode == "overwrite" else None,
            configuration={"delta.logRetentionDuration": kept, "delta.deletedFileRetentionDuration": kept},
            commit_properties=CommitProperties(custom_metadata=notes),
        )


@contextlib.contextmanager
def _told(shown: str) -> Iterator[None]:
    """Turn what delta-rs refuses into one line."""
    from deltalake.exceptions import CommitFailedError, DeltaError

    try:
        yield
    except CommitFailedError as error:
        raise InputError(f"delta://{shown}: another writer was quicker; run snapshot again") from error
    except DeltaError as error:
        raise InputError(
            f"delta://{shown} cannot be written ({str(error).splitlines()[0]}); check delta.path and the table"
        ) from error


def _arrow(frame: pd.DataFrame, source: str) -> pa.Table:
    """The rows as Delta can hold them: a column without any value is text. Raises InputError for other kinds."""
    import pyarrow as pa

    columns = {}
    for name in frame.columns:
        try:
            column = pa.chunked_array(pa.array(frame[name], from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"{source}: the column {name!r} holds cells of several kinds ({reason})") from error
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        kind = column.type
        if pa.types.is_null(kind) or pa.types.is_large_string(kind):
            column = column.cast(pa.string())
        elif not _holds(kind):
            raise InputError(f"{source}: the column {name!r} is {kind}, which no Delta table holds; write it as text")
        columns[str(name)] = column
    return pa.table(columns)


def _holds(kind: pa.DataType) -> bool:
    """Whether a Delta table has cells of this kind."""
    import pyarrow as pa

    kinds = pa.types
    number = kinds.is_signed_integer(kind) or kind in (pa.float32(), pa.float64()) or kinds.is_decimal(kind)
    moment = kinds.is_timestamp(kind) or kinds.is_date32(kind)
    return bool(number or moment or kinds.is_boolean(kind) or kinds.is_string(kind) or kinds.is_binary(kind))


def _joined(rows: pa.Table, known: Any, source: str) -> pa.Table:
    """The rows with the columns of the table that they are added to, in its order and its types."""
    import pyarrow as pa

    schema = pa.schema(known.schema().to_arrow())
    foreign = [name for name in rows.column_names if name not in schema.names]
    lacking = [name for name in schema.names if name not in rows.column_names]
    if foreign or lacking:
        name = (foreign or lacking)[0]
        where = f"the table has no column {name!r}" if foreign else f"{source} has no column {name!r}"
        others = schema.names if foreign else rows.column_names
        raise InputError(f"{where}{nearest(name, others)}; mend the rows, or replace all of them: delta.mode=overwrite")
    return pa.table([_as(rows[field.name], field, source) for field in schema], schema=schema)


def _as(column: pa.ChunkedArray, field: pa.Field, source: str) -> pa.ChunkedArray:
    """A column in the type of the table's; raises InputError where a cell would change."""
    import pyarrow as pa

    if column.type == field.type or column.null_count == len(column):
        return column.cast(field.type)
    try:
        if pa.types.is_string(field.type):  # 1.50 as text or as a number: which it was cannot be told afterwards
            raise pa.ArrowInvalid(f"it is {column.type}, and the table has text")
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{source}: the column {field.name!r} does not fit the table's {field.type} ({reason}); mend it, or replace"
            " all rows: delta.mode=overwrite"
        ) from error
