"""Files that a reader never sees half written: the new content under another name first, then renamed."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: Path, *, lasting: bool = False) -> Iterator[Path]:
    """Lend the name to write to; what was written there takes the place of `path` when the block ends well.

    Its folder is made where it is missing. `lasting` flushes to the disk first, for what must outlive a power cut.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}")  # a process id: two containers may share one
    try:
        yield temporary
        if lasting:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # a full disk says what, and not where
            error.filename = str(temporary)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write(path: Path, text: str, *, lasting: bool = False) -> None:
    """Replace a file, line ends as they stand in the text, and make its folder where it is missing."""
    with replacing(path, lasting=lasting) as temporary:
        temporary.write_text(text, "utf8", newline="")


def write_if_changed(path: Path, text: str) -> bool:
    """Replace a file only where it would differ, so that whoever watches it is not woken; return whether it did."""
    try:
        if path.read_bytes() == text.encode("utf8"):
            return False
    except FileNotFoundError:
        pass
    write(path, text)
    return True
