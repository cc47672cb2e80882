"""Tables read as a whole, from whichever source; their fingerprint.

Cells stay as they are here ("007", " ", "1.50" survive); `contract.conform` gives them the types of the contract.

    frame = read(path, settings, root)    all columns of a file
    fingerprint(conform(frame, contract)) the same rows give the same digest, from whichever kind of file
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..config.settings import TableSettings
from ..core.errors import InputError, nearest
from . import frames
from .source import open_file, open_source
from .source.header import unique_names
from .source.nested import flattened
from .versions import DELTA, bare, opened

if TYPE_CHECKING:
    import pyarrow as pa

    from .source.rows import Source

#: Rows read at once.
_ROWS = 65_536


def read(
    path: str, settings: TableSettings, root: Path, version: str | None = None, setting: str = "data.path"
) -> pd.DataFrame:
    """Return all columns of a file or a table as they are, or were at a version; `settings` say how a CSV is written.

    Cells are as they stand (see `source`). Raises InputError, naming the `setting`, for a table that is missing, of an
    unknown kind or empty, and for the first line of it that is no row.
    """
    with opened(path, version, root) as kept:
        if kept is None and "://" in path and not path.startswith("file://"):
            source = open_source(path, settings, root, (), setting)
        elif kept is None or isinstance(kept, Path):
            source = open_file(kept or root / path.removeprefix("file://"), path, settings, setting, threads=True)
        else:
            return _named(frames.frame(flattened(kept)), path)
        try:
            frame = _named(frames.frame(frames.joined(_whole(source))), source.described)
        finally:
            source.close()
    if frame.empty:
        raise InputError(f"{source.described} has a header and no rows; check {setting}")
    return frame


def _whole(source: Source) -> Iterator[pa.Table]:
    """All rows of a source, at least one table of them; refuses a line that is no row."""
    import pyarrow as pa

    yield pa.schema(list(zip(source.names, source.types, strict=True))).empty_table()
    for batch in source.batches(_ROWS):
        if batch.broken:
            line = batch.broken[0]
            raise InputError(
                f"{source.described} row {line.number}: {line.text[:60]!r} {line.reason}"
                f"{'' if ';' in line.reason else '; mend that row, or check data.separator'}"
            )
        yield batch.table


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


def _named(frame: pd.DataFrame, shown: str) -> pd.DataFrame:
    frame.columns = pd.Index(unique_names(list(frame.columns), shown))
    return frame


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
