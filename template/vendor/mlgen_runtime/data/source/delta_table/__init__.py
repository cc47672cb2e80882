"""Rows of a Delta table on disk, `delta://FOLDER` (its latest version) or `delta://FOLDER@VERSION`.

A version never changes, so its number is its fingerprint. Files are read like a folder of Parquet, in the order of
their names.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....core.errors import InputError
from ..parquet import ParquetSource, Part, opened
from ..watched import Watched

if TYPE_CHECKING:
    from deltalake import DeltaTable

#: What a table may ask of its readers that this one does. Deletion vectors and mapped columns it would read wrongly.
_FEATURES = {"timestampNtz", "vacuumProtocolCheck", "v2Checkpoint", "appendOnly", "invariants"}
_SPELLING = re.compile(r"delta://(?P<folder>.+?)(?:@(?P<version>\d+))?")


def open_delta(text: str, root: Path, setting: str) -> ParquetSource:
    """Open a version of a Delta table. Raises InputError where table or version are not there or cannot be read."""
    import pyarrow as pa

    found = _SPELLING.fullmatch(text)
    if found is None:
        raise InputError(f"{text} names no folder; expected such as delta://data/sales or delta://data/sales@3")
    place = root / found["folder"]
    table = _table(place, found["folder"], None if found["version"] is None else int(found["version"]), setting)
    described = f"delta://{found['folder']}@{table.version()}"
    _refuse_features(table, described)
    files = pa.table(table.get_add_actions(flatten=False))
    wanted = [name for name in ("path", "partition") if name in files.column_names]  # the latter where there are any
    parts = [_part(place, found["folder"], entry, setting) for entry in files.select(wanted).to_pylist()]
    parts.sort(key=lambda part: part.file.shown)
    digest = hashlib.sha256(f"{table.metadata().id}@{table.version()}".encode()).hexdigest()
    return ParquetSource(described, parts, pa.schema(table.schema().to_arrow()), lambda: digest, evolving=True)


def _table(place: Path, shown: str, version: int | None, setting: str) -> DeltaTable:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    versions = sorted(int(log.stem) for log in (place / "_delta_log").glob("*.json") if log.stem.isdigit())
    if not versions:
        raise InputError(f"there is no Delta table in {shown}; check {setting}")
    if version is not None and not versions[0] <= version <= versions[-1]:
        raise InputError(
            f"delta://{shown}@{version}: the table has no version {version}; it has {versions[0]} to {versions[-1]}"
        )
    try:
        return DeltaTable(place, version=version)
    except DeltaError as error:
        raise InputError(f"delta://{shown} cannot be read ({str(error).splitlines()[0]}); check the table") from error


def _refuse_features(table: DeltaTable, shown: str) -> None:
    """Refuse a table whose files hold rows that were deleted, or columns under other names than the table's."""
    import pyarrow as pa

    wanted = set(table.protocol().reader_features or ()) - _FEATURES
    deleted = pa.RecordBatchReader.from_stream(table.deletion_vectors())
    if not any(batch.num_rows for batch in deleted):
        wanted.discard("deletionVectors")
    mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
    wanted = wanted | {"columnMapping"} if mapped else wanted - {"columnMapping"}
    if wanted:
        raise InputError(
            f"{shown} needs a reader that knows {', '.join(sorted(wanted))}; "
            f"write its rows to a table without, or to Parquet files, and read those"
        )


def _part(folder: Path, shown: str, entry: dict[str, Any], setting: str) -> Part:
    """A file of the table, which the log names as a URL does, and the values of its partition."""
    name = urllib.parse.unquote(entry["path"]).removeprefix("file://")
    watched = Watched(folder / name, f"{shown}/{name}", setting)
    with opened(watched) as file:
        return Part(watched, file.metadata.num_rows, entry.get("partition") or {})
