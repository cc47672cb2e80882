"""What tests of jobs share: a project whose command is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from sample_projects import VENDOR
from stand_in import equip, write


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What of a project the wrapper needs, in a folder with a blank and a percent sign in its name."""
    folder = tmp_path / "my 100% project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "churn"\n')
    equip(folder, VENDOR)
    write(folder)
    return folder
