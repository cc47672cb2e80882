"""Whole lines of a file that may still grow, from where the last reader stopped."""

from __future__ import annotations

from pathlib import Path

#: Bytes that are read at a time; a line may be longer.
PART = 1 << 20


def read(path: Path, start: int, end: int, complete: bool) -> tuple[list[bytes], int]:
    """Return the whole lines from byte `start` on, about PART bytes of them and none beyond `end`, and where they end.

    A line without an end waits for it; in a file that is `complete` it was torn off, and is passed over.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            size = min(PART, end - start)
            data = file.read(size)
            while b"\n" not in data and start + len(data) < end and (more := file.read(PART)):
                data += more
    except FileNotFoundError:  # what waited for too long was dropped
        return [], start
    whole = data.rfind(b"\n") + 1
    if not whole:
        return [], start + len(data) if complete else start
    return data[: whole - 1].split(b"\n"), start + whole
