"""What git had at a commit, in files of this project. Nothing is checked out, and nothing is written."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .pointers import Read


def commit(asked: str, root: Path) -> str | None:
    """The full name of the commit that a tag, a branch, a short name or such as HEAD~2 stands for."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", asked + "^{commit}")
    return None if found is None else found.decode().strip()


def content(commit: str, path: str, root: Path) -> bytes | None:
    """A file as it was at a commit, None where it was not in git then."""
    return _git(root, "show", f"{commit}:./{path}")


def then(commit: str, root: Path) -> Read:
    """Read files as they were at a commit."""

    def read(path: str) -> str | None:
        found = content(commit, path, root)
        return None if found is None else found.decode("utf8")

    return read


def tracked(path: str, root: Path) -> bool:
    """Whether git keeps this file itself."""
    return bool(_git(root, "ls-files", "--", path))


def unchanged_since(path: str, root: Path) -> str | None:
    """The commit that a file which git keeps is from; None where it was changed since, or git does not keep it."""
    if not tracked(path, root) or _git(root, "diff", "--quiet", "HEAD", "--", path) is None:
        return None
    found = _git(root, "log", "-1", "--format=%H", "--", path)
    return found.decode().strip() or None if found else None


def last_with(text: str, path: str, root: Path) -> str | None:
    """The newest commit in which a text stood in a file."""
    found = _git(root, "log", "-1", "--format=%H", f"-S{text}", "--", path)
    if not found or not found.strip():
        return None
    changed = found.decode().strip()  # by this commit the text came, or went
    return changed if text in (then(changed, root)(path) or "") else commit(f"{changed}^", root)


def newest(paths: list[str], root: Path, most: int = 5) -> list[str]:
    """The newest commits that changed one of these files, in words: `3f2a1c0 (2026-11-27)`."""
    found = _git(root, "log", f"-{most}", "--format=%h (%cs)", "--", *paths)
    return found.decode().splitlines() if found else []


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git says; None where it fails, or is not there."""
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
