"""The CI files of generated projects."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

TEMPLATE = Path(__file__).resolve().parents[2] / "template"


@pytest.mark.parametrize("name", ["{{github}}/.github/workflows/ci.yml", "{{gitlab}}/.gitlab-ci.yml"])
def test_ci_runs_the_commands_of_the_makefile(name: str) -> None:
    """The CI file is YAML, and every `make` in it is a target of the project's Makefile."""
    text = (TEMPLATE / name).read_text("utf8")
    targets = set(re.findall(r"^([a-z-]+):", (TEMPLATE / "Makefile.jinja").read_text("utf8"), re.MULTILINE))

    called = set(re.findall(r"(?:- run:|-|&&) make ([a-z-]+)", text))

    assert yaml.safe_load(text)
    assert {"setup", "lint", "test", "all"} <= called <= targets
