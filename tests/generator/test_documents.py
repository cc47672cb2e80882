"""What is written for readers holds: links lead somewhere, and commands, settings and answers exist."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlgen_runtime.cli.verbs import discover

from mlgen import render, source
from mlgen.questions import load

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]


def varied() -> list[dict[str, str]]:
    """Each use case, each scheduler, and each place that runs the tests: what changes a project's pages."""
    questions = load().questions
    return [{name: value} for name in ("use_case", "scheduler", "ci") for value in questions[name].values]


@pytest.fixture(scope="module", params=varied(), ids=lambda answers: "-".join(answers.values()))
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated project with every deployment."""
    questions = load().questions
    answers = {"deployment": [choice.value for choice in questions["deployment"].choices], **request.param}
    folder = tmp_path_factory.mktemp("documents") / "churn"
    render.render({"project_name": "churn", **answers}, folder, source.default())
    return folder


def pages(project: Path) -> list[Path]:
    return sorted(path for path in project.rglob("*.md") if ".venv" not in path.parts)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf8"))
    return [link for link in links if "://" not in link and not (page.parent / link).exists()]


def targets(*makefiles: Path) -> set[str]:
    return {name for path in makefiles for name in re.findall(r"^([a-z-]+):", path.read_text("utf8"), re.MULTILINE)}


def code(page: Path) -> Iterator[str]:
    """The commands that a page shows: lines of its shell blocks, and its words in backticks."""
    text = page.read_text("utf8")
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (line.split(" # ")[0] for line in block.splitlines())
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def settings(folder: Path) -> set[str]:
    """Every key of a project's configuration, as it is written on the command line."""

    def keys(entries: Any, prefix: str) -> Iterator[str]:
        for key, value in entries.items() if isinstance(entries, dict) else ():
            yield f"{prefix}{key}"
            yield from keys(value, f"{prefix}{key}.")

    found = set(keys(yaml.safe_load((folder / "config.yaml").read_text("utf8")), ""))
    for path in folder.glob("*/*.yaml"):
        found.add(path.parent.name)
        found |= set(keys(yaml.safe_load(path.read_text("utf8")), f"{path.parent.name}."))
    return found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_link_leads_somewhere(page: Path) -> None:
    """No page of this repository links to a file that is not there."""
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_make_command_exists(page: Path) -> None:
    """Each `make …` in a page is a target, here or in a generated project."""
    known = targets(ROOT / "Makefile", ROOT / "template/Makefile.jinja", *ROOT.glob("template/*/make/*.mk"))

    called = {name for line in code(page) for name in re.findall(r"\bmake ([a-z-]+)", line)}

    assert called <= known


def test_a_generated_page_is_true(project: Path) -> None:
    """In every page of a project, links, make targets, verbs and settings exist."""
    verbs = set(discover(project))
    known = targets(project / "Makefile", *project.glob("make/*.mk"))
    keys = settings(project / "conf")

    for page in pages(project):
        lines = list(code(page))
        assert broken(page) == []
        assert {name for line in lines for name in re.findall(r"\bmake ([a-z-]+)", line)} <= known, page
        assert {name for line in lines for name in re.findall(r"(?<![\w/.-])churn ([a-z]+)", line)} <= verbs, page
        used = {key for line in lines for key in re.findall(r"(?<![\w/.])([a-z]+\.[a-z_.]+)=", line)}
        assert used <= keys, page


def test_the_lint_rules_here_are_those_of_a_generated_project(project: Path) -> None:
    """Template Python is linted where it lies as it will be in the project."""
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["tool"]["ruff"]
    theirs = tomllib.loads((project / "pyproject.toml").read_text("utf8"))["tool"]["ruff"]

    for table in (ours, theirs):
        table["lint"] = {key: sorted(value) for key, value in table["lint"].items() if key in ("select", "ignore")}
    assert ours["line-length"] == theirs["line-length"]
    assert ours["lint"] == theirs["lint"]


@pytest.mark.parametrize("declaration", sorted(ROOT.glob("examples/*/mlgen.yaml")), ids=named)
def test_an_example_generates(declaration: Path, tmp_path: Path) -> None:
    """Each declaration is accepted as it stands, and has a page that says what it makes."""
    answers = yaml.safe_load(declaration.read_text("utf8"))

    render.render(load().accept(answers), tmp_path / "made", source.default(), check=True)

    assert (declaration.parent / "README.md").is_file()


def test_every_question_stands_in_the_readme() -> None:
    """The README's table names each question that has choices, and each choice."""
    table = (ROOT / "README.md").read_text("utf8")

    for question in load().questions.values():
        if question.choices:
            assert f"`{question.name}`" in table
            assert all(f"`{value}`" in table for value in question.values)
