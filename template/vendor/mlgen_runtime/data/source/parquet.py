"""Rows of Parquet: one file, or a folder of them, whose subfolders may name columns as Hive writes them.

    sales.parquet
    sales/day=2026-01-31/part-0.parquet      gives every row of the file a column `day`

Memory stays the same however long the file and its row groups are: pages are read as they are needed.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import InputError
from .header import unique_names
from .nested import flattened
from .regroup import regroup
from .rows import Batch
from .watched import Watched

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

#: Bytes read of a column at once; without it Arrow holds the whole column of a row group (measured: 713 MB for
#: one group of 5 million rows and 30 columns, against 100 MB).
_BUFFER = 64 * 1024
#: Rows decoded at once, about and at most: fewer cost time, more cost memory.
_STEP, _MOST = 65_536, 131_072
#: What Hive calls the folder of rows that have no value.
_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Part:
    """A file of a source, its number of rows, and the columns that are the same in all of them."""

    file: Watched
    rows: int
    constants: Mapping[str, Any] = field(default_factory=dict)


class ParquetSource:
    """The rows of `parts` one after the other, as columns of `schema`.

    A column that a file lacks is missing in its rows where `evolving`, else the file is refused.
    """

    def __init__(
        self,
        described: str,
        parts: Sequence[Part],
        schema: pa.Schema,
        digest: Callable[[], str],
        evolving: bool = False,
    ) -> None:
        self.described = described
        self.names = tuple(unique_names(schema.names, described)) if len(schema) else ()
        self.types: tuple[pa.DataType, ...] = tuple(schema.types)
        self.rows: int | None = sum(part.rows for part in parts)
        self.reckoned = False
        self._parts = parts
        self._schema = schema
        self._digest = digest
        self._evolving = evolving

    def fingerprint(self) -> str:
        """Return the SHA-256 of a file's bytes; of a folder, of its files' names and bytes."""
        return self._digest()

    def batches(self, size: int, after: int = 0) -> Iterator[Batch]:
        """Read the rows after number `after`; row groups before it are not read at all."""
        return regroup(self._pieces(size, after), size, after)

    def close(self) -> None:
        """There is nothing to let go of: files are open while they are read only."""

    def _pieces(self, size: int, after: int) -> Generator[Batch, None, None]:
        first = 0
        step = min(size * max(1, _STEP // size), _MOST)  # a multiple of batches, so that few of them lie across two
        for part in self._parts:
            if first + part.rows > after:
                start = first
                for skipped, table in self._tables(part, step, max(0, after - first)):
                    start = max(start, first + skipped)
                    numbers = np.arange(start + 1, start + 1 + table.num_rows)
                    yield Batch(start, table.num_rows, table, numbers)
                    start += table.num_rows
            first += part.rows

    def _tables(self, part: Part, step: int, after: int) -> Iterator[tuple[int, pa.Table]]:
        """A file's rows as tables, and how many rows of it were skipped as they stand in row groups before `after`."""
        import pyarrow as pa

        with opened(part.file) as file:
            counts = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            if sum(counts) != part.rows:
                raise InputError(f"{part.file.shown} changed while it was read; start the job again")
            ends = np.cumsum(counts)
            first = int(np.searchsorted(ends, after, side="right"))
            skipped = int(ends[first - 1]) if first else 0
            rows = file.iter_batches(step, row_groups=list(range(first, len(counts))), use_threads=False)
            while True:
                try:
                    found = next(rows, None)
                    table = None if found is None else self._conform(found, part)
                except (pa.ArrowException, OSError) as error:
                    part.file.check()
                    raise InputError(
                        f"{part.file.shown} cannot be read any further ({_line(error)}); write it anew"
                    ) from error
                part.file.check()
                if table is None:
                    return
                yield skipped, table

    def _conform(self, batch: pa.RecordBatch, part: Part) -> pa.Table:
        """The batch with the columns and types of the whole source."""
        import pyarrow as pa

        columns = []
        if any(pa.types.is_nested(kind) for kind in batch.schema.types):
            batch = flattened(pa.Table.from_batches([batch]))
        for entry, name in zip(self._schema, self._schema.names, strict=True):
            if name in part.constants:
                columns.append(pa.repeat(pa.scalar(part.constants[name], entry.type), batch.num_rows))
            elif (index := batch.schema.get_field_index(name)) >= 0:
                column = batch.column(index)
                columns.append(column if column.type == entry.type else column.cast(entry.type, safe=False))
            elif self._evolving:
                columns.append(pa.nulls(batch.num_rows, entry.type))
            else:
                raise InputError(f"{part.file.shown} has no column {name!r} any more; start the job again")
        return pa.Table.from_arrays(columns, names=list(self.names))


def open_file(place: Path, shown: str, setting: str) -> ParquetSource:
    """Open one Parquet file. Raises InputError where it is none."""
    part, schema = _part(Watched(place, shown, setting))
    return ParquetSource(shown, [part], schema, part.file.sha256)


def open_folder(folder: Path, shown: str, setting: str) -> ParquetSource:
    """Open the Parquet files of a folder and its subfolders, in the order of their names.

    Raises InputError where there are none, or where they do not have the same columns.
    """
    places = _listed(folder)
    if (folder / "_delta_log").is_dir():
        raise InputError(f"{shown} is a Delta table; set {setting}=delta://{shown}")
    if not places:
        raise InputError(f"{shown} is a folder without a .parquet file; set {setting} to a file")
    names = [place.relative_to(folder).as_posix() for place in places]
    constants = _constants(names)
    parts, schemas = [], []
    for place, name, held in zip(places, names, constants, strict=True):
        part, schema = _part(Watched(place, f"{shown.rstrip('/')}/{name}", setting), held)
        parts.append(part)
        schemas.append(schema)

    def digest() -> str:
        whole = hashlib.sha256()
        for name, part in zip(names, parts, strict=True):
            whole.update(f"{part.file.sha256()} {name}\n".encode())
        return whole.hexdigest()

    return ParquetSource(shown, parts, _unified(schemas, parts), digest)


def _part(watched: Watched, constants: Mapping[str, Any] | None = None) -> tuple[Part, pa.Schema]:
    """A file and its columns, with those that its folders' names hold at the end."""
    import pyarrow as pa

    with opened(watched) as file:
        plain = pa.schema([pa.field(entry.name, _plain(entry.type)) for entry in file.schema_arrow])
        fields = list(flattened(plain.empty_table()).schema)
        rows = file.metadata.num_rows
    own = {entry.name for entry in fields}
    held = {name: value for name, value in (constants or {}).items() if name not in own}
    for name, value in held.items():
        kind = pa.null() if value is None else pa.int64() if isinstance(value, int) else pa.string()
        fields.append(pa.field(name, kind))
    return Part(watched, rows, held), pa.schema(fields)


def opened(watched: Watched) -> ParquetFile:
    """Open a file for reading in small pieces. Raises InputError where it is no Parquet file."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    watched.check()
    try:
        return ParquetFile(watched.place, pre_buffer=False, buffer_size=_BUFFER)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{watched.shown} is no Parquet file ({_line(error)}); check {watched.setting}") from error


def _listed(folder: Path) -> list[Path]:
    """The Parquet files below a folder by name; what starts with . or _ is not data (Spark's and Delta's logs)."""
    found = []
    for place in sorted(folder.iterdir(), key=lambda path: path.name):
        if place.name.startswith((".", "_")):
            continue
        if place.is_dir():
            found += _listed(place)
        elif place.suffix.casefold() in (".parquet", ".pq"):
            found.append(place)
    return found


def _constants(names: Sequence[str]) -> list[dict[str, Any]]:
    """The columns that folder names such as `day=3` hold, for each file; whole numbers where all of them are."""
    texts: list[dict[str, str | None]] = []
    for name in names:
        pairs = (folder.partition("=") for folder in name.split("/")[:-1] if "=" in folder)
        texts.append({urllib.parse.unquote(key): _value(value) for key, _, value in pairs})
    numeric = {
        key
        for key in dict.fromkeys(key for held in texts for key in held)
        if all(re.fullmatch(r"0|-?[1-9]\d{0,17}", value) for held in texts if (value := held.get(key)) is not None)
    }
    return [
        {key: int(value) if key in numeric and value is not None else value for key, value in held.items()}
        for held in texts
    ]


def _value(text: str) -> str | None:
    return None if text == _NULL else urllib.parse.unquote(text)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Categories as what they stand for: files number them differently."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _unified(schemas: Sequence[pa.Schema], parts: Sequence[Part]) -> pa.Schema:
    """One type for each column that holds the values of all files; refuses files of other columns."""
    import pyarrow as pa

    whole = schemas[0]
    for schema, part in zip(schemas, parts, strict=True):
        for one, other in ((schema, whole), (whole, schema)):
            lacking = [name for name in other.names if name not in one.names]
            if lacking:
                first, second = (part, parts[0]) if one is schema else (parts[0], part)
                raise InputError(
                    f"{first.file.shown} has no column {lacking[0]!r}, which {second.file.shown} has; "
                    f"expected the same columns in all files of a folder"
                )
        try:
            whole = pa.unify_schemas([whole, schema], promote_options="permissive")
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            name = next(n for n in whole.names if not _go_together(whole.field(n), schema.field(n)))
            raise InputError(
                f"{part.file.shown}: column {name!r} is {schema.field(name).type}, but {whole.field(name).type} in "
                f"{parts[0].file.shown}; expected the same columns in all files of a folder"
            ) from error
    return whole


def _go_together(one: pa.Field, other: pa.Field) -> bool:
    import pyarrow as pa

    try:
        pa.unify_schemas([pa.schema([one]), pa.schema([other])], promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return False
    return True


def _line(error: Exception) -> str:
    return str(error).splitlines()[0]
