"""A Delta table at one of its versions, and which versions there are.

address("delta://data/table@3")      Address(folder="data/table", version="3")
table = at(Path("data/table"), "data/table", "3")
rows(table)                          its rows, in the order in which they were written
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ..versions import AT, DELTA, bare

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable


@dataclass(frozen=True)
class Address:
    """A table's folder as it was written, and the version that the path names, None where it names none."""

    folder: str
    version: str | None


def address(path: str) -> Address:
    """Take `delta://FOLDER` or `delta://FOLDER@VERSION` apart. Raises InputError where there is no folder."""
    named = AT.search(path)
    folder = bare(path).removeprefix(DELTA)
    if not folder or "://" in folder:
        raise InputError(f"{path} names no folder on disk; expected such as delta://data/table or delta://data/table@3")
    return Address(folder, named["version"] if named else None)


def versions(place: Path) -> list[int]:
    """The versions that the log of a table still tells of, oldest first; none where there is no table."""
    return sorted(int(log.stem) for log in (place / "_delta_log").glob("*.json") if log.stem.isdigit())


def at(place: Path, shown: str, asked: str | None) -> DeltaTable:
    """Open a table at a version: a number, a moment (the version of then), or None for the latest.

    Raises InputError where there is no such table or version, naming those there are.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    there = versions(place)
    if not there:
        raise InputError(f"there is no Delta table in {shown}; write one with the verb snapshot, or set data.path")
    try:
        table = DeltaTable(place)
        if asked is not None:
            table.load_as_version(_number(table, shown, asked, there))
    except DeltaError as error:
        raise InputError(f"delta://{shown} cannot be read ({str(error).splitlines()[0]}); check the table") from error
    return table


def rows(table: DeltaTable) -> pa.Table:
    """All rows of a table, file by file as they were added: the same rows in the same order whenever it is read.

    Where files hold rows that were deleted since, or columns under other names, the engine reads them in no order of
    its own, and they are sorted.
    """
    import pyarrow as pa
    from deltalake.exceptions import DeltaError, DeltaProtocolError

    try:
        try:
            return _in_order(table)
        except DeltaProtocolError:
            unordered = pa.table(table.scan())
            return unordered.sort_by([(name, "ascending") for name in unordered.column_names])
    except (DeltaError, OSError, pa.ArrowInvalid) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"version {table.version()} of the Delta table cannot be read ({reason}); did a vacuum delete its files?"
        ) from error


def commits(table: DeltaTable) -> dict[int, dict[str, Any]]:
    """Version to what its commit says of itself, newest first."""
    return {int(entry["version"]): entry for entry in table.history()}


def _in_order(table: DeltaTable) -> pa.Table:
    """Read the files one by one: those of an earlier commit first, those of one commit by name."""
    import pyarrow as pa

    dataset = table.to_pyarrow_dataset()
    added = pa.table(table.get_add_actions(flatten=True)).select(["path", "modification_time"]).to_pylist()
    moments = {Path(entry["path"]).name: entry["modification_time"] for entry in added}
    files = sorted(dataset.get_fragments(), key=lambda file: (moments[Path(file.path).name], file.path))
    parts = [file.to_table(schema=dataset.schema) for file in files]
    return pa.concat_tables(parts) if parts else dataset.schema.empty_table()


def _number(table: DeltaTable, shown: str, asked: str, there: list[int]) -> int:
    """The version that was asked for by its number, or by a moment."""
    if asked.isdigit():
        if not there[0] <= int(asked) <= there[-1]:
            raise InputError(f"delta://{shown}@{asked}: the table has no version {asked}; it has {_listed(there)}")
        return int(asked)
    try:
        moment = datetime.datetime.fromisoformat(asked)
    except ValueError:
        raise InputError(
            f"data.version={asked}: neither a version nor a moment such as 2026-01-31T06:00:00; the table has "
            f"{_listed(there)}"
        ) from None
    until = moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp() * 1000
    begun = [number for number, commit in commits(table).items() if commit["timestamp"] <= until]
    if not begun:
        first = min(commit["timestamp"] for commit in commits(table).values()) / 1000
        since = datetime.datetime.fromtimestamp(first, datetime.UTC).isoformat(timespec="seconds")
        raise InputError(f"delta://{shown}@{asked}: the table had no version yet; its first is of {since}")
    return max(begun)


def _listed(there: list[int]) -> str:
    return f"{there[0]} to {there[-1]}" if len(there) > 1 else f"{there[0]} alone"
