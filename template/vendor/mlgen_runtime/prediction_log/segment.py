"""The files that entries are appended to, one JSON line each, before anything else happens to them.

    logs/predictions/web1-4711-18ab3f….lock            held by the process that writes, free once it is gone
    logs/predictions/web1-4711-18ab3f…-000001.jsonl    full: no longer written to
    logs/predictions/web1-4711-18ab3f…-000002.jsonl    the newest one of a process is being written to

A line is in the page cache when `append` returns, so it survives the end of the process in whatever way; `sync` makes
it survive a power cut. The shipper reads the lines from here and removes files that are finished.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..core import process

ENDING = ".jsonl"
LOCK = ".lock"
#: Bytes after which a new file is begun.
FULL = 8_000_000


@dataclass(frozen=True, order=True)
class Segment:
    """A file of entries: of which process, and which of that one's. They sort by their age."""

    born: str
    owner: str
    number: int

    @property
    def name(self) -> str:
        """The file's name, which no other file ever had: it tells what was shipped from what was not."""
        return f"{self.owner}-{self.number:06d}{ENDING}"


class Writer:
    """Appends lines to this process's files: one thread at a time. Another may `sync` meanwhile, one at a time too."""

    def __init__(self, folder: Path, full: int = FULL) -> None:
        self.folder, self.full = folder, full
        self.owner = f"{process.name()}-{time.time_ns():016x}"
        self.number = self.size = 0
        self.lock = self.descriptor = -1
        self._full: list[int] = []

    def append(self, lines: bytes) -> None:
        """Append whole lines, or nothing of them; raises OSError where the disk does not take them."""
        if self.descriptor < 0 or (self.size and self.size + len(lines) > self.full):
            self._begin()
        try:
            done = os.write(self.descriptor, lines)
        except OSError:
            self._cut()
            raise
        if done < len(lines):
            self._cut()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.size += done

    def sync(self) -> None:
        """Wait until the disk has what was appended."""
        flush = getattr(os, "fdatasync", os.fsync)
        while self._full:  # closed here and not where appending goes on: that must not wait for the disk
            flush(self._full[0])
            os.close(self._full.pop(0))
        if self.descriptor >= 0:
            flush(self.descriptor)

    def close(self) -> None:
        """Let go of the files: whoever ships takes them over."""
        if self.descriptor >= 0:
            with contextlib.suppress(OSError):
                self.sync()
            os.close(self.descriptor)
            self.descriptor = -1
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def _begin(self) -> None:
        """Begin the next file; only once it is there is the one before let go of. The first makes the folder, too."""
        if self.lock < 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock = _locked(self.folder / f"{self.owner}{LOCK}")
        self.number += 1
        path = self.folder / Segment("", self.owner, self.number).name
        new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o644)
        if self.descriptor >= 0:
            self._full.append(self.descriptor)
        self.descriptor, self.size = new, 0

    def _cut(self) -> None:
        """Take off what a failed write left behind, so that every line stays whole."""
        with contextlib.suppress(OSError):
            os.ftruncate(self.descriptor, self.size)


def segments(folder: Path) -> list[Segment]:
    """The files of entries in a folder, oldest first."""
    found = (_named(path.name) for path in folder.glob(f"*{ENDING}"))
    return sorted(segment for segment in found if segment is not None)


def finished(folder: Path, every: list[Segment]) -> set[Segment]:
    """Those that nobody writes to any more: a newer one of the same process is there, or the process is gone."""
    newest: dict[str, int] = {}
    for segment in every:
        newest[segment.owner] = max(segment.number, newest.get(segment.owner, 0))
    gone = {owner for owner in newest if is_gone(folder, owner)}
    return {segment for segment in every if segment.number < newest[segment.owner] or segment.owner in gone}


def is_gone(folder: Path, owner: str) -> bool:
    """Whether the process that wrote under this name is no more: its lock is free."""
    try:
        descriptor = os.open(folder / f"{owner}{LOCK}", os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        return process.try_lock(descriptor)
    finally:
        os.close(descriptor)


def tidy(folder: Path) -> None:
    """Remove locks of processes that are gone and left no file."""
    with_files = {segment.owner for segment in segments(folder)}
    for path in folder.glob(f"*{LOCK}"):
        if path.stem.count("-") >= 2 and path.stem not in with_files and is_gone(folder, path.stem):
            path.unlink(missing_ok=True)


def bound(folder: Path, limit: int, shipped: dict[str, int]) -> int:
    """Remove the oldest finished files while all together hold more than `limit` bytes; return how many entries went.

    `shipped` is how far each has been shipped: what lies before that is not lost.
    """
    every = segments(folder)
    sizes = {segment: size(folder / segment.name) for segment in every}
    total, lost = sum(sizes.values()), 0
    if total <= limit:
        return 0
    done = finished(folder, every)
    for segment in (each for each in every if each in done):
        if total <= limit:
            break
        lost += _remove(folder / segment.name, shipped.get(segment.name, 0))
        total -= sizes[segment]
    return lost


def _remove(path: Path, shipped: int) -> int:
    """Remove a file; return how many of its lines nobody had shipped."""
    lines = 0
    with contextlib.suppress(FileNotFoundError):
        with path.open("rb") as file:
            file.seek(shipped)
            while part := file.read(1 << 20):
                lines += part.count(b"\n")
        path.unlink()
    return lines


def size(path: Path) -> int:
    """Bytes of a file; none where it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _named(name: str) -> Segment | None:
    """The segment that a file's name says; None for a file of something else."""
    owner, _, number = name.removesuffix(ENDING).rpartition("-")
    born = owner.rpartition("-")[2]
    return Segment(born, owner, int(number)) if owner.count("-") >= 2 and number.isdigit() else None


def _locked(path: Path) -> int:
    """Make a lock file that is held from the moment at which it can be seen."""
    hidden = path.with_suffix(".new")
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT, 0o644)
    process.try_lock(descriptor)
    hidden.replace(path)
    return descriptor
