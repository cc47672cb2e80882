"""Whose each file of a project is: one table, which Copier and mlgen read alike; and how much is not the runtime's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pathspec import PathSpec
from trees import ROOT, Run, git

from mlgen.ownership import KEYS, PATH, RUNTIME, kind_of, listed, table
from mlgen.questions import load

USE_CASES = load().questions["use_case"].values
MOST_FILES = 75  # of a default project, beside the runtime
MOST_MODULES, MOST_LINES = 10, 250  # of the user's own package


def names() -> list[str]:
    """Every path that a project can have, whichever layers it takes."""
    tracked = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "template").split("\0")
    inside = (name.removeprefix("template/") for name in tracked if name and (ROOT / name).is_file())
    layered = (re.sub(r"^\{\{(?!_)\w+\}\}/", "", name).replace("{{package}}", "churn") for name in inside)
    return sorted({name.replace("{{_copier_conf.answers_file}}", ".copier-answers.yml").removesuffix(".jinja")
                   for name in layered})  # fmt: skip


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith(f"{RUNTIME}/")])
def test_the_table_names_every_file(name: str) -> None:
    """No file is written whose owner is not said."""
    assert listed(name) is not None


def test_the_table_names_what_there_is() -> None:
    """No pattern is left over of a file that is gone; the contract comes with the first run."""
    for kind, patterns in table().items():
        of_kind = {pattern for name in names() for pattern in patterns if kind_of(name) == kind}
        assert set(patterns) == of_kind, kind


def test_copier_skips_what_is_the_users() -> None:
    """Copier's reading of the patterns, which are git's, is ours."""
    user = PathSpec.from_lines("gitignore", table()["user"])

    for name in [*names(), "data/contract.yaml", "src/churn/deep/er.py", "conf/README.md", "docs/src/x.md"]:
        assert user.match_file(name) == (listed(name) == "user"), name


def test_the_table_holds_its_three_lists_and_nothing_else() -> None:
    """A list of another name would be read by nobody."""
    assert set(yaml.safe_load(PATH.read_text("utf8"))) == set(KEYS.values())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("src/churn/models.py", "user"),
        ("schedule/jobs.toml", "user"),
        ("data/contract.yaml", "user"),
        ("notes.txt", "user"),
        ("conf/rest/default.yaml", "merged"),
        ("data/.gitignore", "merged"),
        ("data/sample.csv", "template"),
        (f"{RUNTIME}/rest/app.py", "template"),
        ("requirements-serving.lock", "template"),
    ],
)
def test_a_file_has_one_owner(name: str, kind: str) -> None:
    """The first list that names a path decides; what none names was added by the project's people."""
    assert kind_of(name) == kind


@pytest.mark.parametrize("use_case", USE_CASES)
def test_a_project_is_thin(use_case: str, mlgen: Run, tmp_path: Path) -> None:
    """What its owner sees beside the runtime is little, and what is to be written in, less."""
    mlgen("new", tmp_path / "churn", f"use_case={use_case}")

    files = [path for path in (tmp_path / "churn").rglob("*") if path.is_file()]
    own = [path for path in files if not path.is_relative_to(tmp_path / "churn" / "vendor")]
    modules = [path for path in own if path.is_relative_to(tmp_path / "churn" / "src")]
    assert len(own) <= MOST_FILES
    assert len(modules) <= MOST_MODULES
    assert sum(len(path.read_text("utf8").splitlines()) for path in modules) <= MOST_LINES
