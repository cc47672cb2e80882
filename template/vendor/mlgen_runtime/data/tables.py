"""Reading tables: CSV, TSV (both also .gz), Parquet, JSON lines, or a table of an SQL database; their fingerprint.

Cells of a CSV stay text here ("007", " ", "1.50" survive); `contract.conform` gives them the types of the contract.

    frame = read(path, settings, root)    all columns of a file
    fingerprint(conform(frame, contract)) the same rows give the same digest, from whichever kind of file
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..config.settings import TAB, TYPED_TAB, TableSettings
from ..core.command_line import override
from ..core.errors import InputError, nearest
from .versions import DELTA, bare, opened

#: Separators worth suggesting where a file seems to have one column.
SEPARATORS = (",", ";", "\t", "|")


def read(path: str, settings: TableSettings, root: Path, version: str | None = None) -> pd.DataFrame:
    """Return all columns of a file or a table as they are, or were at a version; `settings` say how a CSV is written.

    Raises InputError for a file that is missing, of an unknown kind, empty, or not readable as its kind.
    """
    with opened(path, version, root) as kept:
        if isinstance(kept, pd.DataFrame):
            return _named(kept, path)
        if kept is None and "://" in path and not path.startswith("file://"):
            return _named(_read_sql(path), without_password(path))
        return _read_file(kept or root / path.removeprefix("file://"), path, settings)


def _read_file(place: Path, path: str, settings: TableSettings) -> pd.DataFrame:
    """Read a file whose name says of what kind it is; one that keeps an earlier version may be called anything."""
    kind = ending(Path(path))
    if place.is_dir():
        raise InputError(f"{path} is a folder, expected a file; set data.path to a file in it")
    if not place.exists():
        raise InputError(f"there is no file {path}{nearest_file(place)}; set data.path")
    if place.stat().st_size == 0:
        raise InputError(f"{path} is empty, expected a header and rows; check data.path")
    frame = _named(READERS[kind](place, path, settings), path)
    if frame.empty:
        raise InputError(f"{path} has a header and no rows; check data.path")
    return frame


def known(frame: pd.DataFrame, named: Mapping[str, Sequence[str]], path: str) -> None:
    """Refuse a table that lacks a column; `named` is setting to the columns it names."""
    names = list(frame.columns)
    for setting, wanted in named.items():
        for name in wanted:
            if name not in names:
                raise InputError(
                    f"{setting}: {path} has no column {name!r}{nearest(name, names)}; it has {', '.join(names)}"
                )


def wanted(
    path: str, settings: TableSettings, root: Path, named: Mapping[str, Sequence[str]], version: str | None
) -> pd.DataFrame:
    """Return a table without `data.drop`; refuses one that lacks a column that the settings name (see `known`)."""
    frame = read(path, settings, root, version)
    known(frame, {**named, "data.drop": settings.drop}, path)
    return frame.drop(columns=settings.drop)


def fingerprint(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of the columns' names and values in order, the same on every machine.

    Give it conformed rows: numbers hash as little-endian float64 with one NaN, dates as nanoseconds, text as UTF-8.
    """
    import numpy as np

    digest = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        digest.update(f"{len(str(name).encode())}:{name}:{len(column)}:".encode())
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            digest.update(b"d" + column.to_numpy(dtype="datetime64[ns]").astype("<i8").tobytes())
        elif pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype="<f8", na_value=np.nan) + 0.0  # -0.0 becomes 0.0
            digest.update(b"n" + np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
        else:
            codes, levels = pd.factorize(column)
            texts = [str(level).encode("utf8", "surrogatepass") for level in levels]
            digest.update(b"t" + codes.astype("<i8").tobytes())
            digest.update(b"".join(b"%d:%b" % (len(text), text) for text in texts))
    return digest.hexdigest()


def _read_csv(place: Path, path: str, settings: TableSettings) -> pd.DataFrame:
    """Read every cell as text with Arrow: a third of the time of pandas' own reader, and no cell is guessed at."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    raw = _utf8(_unpacked(place, path), path, settings.encoding)
    separator = settings.separator or ("\t" if ".tsv" in Path(path).name.casefold() else ",")
    header = column_names(raw, path, separator)
    try:
        table = arrow.read_csv(
            pa.BufferReader(raw),
            read_options=arrow.ReadOptions(column_names=header, skip_rows=0, skip_rows_after_names=1),
            # values with line breaks must be quoted, and looking for them takes twice the time
            parse_options=arrow.ParseOptions(delimiter=separator, newlines_in_values=b'"' in raw),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=sorted({"", *settings.na_values}),
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0].removeprefix("CSV parse error: ")
        raise InputError(f"{path}: {reason}; mend that row, or set data.separator") from error
    frame: pd.DataFrame = table.to_pandas()
    return frame


def column_names(raw: bytes, path: str, separator: str) -> list[str]:
    """The column names; refuses one column that another separator would split, and names given twice."""
    first = raw.removeprefix(b"\xef\xbb\xbf")[:1_000_000].decode("utf8", "ignore")
    names = [name.strip() for name in next(csv.reader(io.StringIO(first, newline=""), delimiter=separator), [])]
    if len(names) <= 1:
        line = first.lstrip().splitlines()[0] if first.strip() else ""
        other = max(SEPARATORS, key=line.count)
        if line.count(other) and other != separator:
            raise InputError(
                f"{path} has one column with the separator {separator!r}, but {line.count(other)} {other!r} in its "
                f"first line; set {override('data.separator', other.replace(TAB, TYPED_TAB))}"
            )
    return names


def _read_parquet(place: Path, path: str, settings: TableSettings) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        frame: pd.DataFrame = parquet.read_table(place).to_pandas(ignore_metadata=True)  # keeps a saved index
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputError(f"{path} is no Parquet file ({str(error).splitlines()[0]}); check data.path") from error
    return frame


def _read_json_lines(place: Path, path: str, settings: TableSettings) -> pd.DataFrame:
    """One JSON object a line. A key that a line lacks is missing there."""
    rows = []
    lines = _utf8(_unpacked(place, path), path, settings.encoding).decode("utf8").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path} line {number}: not valid JSON ({error}); expected one object a line") from error
        if not isinstance(row, dict):
            raise InputError(f"{path} line {number}: holds {str(row)[:40]!r}, expected one JSON object a line")
        rows.append(row)
    return pd.DataFrame(rows)


def _read_sql(url: str) -> pd.DataFrame:
    """Read a table, `sqlite:///shop.db#customers`, or a query, `…#select * from customers where year > 2020`."""
    import sqlalchemy

    address, _, wanted = url.partition("#")
    if not wanted:
        raise InputError(f"{without_password(url)} names no table; add it after #, such as …#customers or …#select …")
    try:
        engine = sqlalchemy.create_engine(address)
        with engine.connect() as connection:
            if " " in wanted.strip():
                return pd.read_sql_query(sqlalchemy.text(wanted), connection)
            schema, _, table = wanted.rpartition(".")
            return pd.read_sql_table(table, connection, schema=schema or None)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{without_password(url)}: {reason}; check the address, the driver and the table") from error


READERS: dict[str, Callable[[Path, str, TableSettings], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".txt": _read_csv,
    ".parquet": _read_parquet,
    ".pq": _read_parquet,
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
}


def ending(place: Path) -> str:
    """The ending that says how to read a file, without .gz."""
    found = Path(place.name.casefold().removesuffix(".gz")).suffix
    if found not in READERS:
        advice = "save the sheet as CSV" if found in (".xls", ".xlsx", ".ods") else "convert the file"
        known = ", ".join(READERS)
        raise InputError(f"{place.name} is of an unknown kind {found!r}; expected {known} (or .gz of a text); {advice}")
    return found


def _named(frame: pd.DataFrame, path: str) -> pd.DataFrame:
    frame.columns = pd.Index(unique_names(list(frame.columns), path))
    return frame.reset_index(drop=True)


def unique_names(columns: Sequence[object], path: str) -> list[str]:
    """Column names as text: a nameless one (an index that was saved along) gets a number, a double one is refused."""
    names = [str(name) if str(name).strip() else f"unnamed_{i}" for i, name in enumerate(columns)]
    double = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if double:
        raise InputError(f"{path}: the column name {double[0]!r} stands there more than once; rename one of them")
    if not names:
        raise InputError(f"{path} has no columns; check data.path")
    return names


def _unpacked(place: Path, path: str) -> bytes:
    data = place.read_bytes()
    if not path.casefold().endswith(".gz"):
        return data
    try:
        return gzip.decompress(data)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is no complete gzip file ({error}); fetch it again") from error


def _utf8(data: bytes, path: str, encoding: str) -> bytes:
    """The bytes as UTF-8; refuses bytes that the declared encoding does not know, with the line they stand in."""
    try:
        text = data.decode(encoding)
    except LookupError:
        raise InputError(
            f"data.encoding={encoding}: no such encoding; expected such as utf-8, latin-1, cp1252"
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        other = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
        raise InputError(
            f"{path} line {line}: byte 0x{data[error.start]:02x} is not {encoding}; try data.encoding={other}"
        ) from error
    return data if encoding.casefold().replace("-", "") == "utf8" else text.encode("utf8")


def nearest_file(place: Path) -> str:
    """The most similar file name beside the one that is missing."""
    if not place.parent.is_dir():
        return f" (nor a folder {place.parent})"
    return nearest(place.name, _names(sorted(place.parent.iterdir())))


def _names(places: Sequence[Path]) -> list[str]:
    return [place.name for place in places if place.is_file()]


def without_password(url: str) -> str:
    """An address that may be shown and stored."""
    scheme, _, rest = url.partition("://")
    if url.startswith(DELTA):  # what follows an @ is a version
        return url
    host = rest.partition("#")[0]
    if "@" in host:
        user = host.rpartition("@")[0].partition(":")[0]
        rest = f"{user}:***@{rest.split('@', host.count('@'))[-1]}"
    return f"{scheme}://{rest}"


def source(settings: TableSettings, root: Path) -> str:
    """What the contract records as its source: no password, no version, and no path of this machine where it can be
    helped."""
    if settings.path.startswith(DELTA):
        return bare(settings.path)
    if "://" in settings.path:
        return without_password(settings.path)
    place = Path(settings.path)
    absolute: Any = place if place.is_absolute() else root / place
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else settings.path
