"""Which file is meant, and how it is read: by the ending of its name, or not at all with the nearest name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...core.errors import InputError, nearest

#: The endings that are known, without .gz.
DELIMITED, LINES, PARQUET = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson"), (".parquet", ".pq")
ENDINGS = (*DELIMITED, *PARQUET, *LINES)


def ending(name: str) -> str:
    """The ending that says how to read a file, without .gz. Raises InputError for another one."""
    found = Path(Path(name).name.casefold().removesuffix(".gz")).suffix
    if found not in ENDINGS:
        advice = "save the sheet as CSV" if found in (".xls", ".xlsx", ".ods") else "convert the file"
        raise InputError(
            f"{Path(name).name} is of an unknown kind {found!r}; expected {', '.join(ENDINGS)} (or .gz of a text); "
            f"{advice}"
        )
    return found


def is_delimited(text: str) -> bool:
    """Whether what a setting names is a CSV or the like, whose cells are text whatever they hold."""
    return ("://" not in text or text.startswith("file://")) and Path(
        Path(text).name.casefold().removesuffix(".gz")
    ).suffix in DELIMITED


def nearest_file(place: Path) -> str:
    """The most similar file name beside the one that is missing."""
    if not place.parent.is_dir():
        return f" (nor a folder {place.parent})"
    return nearest(place.name, _names(sorted(place.parent.iterdir())))


def _names(places: Sequence[Path]) -> list[str]:
    return [place.name for place in places if place.is_file()]
