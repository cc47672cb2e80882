"""What the tests share: the project's commands, and a copy of the project in which a quick model was trained once.

They run on the rows of `data.path`. While that is the sample, all of them take half a minute; name a small file of your
own rows in ROWS where yours are many, or are not on every machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
ROWS: str | None = None  # None: the rows of data.path


def run(folder: Path, *words: str) -> str:
    """Run the project's command in a folder, as in `run(project, "train", "model=blend")`; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "mlgen_runtime.cli", *words],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def rows() -> str:
    """The setting that names the rows; tests of them skip where they are not."""
    path = ROWS or str(yaml.safe_load(run(ROOT, "train", "--cfg", "job"))["data"]["path"])
    if "://" not in path and not (ROOT / path).exists():
        pytest.skip(f"{path} is not on this machine")
    return f"data.path={path}" if "://" in path else f"data.path={ROOT / path}"


def copy(folder: Path) -> Path:
    """Copy the project's settings and contract to a folder to train in; the project itself stays as it is."""
    shutil.copytree(ROOT / "conf", folder / "conf")
    (folder / "data").mkdir()
    if (ROOT / "data" / "contract.yaml").exists():
        shutil.copy(ROOT / "data" / "contract.yaml", folder / "data")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project in which nothing was trained."""
    return copy(tmp_path / "project")


@pytest.fixture(scope="session")
def trained(rows: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with a quick model, or the baseline that was better, as its champion: one for all tests."""
    folder = copy(tmp_path_factory.mktemp("trained") / "project")
    run(folder, "train", "+experiment=quick", rows)
    return folder
