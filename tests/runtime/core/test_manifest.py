"""Whether the runtime is as released, told by its manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from mlgen_runtime.core import manifest
from mlgen_runtime.core.manifest import Difference

FILES = ("__init__.py", "cli/run.py", "cli/verbs.py", "data/tables.py", "data/dvc/objects.py", "rest/pages/page.js")


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """A runtime of six files, as released."""
    root = tmp_path / "mlgen_runtime"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(f"# {name}\n".encode())
    files = {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in FILES}
    (root / manifest.NAME).write_text(json.dumps({"version": "1.2.0", "files": files}), "utf8")
    return root


def test_a_copy_is_as_released(runtime: Path) -> None:
    """What Python, systems and git's line ends do to the folder changes nothing."""
    (runtime / "cli" / "__pycache__").mkdir()
    (runtime / "cli" / "__pycache__" / "run.cpython-311.pyc").write_bytes(b"\0")
    (runtime / ".DS_Store").write_bytes(b"\0")
    (runtime / "cli/run.py").write_bytes(b"# cli/run.py\r\n")

    assert manifest.status(runtime) == "released"
    assert manifest.differences(runtime) == []


def test_what_a_project_has_not_chosen_is_not_missed(runtime: Path) -> None:
    """Whole subpackages are left out, of data/ too."""
    shutil.rmtree(runtime / "rest")
    shutil.rmtree(runtime / "data" / "dvc")

    assert manifest.status(runtime) == "released"


def test_every_difference_is_named(runtime: Path) -> None:
    """Changed, missing, foreign: by path."""
    (runtime / "cli/run.py").write_text("# mine\n", "utf8")
    (runtime / "cli/verbs.py").unlink()
    (runtime / "cli/own.py").write_text("# mine\n", "utf8")

    assert manifest.status(runtime) == "changed"
    assert manifest.differences(runtime) == [
        Difference("cli/own.py", "foreign"),
        Difference("cli/run.py", "changed"),
        Difference("cli/verbs.py", "missing"),
    ]


@pytest.mark.parametrize("text", [None, "", "[]", '{"version": "1"}', '{"version": "1", "files": []}'])
def test_without_a_manifest_nothing_is_known(runtime: Path, text: str | None) -> None:
    """One that is not there, or cannot be read, is no sign of a change."""
    (runtime / manifest.NAME).unlink()
    if text is not None:
        (runtime / manifest.NAME).write_text(text, "utf8")

    assert manifest.status(runtime) == "unknown"
    assert manifest.differences(runtime) == []
