"""What stands in git for a file that DVC keeps: the md5 of its content.

It is in `data/raw/x.csv.dvc`, or in that of a folder around it, or in dvc.lock where a stage made the file:

    outs:
    - md5: f69f5b72bc79a92dc70c63c9aa142e36
      size: 4
      hash: md5
      path: x.csv
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ...core.errors import InputError

#: Gives the text of a file of the project by its path, None where there is none: as it is, or as it was at a commit.
Read = Callable[[str], str | None]
LOCK = "dvc.lock"


@dataclass(frozen=True)
class Pointer:
    """`file` says that what lies at `target` has this md5; `inside` is the path within it where that is a folder."""

    file: str
    target: str
    md5: str
    inside: str | None


def relative(path: str, root: Path) -> str | None:
    """The path of a file within the project, with slashes; None for what lies elsewhere, and for addresses."""
    if "://" in path and not path.startswith("file://"):
        return None
    place = Path(os.path.normpath(root.absolute() / path.removeprefix("file://")))
    return place.relative_to(root.absolute()).as_posix() if place.is_relative_to(root.absolute()) else None


def today(root: Path) -> Read:
    """Read files as they are."""

    def read(path: str) -> str | None:
        place = root / path
        return place.read_text("utf8") if place.is_file() else None

    return read


def find(path: str, read: Read) -> Pointer | None:
    """What stands for a file, None where nothing does. Raises InputError where it cannot be read."""
    own = PurePosixPath(path)
    for place in (own, *own.parents[:-1]):
        file = f"{place}.dvc"
        for entry in _outs([_parsed(file, read)]):
            if entry.get("path") == place.name and "md5" in entry:
                return _pointer(file, place, str(entry["md5"]), own)
    stages = _parsed(LOCK, read).get("stages") or {}
    for entry in _outs(stages.values()):
        place = PurePosixPath(str(entry.get("path")))
        if "md5" in entry and (place == own or place in own.parents):
            return _pointer(LOCK, place, str(entry["md5"]), own)
    return None


def md5(place: Path) -> str:
    """The md5 of a file's content, which is what DVC calls it by."""
    told = place.stat()
    return _md5(place, told.st_mtime_ns, told.st_size)


@lru_cache(maxsize=16)
def _md5(place: Path, changed: int, size: int) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _pointer(file: str, place: PurePosixPath, md5: str, own: PurePosixPath) -> Pointer:
    return Pointer(file, place.as_posix(), md5, None if place == own else own.relative_to(place).as_posix())


def _parsed(file: str, read: Read) -> Mapping[str, Any]:
    text = read(file)
    try:
        found = yaml.safe_load(text) if text else {}
    except yaml.YAMLError as error:
        raise InputError(f"{file} is not YAML any more ({str(error).splitlines()[0]}); take it from git") from error
    return found if isinstance(found, Mapping) else {}


def _outs(entries: Iterable[Any]) -> list[Mapping[str, Any]]:
    return [out for entry in entries if isinstance(entry, Mapping) for out in entry.get("outs") or []]
