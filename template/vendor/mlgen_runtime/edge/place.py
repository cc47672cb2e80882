"""Where an export goes: written beside its place, moved there whole, and nothing of anybody else's is touched."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..bundle import format as bundle
from ..core import process
from ..core.errors import InputError

#: The file that tells an export from any other folder.
REPORT = "parity.json"
#: What npm and Python put beside an export: the first moves on with it, the second goes.
KEPT, PASSING = "node_modules", "__pycache__"
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE, AT_FDCWD


class Place:
    """A folder to write an export to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        """Refuse a place that holds something else than an export, or where nothing can be written."""
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise InputError(f"edge.output: {self.path} is no folder; name one that is free, or an earlier export")
        if not self.path.is_dir() or not any(self.path.iterdir()):
            return
        try:
            files = json.loads((self.path / bundle.MANIFEST).read_text("utf8"))["files"]
            ours = REPORT in files
        except (OSError, ValueError, KeyError, TypeError):
            ours = False
        if not ours:
            raise InputError(f"edge.output: {self.path} holds something else than an export; name another folder")
        tops = {name.split("/")[0] for name in files} | {bundle.MANIFEST, KEPT, PASSING}
        foreign = sorted(path.name for path in self.path.iterdir() if path.name not in tops)
        if foreign:
            raise InputError(
                f"edge.output: {self.path} holds {', '.join(foreign[:3])} beside an export, which would be lost; "
                "move that away, or name another folder"
            )

    @contextlib.contextmanager
    def staged(self) -> Iterator[Path]:
        """A new folder on the same disk; it is gone at the end, whatever happened.

        Raises InputError where the disk does not let itself be written.
        """
        prefix = f".{self.path.name}.export-"
        staging = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for left in self.path.parent.glob(f"{prefix}*"):
                if process.is_gone(left.name.removeprefix(prefix).rpartition("-")[0]):
                    shutil.rmtree(left, ignore_errors=True)
            staging = Path(tempfile.mkdtemp(prefix=f"{prefix}{process.name()}-", dir=self.path.parent))
            staging.chmod(0o755)
            yield staging
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError(
                f"edge.output: {self.path} cannot be written ({reason}); nothing was: "
                "make room or give leave to write, or name another folder"
            ) from error
        finally:
            if staging is not None:
                shutil.rmtree(staging, ignore_errors=True)

    def put(self, staged: Path) -> None:
        """Move a sealed folder into its place in one step; an earlier export stands there until then."""
        if not self.path.exists():
            staged.replace(self.path)
            return
        if (self.path / KEPT).exists():
            (self.path / KEPT).replace(staged / KEPT)
        if not _exchanged(staged, self.path):
            old = staged.with_name(f"{staged.name}old")
            self.path.replace(old)
            staged.replace(self.path)
            shutil.rmtree(old)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where the system cannot (it is Linux that can)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0
