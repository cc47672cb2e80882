"""Files that a reader never sees half written: the new content under another name first, then renamed."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Replace a file, and make its folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, "utf8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, text: str) -> bool:
    """Replace a file only where it would differ, so that whoever watches it is not woken; return whether it did."""
    try:
        if path.read_bytes() == text.encode("utf8"):
            return False
    except FileNotFoundError:
        pass
    write(path, text)
    return True
