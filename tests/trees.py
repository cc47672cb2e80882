"""Trees that tests make and compare: this repository as a clean clone, and the projects made from it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from mlgen import __version__

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
GIT = {
    "GIT_AUTHOR_NAME": "A Person",
    "GIT_AUTHOR_EMAIL": "person@example.com",
    "GIT_COMMITTER_NAME": "A Person",
    "GIT_COMMITTER_EMAIL": "person@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}

Run = Callable[..., subprocess.CompletedProcess[str]]


def git(folder: Path, *arguments: str) -> str:
    """Run git in `folder` as nobody in particular, and return what it prints."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | GIT, check=True, capture_output=True, text=True
    )
    return done.stdout


def commit(folder: Path, message: str, tag: str | None = None) -> None:
    """Commit all of `folder`, and tag the commit."""
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    if tag:
        git(folder, "tag", tag)


def clone_tree(destination: Path) -> Path:
    """Copy this working tree (what git knows or would add) to `destination`, as a repository with one commit."""
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, destination / name)
    git(destination, "init", "--quiet", "-b", "main")
    commit(destination, "all", f"v{__version__}")
    return destination


def contents(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Every file of a project: its bytes, and whether it can be executed."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o111))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


def record(project: Path) -> dict[str, object]:
    """What a project says it was made from."""
    content = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert isinstance(content, dict)
    return content
