"""One generated, installed and trained project for all tests of its service, and services over it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service import Service, Start, run


@pytest.fixture(scope="session")
def project(installed: Callable[..., Path]) -> Path:
    """A project with its environment and a champion; a second version predicts something else."""
    folder = installed()
    run(folder, folder / ".venv/bin/churn", "train", "+experiment=quick")
    run(folder, folder / ".venv/bin/churn", "train", "+experiment=quick", "seed=7", "split.test_size=0.4")
    return folder


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Iterator[Start]:
    """Start services over the project's store, or over a copy that a test may change; all are stopped at the end."""
    running = []

    def begin(store: Path = project / "bundles", **settings: Any) -> Service:
        running.append(Service(project / ".venv/bin/python", store, tmp_path, **settings))
        return running[-1]

    yield begin
    for service in running:
        service.process.kill()
        service.process.wait()


@pytest.fixture
def store(project: Path, tmp_path: Path) -> Path:
    """A copy of the store with twenty versions more; every other one gives other answers."""
    copy = Path(shutil.copytree(project / "bundles", tmp_path / "bundles"))
    for version in range(101, 121):
        shutil.copytree(copy / str(1 + version % 2), copy / str(version))
    return copy
