"""Where a model is from: code, data, dependencies, seed. Enough to make it again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from pathlib import Path
from typing import Any


def trace(root: Path, package: str, **known: object) -> dict[str, Any]:
    """Return the lineage of a run: git commit (and if the tree was dirty), lock hash, version, and what is `known`.

    An entry is None where it cannot be told (no git, no commit yet, no lock); nothing here fails a training.
    """
    return {"commit": commit(root), "dirty": dirty(root), "lock": lock(root), "package": version(package), **known}


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
