"""What is written for readers holds: links lead somewhere, and commands, settings and answers exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlgen_runtime.cli import command
from mlgen_runtime.cli.verbs import discover, find
from mlgen_runtime.config import overrides
from mlgen_runtime.config.tree import ConfTree
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.usecase.configuration import load as configured
from mlgen_runtime.usecase.configuration import schema_of
from trees import BIN

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
        own = {key for key in used if key.startswith("features.")}  # a name of the reader's own
        assert used - own <= keys, page


#: A word of a page that stands for one of the reader's own.
PLACEHOLDER = re.compile(r"…|<\w+>")


def typed(page: Path) -> list[str]:
    """What a page tells its reader to type to the project's command line: whole commands of the blocks of a shell, and
    commands and single settings among its words. What has a placeholder is left out."""
    found = []
    for line in code(page):
        line = line.strip().removeprefix("$ ")
        if re.match(r"(\.venv/bin/)?churn [a-z]", line):
            found.append(line)
        elif re.match(r"'?\+{0,2}[a-z_]+(\.[a-z_0-9]+)+=\S", line):
            chosen = f"model={page.stem} " if page.parent.name == "model" else ""  # a file of conf/ is about itself
            found.append(f"churn contract {chosen}{line}")
    return [line for line in found if not PLACEHOLDER.search(line)]


def words(line: str) -> list[str]:
    """The words that a shell makes of a command, up to the first that is for the shell itself."""
    stub = r"""churn() { printf '%s\0' "$@"; }; """
    said = subprocess.run(
        ["bash", "-c", stub + line.removeprefix(".venv/bin/")], capture_output=True, text=True, check=True
    )
    assert said.stderr == "", line
    return said.stdout.split("\0")[:-1]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    "answers",
    [{"data_versioning": "dvc"}, {"use_case": "timeseries", "data_versioning": "delta"}],
    ids=lambda answers: "-".join(answers.values()),
)
def test_what_a_page_says_to_type_is_read_as_it_is_printed(answers: dict[str, str], tmp_path: Path) -> None:
    """Every command and every setting of a project's pages, and of the comments in its conf/, goes through a shell's
    hands and makes a whole configuration; those of several runs are taken apart."""
    folder = tmp_path / "churn"
    everything = [choice.value for choice in load().questions["deployment"].choices]
    render.render({"project_name": "churn", "deployment": everything, **answers}, folder, source.default())
    config = folder / "conf" / "config.yaml"  # the project's own code is not on the path here
    config.write_text(re.sub(r"extensions: \[.*\]", "extensions: []", config.read_text("utf8")), "utf8")
    told = [
        *pages(folder),
        *(folder / "conf").rglob("*.yaml"),
        *([] if "use_case" in answers else [ROOT / "README.md"]),
    ]
    lines = {line: page.name for page in told for line in typed(page)}
    assert len(lines) > 20

    faults = {line: fault for line in lines if (fault := unread(line, folder))}
    assert not faults, {lines[line]: f"{line}: {fault}" for line, fault in faults.items()}


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_command_of_the_generator_works_as_it_is_printed(page: Path, tmp_path: Path) -> None:
    """Each `mlgen new …` and `mlgen list …` of this repository's pages, from its root; nothing is written."""
    for line in code(page):
        line = line.strip().removeprefix(".venv/bin/")
        if not re.match(r"mlgen (new \S|list\b)", line) or PLACEHOLDER.search(line) or not existing(line):
            continue
        dry = " --dry-run" if line.startswith("mlgen new") and "--dry-run" not in line else ""
        aside = re.sub(r"(?<=mlgen new )\S+", lambda found: str(tmp_path / Path(found[0]).name), line)
        done = subprocess.run(
            ["bash", "-c", f"{aside}{dry}"],
            cwd=ROOT,
            env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (line, done.stderr)


def existing(line: str) -> bool:
    """Whether the files and folders that a command of a page reads are there: some are the reader's own."""
    return all((ROOT / name).exists() for name in re.findall(r"--(?:from|config-dir) (\S+)", line))


def unread(line: str, folder: Path) -> str | None:
    """Why the command line of a project does not read a command; None where it does."""
    try:
        parsed = command.parse(words(line))
        assert parsed.verb is None or find(parsed.verb, folder)
        if parsed.is_multirun:
            tree = ConfTree(folder)
            overrides.check(parsed.overrides, tree, schema_of(tree), sweep=True)
        elif not parsed.completes:
            configured(parsed.overrides, folder)
    except (InputError, subprocess.CalledProcessError) as fault:
        return str(fault)
    return None


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
