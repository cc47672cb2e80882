"""Sources of rows: a file or folder, an SQL table or query, a Delta table, all read in batches (see `rows`).

open_source("data/new.parquet", …)              also .csv .tsv .txt .jsonl .ndjson (and .gz of these), or a folder
open_source("sqlite:///shop.db#customers", …)   also postgresql://me@host/shop#select * from customers
open_source("delta://data/customers@3", …)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...config.settings import TableSettings
from ...core.errors import InputError
from ...data.tables import ending, nearest_file
from . import parquet
from .csv import CsvSource
from .jsonlines import JsonLinesSource
from .rows import Source


def open_source(text: str, data: TableSettings, root: Path, key: Sequence[str]) -> Source:
    """Open the source that `text` names; paths are relative to `root`, and `data` says how a CSV is written.

    Rows of a database come in the order of the columns `key`, where there are any. Raises InputError where the
    source is missing, empty, of an unknown kind or not readable as its kind, and where no column is called as a key.
    """
    if text.startswith("delta://"):
        from .delta import open_delta

        return open_delta(text, root)
    if "://" in text and not text.startswith("file://"):
        from .sql import open_sql

        return open_sql(text, root, key)
    place = root / text.removeprefix("file://")
    if place.is_dir():
        return parquet.open_folder(place, text)
    kind = ending(place)
    if not place.exists():
        raise InputError(f"there is no file {text}{nearest_file(place)}; set batch.input")
    if place.stat().st_size == 0:
        raise InputError(f"{text} is empty, expected a header and rows; check batch.input")
    if kind in (".parquet", ".pq"):
        return parquet.open_file(place, text)
    if kind in (".jsonl", ".ndjson"):
        return JsonLinesSource(place, text, data)
    return CsvSource(place, text, data)
