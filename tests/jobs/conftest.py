"""What tests of jobs share: a project for each scheduler, and one whose command is a stand-in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import generate
from stand_in import STAND_IN, write


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A project with batch for a scheduler, as it was generated."""
    made: dict[str, Path] = {}

    def project(scheduler: str) -> Path:
        if scheduler not in made:
            made[scheduler] = generate(tmp_path_factory.mktemp(scheduler), deployment=["batch"], scheduler=scheduler)
        return made[scheduler]

    return project


@pytest.fixture(scope="session")
def jobs(generated: Callable[[str], Path]) -> Any:
    """The module schedule/jobs.py."""
    sys.path.insert(0, str(generated("cron") / "schedule"))
    import jobs

    return jobs


@pytest.fixture
def project(generated: Callable[[str], Path], tmp_path: Path) -> Path:
    """What of a project the wrapper needs, in a folder with a blank and a percent sign in its name."""
    folder = tmp_path / "my 100% project"
    shutil.copytree(generated("cron") / "schedule", folder / "schedule")
    shutil.copy(generated("cron") / "pyproject.toml", folder)
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    command = folder / ".venv/bin/churn"
    command.write_text(STAND_IN)
    command.chmod(0o755)
    write(folder)
    return folder
