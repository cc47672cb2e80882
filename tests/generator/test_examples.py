"""examples/: declarations that make what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from trees import ROOT, Run


@pytest.mark.parametrize(
    "declaration", sorted((ROOT / "examples").glob("*/mlgen.yaml")), ids=lambda path: path.parent.name
)
def test_every_example_makes_a_project(declaration: Path, mlgen: Run, tmp_path: Path) -> None:
    """Each declaration in examples/ makes a project of the name it declares."""
    done = mlgen("new", tmp_path / "made", "--from", declaration)

    assert done.returncode == 0, done.stderr
    answers = yaml.safe_load((tmp_path / "made" / ".copier-answers.yml").read_text("utf8"))
    assert answers["project_name"] == yaml.safe_load(declaration.read_text("utf8"))["project_name"]
