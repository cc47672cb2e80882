"""One generated, installed and trained project, and the folder that it exports, for all tests of exporting."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated_projects import run
from static import Server

sys.path.append(str(Path(__file__).resolve().parents[1] / "rest"))  # the service under test, and the browser


@pytest.fixture(scope="session")
def project(installed: Callable[..., Path]) -> Path:
    """A project with a boosted champion, whose threshold is not one half."""
    folder = installed()
    passed = ("gate.baseline=ahead", "gate.margin=-1", "decision.threshold=0.65")
    run(folder, ".venv/bin/churn", "train", "+experiment=quick", *passed)
    return folder


@pytest.fixture(scope="session")
def exported(project: Path) -> Path:
    """Its champion as a folder."""
    run(project, "make", "export")
    return project / "exports" / "churn"


@pytest.fixture(scope="session")
def with_runtime(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with what `npm ci` brings; skips where there is no npm."""
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine")
    folder = Path(shutil.copytree(exported, tmp_path_factory.mktemp("runtime") / "folder"))
    run(folder, "npm", "ci", "--no-audit", "--no-fund")
    return folder


@pytest.fixture
def served(with_runtime: Path) -> Iterator[Server]:
    """The folder behind a static server."""
    server = Server(with_runtime)
    yield server
    server.close()
