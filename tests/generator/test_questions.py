"""The one list of choices, and everything that must agree with it."""

from __future__ import annotations

import itertools
import keyword
import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml
from hydra.core.config_store import ConfigStore
from trees import ROOT, git

from mlgen import render, source
from mlgen.compose import compose
from mlgen.questions import Question, load

TEMPLATE = ROOT / "template"
QUESTIONS = load().questions
LAYERS = {path.name.strip("{}") for path in TEMPLATE.iterdir() if re.fullmatch(r"\{\{\w+\}\}", path.name)}


def test_at_most_seven_questions_are_asked() -> None:
    """Seven questions exist, each with a help text that says when to choose what."""
    assert list(QUESTIONS) == [
        "project_name",
        "use_case",
        "deployment",
        "monitoring",
        "scheduler",
        "data_versioning",
        "ci",
    ]
    assert all(question.help for question in QUESTIONS.values())
    assert all("hoose" in question.help for question in QUESTIONS.values() if question.choices)


@pytest.mark.parametrize("question", [q for q in QUESTIONS.values() if q.choices], ids=lambda q: q.name)
def test_a_question_with_one_choice_is_not_put_to_a_person(question: Question) -> None:
    """A person is asked only where there is something to choose; the default is the first choice."""
    assert question.asked == (len(question.choices) > 1)
    first = question.choices[0].value
    assert question.default == ([first] if question.several else first)


def test_every_choice_has_its_layer_and_every_layer_its_choice() -> None:
    """The choices of questions.yml, and what they share, are the layers in template/ and the switches of copier.yml."""
    switches = set(yaml.safe_load((ROOT / "copier.yml").read_text("utf8").split("---\n")[3])) - {"slug", "package"}

    assert set(load().layers) == LAYERS == switches
    assert all(any((TEMPLATE / f"{{{{{layer}}}}}").rglob("*")) for layer in LAYERS)


@pytest.mark.parametrize("question", ["use_case", "monitoring"])
def test_a_shared_layer_comes_with_the_choices_that_share_it_only(question: str, tmp_path: Path) -> None:
    """What several choices have in common joins each of them, and no other."""
    shared = {layer for layer, choices in load().shared.items() if question in choices}
    for case in QUESTIONS[question].choices:
        folder, added = tmp_path / str(case), load().added(QUESTIONS[question], case)
        render.render({"project_name": "churn", question: case.value}, folder, source.default())
        for name, layers in written().items():
            if shared & set(layers):
                there = (folder / name.replace("{{package}}", "churn")).exists()
                assert there == bool({"", *added} & set(layers)), f"{name} in {case}"


def test_every_text_choice_is_a_hydra_group() -> None:
    """The engine's Hydra groups hold the choices of questions.yml, no more and no fewer."""
    compose({}, name="churn", declared={}, questionnaire=load())
    store = ConfigStore.instance()

    for question in QUESTIONS.values():
        if question.type == "str" and question.choices:
            assert {name.removesuffix(".yaml") for name in store.list(question.name)} == set(question.values)


def test_a_shared_layer_is_shared_by_choices_that_exist() -> None:
    """Every entry of `_shared` names questions and choices that are offered."""
    for choices in load().shared.values():
        for name, values in choices.items():
            assert values and set(values) <= {choice.value for choice in QUESTIONS[name].choices}


def test_every_choice_is_documented() -> None:
    """docs/questions.md has a section for each question and a row for each of its choices, and none besides."""
    text = (ROOT / "docs" / "questions.md").read_text("utf8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))

    sections = {name: body for name, body in sections.items() if name != "settings"}
    documented = {name: tuple(re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE)) for name, body in sections.items()}
    assert documented == {name: question.values for name, question in QUESTIONS.items()}


@cache
def written() -> dict[str, tuple[str, ...]]:
    """Every path of a generated project, and the layers that write it ("" for the root)."""
    found: dict[str, tuple[str, ...]] = {}
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z", "template")
    for file in filter(None, listed.split("\0")):
        parts = Path(file).parts[1:]
        layer = parts[0].strip("{}") if parts[0].strip("{}") in LAYERS else ""
        name = "/".join(parts[1:] if layer else parts).removesuffix(".jinja")
        if (ROOT / file).is_file():
            found[name] = (*found.get(name, ()), layer)
    return found


def test_no_path_is_written_twice() -> None:
    """Two layers that may stand together, or a layer and the root, never write the same path."""
    together: set[frozenset[str]] = set()
    options = [[load().added(question, choice) for choice in question.choices] if not question.several
               else [tuple(layer for choice in question.choices for layer in load().added(question, choice))]
               for question in QUESTIONS.values() if question.choices]  # fmt: skip
    for chosen in itertools.product(*options):
        together |= {frozenset(pair) for pair in itertools.combinations(["", *itertools.chain(*chosen)], 2)}

    for name, owners in written().items():
        for pair in itertools.combinations(owners, 2):
            assert frozenset(pair) not in together, (
                f"{name} is written by {' and '.join(o or 'the root' for o in pair)}"
            )


def test_nothing_needs_trust() -> None:
    """copier.yml has no tasks, extensions or migrations, in any of its documents."""
    assert not re.search(
        r"^_(tasks|jinja_extensions|migrations)", (ROOT / "copier.yml").read_text("utf8"), re.MULTILINE
    )


def test_reserved_names_cover_what_a_package_could_hide() -> None:
    """A package cannot be named like a keyword, a standard module, or what a generated project depends on."""
    reserved = set((ROOT / "src" / "mlgen" / "strict" / "reserved.txt").read_text("utf8").split())
    possible = re.compile(r"[a-z][a-z0-9_]*")

    assert {name for name in (*keyword.kwlist, *sys.stdlib_module_names) if possible.fullmatch(name)} <= reserved
    assert {
        "mlflow",
        "pandas",
        "lightgbm",
        "xgboost",
        "sklearn",
        "fastapi",
        "hydra",
        "yaml",
        "tests",
        "conf",
    } <= reserved
    assert _direct_dependencies() <= reserved


def _direct_dependencies() -> set[str]:
    """The import names of the locks' inputs, where they are the distribution's own."""
    renamed = {"hydra_core": "hydra", "pyyaml": "yaml", "scikit_learn": "sklearn", "xgboost_cpu": "xgboost",
               "pandas_stubs": "pandas", "types_pyyaml": "yaml"}  # fmt: skip
    names: set[str] = set()
    for path in (ROOT / "locks").glob("*.in"):
        lines = (line for line in path.read_text("utf8").splitlines() if line and not line.startswith(("#", "-")))
        names |= {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("-", "_") for line in lines}
    return {renamed.get(name, name) for name in names}


def test_the_files_a_question_chooses_are_not_only_prose() -> None:
    """Every layer changes a file that is neither Markdown nor text."""
    for layer in LAYERS:
        files = [path for path in (TEMPLATE / f"{{{{{layer}}}}}").rglob("*") if path.is_file()]
        assert any(path.suffix not in (".md", ".txt") for path in files), layer
