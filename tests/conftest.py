"""What the tests share: a clean, tagged clone of this tree, and both front ends to run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlgen import __version__
from mlgen.__main__ import main

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


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of this tree, tagged as the release it would be. Never changed by a test."""
    return clone_tree(tmp_path_factory.mktemp("template") / "mlgen")


@pytest.fixture(scope="session")
def plain(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tree outside git: Copier needs no clone of it, so most tests take it. Never changed by a test."""
    folder = tmp_path_factory.mktemp("plain") / "mlgen"
    return Path(shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns(".git")))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A clone of this tree that a test may change."""
    return clone_tree(tmp_path / "template" / "mlgen")


@pytest.fixture
def mlgen(plain: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a verb in this process; `mlgen new` takes the plain tree, or the `source` given (None: what mlgen takes)."""

    def run(*words: object, source: Path | None = plain) -> subprocess.CompletedProcess[str]:
        given = [str(word) for word in words]
        if given[:1] == ["new"] and source and "--help" not in given:
            given += ["--source", str(source), "--ref", "HEAD"]
        capfd.readouterr()
        try:
            code = main(given)
        except SystemExit as stop:  # argparse: help, or a misspelt option
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(given, code, out, err)

    return run


@pytest.fixture
def copier(plain: Path, tmp_path: Path) -> Run:
    """Run plain Copier's `copy` on the plain tree (or the `source` given), as a person would, with no terminal."""

    def run(
        destination: Path, data: Mapping[str, str] = {}, *options: str, source: Path = plain
    ) -> subprocess.CompletedProcess[str]:
        answers = [word for key, value in data.items() for word in ("-d", f"{key}={value}")]
        words = [str(BIN / "copier"), "copy", "--quiet", "--defaults", "--vcs-ref", "HEAD", *options, *answers]
        return subprocess.run(
            [*words, str(source), str(destination)],
            cwd=tmp_path,
            env=os.environ | {"COPIER_SETTINGS_PATH": os.devnull},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
