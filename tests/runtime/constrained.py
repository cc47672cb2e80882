"""Processes that the operating system keeps from writing: no right to a folder, or files that may not grow.

done = run(root, "train", unwritable=root / "reports")     also where the tests run as root
done = run(root, "predict", "output=p.csv", limit=2000)    bytes of any file: what a full disk is, to whoever writes
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from sample_projects import VERB, environment

#: Of prctl(2): take a capability out of what a program may get, and the one that lets root write everywhere.
_DROP, _OVERRIDE = 24, 1


def run(
    root: Path, *words: str, unwritable: Path | None = None, limit: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a verb in a project, kept from writing in one of these ways."""
    return started([*VERB, *words], root, environment(), unwritable=unwritable, limit=limit)


def started(
    command: list[str],
    cwd: Path,
    variables: dict[str, str],
    *,
    unwritable: Path | None = None,
    limit: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, kept from writing in one of these ways."""
    with _closed(unwritable):
        return subprocess.run(
            command,
            cwd=cwd,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_bounds(limit, drop=unwritable is not None),
        )


def tree(root: Path) -> dict[str, bytes]:
    """The files of a folder with what they hold."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@contextlib.contextmanager
def _closed(folder: Path | None) -> Iterator[None]:
    """Take the right to write away from a folder for a while."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    before = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(before)


def _bounds(limit: int | None, *, drop: bool) -> Callable[[], None]:
    """What happens in the new process before the program begins."""

    def apply() -> None:
        if drop and os.getuid() == 0:
            ctypes.CDLL(None).prctl(_DROP, _OVERRIDE, 0, 0, 0)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return apply
