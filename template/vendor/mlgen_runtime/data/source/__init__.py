"""Sources of rows: a file or folder, an SQL table or query, a Delta table. Everything that reads a table reads it here,
so a cell is the same cell to `contract`, `train`, `predict` and `batch`.

open_source("data/new.parquet", …)              also .csv .tsv .txt .jsonl .ndjson (and .gz of these), or a folder
open_source("sqlite:///shop.db#customers", …)   also postgresql://me@host/shop#select * from customers
open_source("delta://data/customers@3", …)

Sources give cells as they stand: nothing is taken for missing but the empty cell of a text and what a table says is
null, no number is rounded, no text is a number. What a cell means is the contract's to say (`contract.columns`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...config.settings import TableSettings
from ...core.errors import InputError
from . import parquet
from .csv import CsvSource
from .jsonlines import JsonLinesSource
from .place import LINES, PARQUET, ending, nearest_file
from .rows import Source


def open_source(text: str, data: TableSettings, root: Path, key: Sequence[str], setting: str) -> Source:
    """Open the source that `text`, the value of a `setting`, names; paths are relative to `root`, and `data` says how a
    CSV is written.

    Rows of a database come in the order of the columns `key`, where there are any. Raises InputError where the
    source is missing, empty, of an unknown kind or not readable as its kind, and where no column is called as a key.
    """
    if text.startswith("delta://"):
        from .delta_table import open_delta

        return open_delta(text, root, setting)
    if "://" in text and not text.startswith("file://"):
        from .sql import open_sql

        return open_sql(text, root, key, setting)
    return open_file(root / text.removeprefix("file://"), text, data, setting)


def open_file(place: Path, shown: str, data: TableSettings, setting: str, *, threads: bool = False) -> Source:
    """Open a file or a folder; the name that is `shown` says of what kind it is. Raises InputError as `open_source`.

    `threads` is for whoever wants all rows at once, and not a batch on each thread.
    """
    if place.is_dir():
        return parquet.open_folder(place, shown, setting)
    kind = ending(shown)
    if not place.exists():
        raise InputError(f"there is no file {shown}{nearest_file(place)}; set {setting}")
    if place.stat().st_size == 0:
        raise InputError(f"{shown} is empty, expected a header and rows; check {setting}")
    if kind in PARQUET:
        return parquet.open_file(place, shown, setting)
    if kind in LINES:
        return JsonLinesSource(place, shown, data, setting)
    return CsvSource(place, shown, data, setting, threads)
