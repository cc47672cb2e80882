"""What tests of jobs share: a project for each scheduler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from generated_projects import generate


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A project with batch for a scheduler, as it was generated."""
    made: dict[str, Path] = {}

    def project(scheduler: str) -> Path:
        if scheduler not in made:
            made[scheduler] = generate(tmp_path_factory.mktemp(scheduler), deployment=["batch"], scheduler=scheduler)
        return made[scheduler]

    return project
