"""Projects under real schedulers. Their environments are made once for each lock, below build/, and found again."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generated_projects import generate, run
from stage import Processes
from stand_in import equip
from trees import ROOT

Made = Callable[[str], Path]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The environment that `make` sets up for a scheduler from its lock; a change of the lock makes another one."""

    def made(scheduler: str) -> Path:
        lock = (ROOT / f"locks/environments/{scheduler}.txt").read_bytes()
        name = f"{scheduler}-{hashlib.sha256(lock).hexdigest()[:12]}-{sys.version_info.major}.{sys.version_info.minor}"
        folder = ROOT / "build" / "orchestrators" / name
        if not (folder / "schedule/.venv/.ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            project = generate(tmp_path_factory.mktemp(name), deployment=["batch"], scheduler=scheduler)
            shutil.copytree(project, folder)
            run(folder, "make", f"PYTHON={sys.executable}", "schedule/.venv/.ready")
        return folder / "schedule/.venv"

    return made


@pytest.fixture(scope="session")
def staged(environment: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A project for a scheduler, with the stand-in for its command; further attempts follow after a second.

    Training a model and making its environment would take minutes for each; test_cron.py runs the real command.
    """

    def made(scheduler: str) -> Path:
        folder = generate(tmp_path_factory.mktemp(scheduler), deployment=["batch"], scheduler=scheduler)
        jobs = folder / "schedule/jobs.toml"
        jobs.write_text(jobs.read_text("utf8").replace("retry_minutes = 5", "retry_minutes = 0.02"))
        equip(folder, folder / "vendor")
        (folder / "schedule/.venv").symlink_to(environment(scheduler))
        for mark in (folder / ".venv/.ready", folder / "schedule/.venv/.ready"):
            mark.touch()  # newer than what they are made from: there is nothing to install
        return folder

    return made


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Start long-running processes; they end with the module's tests."""
    started = Processes(tmp_path_factory.mktemp("processes"))
    yield started
    started.stop()
