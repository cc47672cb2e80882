"""Where a model is from: code, data, dependencies, seed. Enough to make it again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..core import manifest


@dataclass(frozen=True)
class Origin:
    """The code of a run: git commit and whether the tree was dirty, lock hash, version, state of the runtime.

    An entry is None where it cannot be told (no git, no commit yet, no lock); nothing here fails a training.
    """

    commit: str | None
    dirty: bool | None
    lock: str | None
    package: str | None
    runtime: str


def origin(root: Path, project: str) -> Origin:
    """Look at the project once: git takes its time."""
    return Origin(commit(root), dirty(root), lock(root), version(project), manifest.status())


def commit(root: Path) -> str | None:
    """Return the git commit of the project, or None outside a repository."""
    return _git(root, "rev-parse", "HEAD")


def dirty(root: Path) -> bool | None:
    """Whether tracked files differ from the commit; None outside a repository."""
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return None if changes is None else bool(changes)


def lock(root: Path) -> str | None:
    """Return the sha256 of `requirements.lock`, or None where there is none."""
    path = root / "requirements.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def version(package: str) -> str | None:
    """Return the installed version of this package, or None where it runs from its source folder."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
