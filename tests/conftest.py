"""What the tests share: a clean, tagged clone of this tree, and both front ends to run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from generated_projects import EVERYTHING, described, generate, locked
from generated_projects import run as run_in
from trees import BIN, Run, clone_tree
from workers import SLOW, TogetherScheduling, part, turn

from mlgen.__main__ import main


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, and marked: `make test-fast` leaves them out. A warning of the generator is an error."""
    items.sort(key=lambda item: turn(item.nodeid))
    for item in items:
        if not part(item.nodeid).startswith("runtime"):  # what the libraries of machine learning warn of is theirs
            item.add_marker(pytest.mark.filterwarnings("error"))
        if part(item.nodeid) in SLOW:
            item.add_marker(pytest.mark.slow)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """One process for all that share an environment, in the order of the tests."""
    config.option.loadscopereorder = False
    return TogetherScheduling(config, log)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of this tree, tagged as the release it would be. Never changed by a test."""
    return clone_tree(tmp_path_factory.mktemp("template") / "mlgen")


@pytest.fixture(scope="session")
def plain(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tree outside git: Copier needs no clone of it, so most tests take it. Never changed by a test."""
    folder = tmp_path_factory.mktemp("plain") / "mlgen"
    return Path(shutil.copytree(checkout, folder, ignore=shutil.ignore_patterns(".git")))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Generate a project of a use case, by default with all deployments, and set it up.

    Each call gives a project of its own, as `make setup` leaves it. The environment is a link to one that all projects
    of the same answers share, whichever process made it: environments are large.
    """
    base = tmp_path_factory.getbasetemp()
    environments = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "environments"
    environments.mkdir(exist_ok=True)

    def install(use_case: str = "tabular", **answers: Any) -> Path:
        answers = {"use_case": use_case, "deployment": EVERYTHING, **answers}
        made = environments / described(answers)
        with locked(made.with_suffix(".lock")):
            if not (made / "churn/.venv/.ready").exists():
                run_in(generate(made, **answers), "make", "setup")
        folder = tmp_path_factory.mktemp(use_case) / "churn"
        shutil.copytree(made / "churn", folder, ignore=shutil.ignore_patterns(".venv"))
        (folder / ".venv").symlink_to(made / "churn/.venv")
        run_in(folder, "git", "init", "-q")
        (folder / ".git/info/exclude").write_text("/.venv\n")  # .gitignore means the folder
        return folder

    return install


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
