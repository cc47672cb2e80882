"""Answers that cannot work are refused by both front ends, in the same words, with nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from trees import Run, clone_tree, commit

# Answers, as overrides and Copier data, and what the refusal says in both front ends.
REFUSED = {
    "unknown question": ({"use_cse": "tabular"}, "'use_cse' is not a question; choose from project_name, use_case"),
    "hidden name": ({"package": "other"}, "'package' is worked out from the other answers and can't be given"),
    "layer switch": ({"tabular": "."}, "'tabular' is worked out from the other answers and can't be given"),
    "recorded key": ({"_src_path": "elsewhere"}, "'_src_path' is not a question"),
    "none of a list": ({"deployment": "[]"}, "deployment is empty; choose at least one of rest"),
    "no letters": ({"project_name": "'!?'"}, "can't be used; up to 64 letters"),
    "only digits and dots": ({"project_name": "'...'"}, "leaves no name for the package"),
    "foreign letters": ({"project_name": "客户流失"}, "leaves no name for the package"),
    "a quote": ({"project_name": "'say \"hi\"'"}, "can't be used; up to 64 letters"),
    "too long": ({"project_name": "a" * 65}, "can't be used; up to 64 letters"),
    "digit first": ({"project_name": "7days"}, "'7days', and a package can't start with a digit"),
    "keyword": ({"project_name": "class"}, "'class', which hides a keyword or module"),
    "standard module": ({"project_name": "statistics"}, "'statistics', which hides a keyword or module"),
    "dependency": ({"project_name": "LightGBM"}, "'lightgbm', which hides a keyword or module"),
    "own folder": ({"project_name": "tests"}, "'tests', which hides a keyword or module"),
    "layer not chosen": (
        {"ci": "none", "settings": "{gitlab: {image: x}}"},
        "belongs to the layer 'gitlab', which was not",
    ),
    "unknown setting": ({"settings": "{reest: {port: 1}}"}, "'reest' is not a setting of this project; choose from"),
    "unknown key": ({"settings": "{rest: {prt: 1}}"}, "'prt' is not a setting of 'rest'; choose from"),
    "unknown file": ({"settings": "{model: xgbost}"}, "'xgbost' is no model of this project; choose from auto, blend,"),
    "no mapping": ({"settings": "{rest: 3}"}, "settings.rest=3 is not a mapping"),
}
# A value that is not offered: Copier says so itself, in its own words.
NOT_OFFERED = {
    "use_case": "tabluar",
    "deployment": "[kiosk]",
    "monitoring": "perhaps",
    "scheduler": "dagster",
    "data_versioning": "lakefs",
    "ci": "gitlb",
}


@pytest.mark.parametrize(("answers", "message"), REFUSED.values(), ids=REFUSED)
def test_mlgen_refuses_in_one_line(answers: dict[str, str], message: str, mlgen: Run, tmp_path: Path) -> None:
    """mlgen prints one line that names the value and what would do, exits with 2 and writes nothing."""
    done = mlgen("new", tmp_path / "churn", *(f"{key}={value}" for key, value in answers.items()))

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.startswith("mlgen: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "churn").exists()


@pytest.mark.parametrize(("answers", "message"), REFUSED.values(), ids=REFUSED)
def test_copier_refuses_in_the_same_words(answers: dict[str, str], message: str, copier: Run, tmp_path: Path) -> None:
    """A validator stops plain Copier with the sentence that mlgen prints, and nothing is written."""
    done = copier(tmp_path / "churn", {key: value.strip("'") for key, value in answers.items()})

    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1]
    assert not (tmp_path / "churn").exists()


@pytest.mark.parametrize(("question", "value"), NOT_OFFERED.items())
def test_a_value_that_is_not_offered_is_refused_by_both(
    question: str, value: str, mlgen: Run, copier: Run, tmp_path: Path
) -> None:
    """Both front ends name the value and what is offered; mlgen adds the nearest."""
    ours = mlgen("new", tmp_path / "churn", f"{question}={value}")
    plain = copier(tmp_path / "churn", {question: value})

    word = value.strip("[]")
    assert ours.returncode == 2 and f"{question}={word} is not offered; choose from " in ours.stderr
    assert plain.returncode != 0 and word in plain.stderr.splitlines()[-1].lower() and " is not in [" in plain.stderr
    assert not (tmp_path / "churn").exists()


@pytest.mark.parametrize(
    ("override", "nearest"),
    [("ci=gitlb", "gitlab"), ("use_cse=tabular", "use_case"), ("settings.rest.prt=1", "port"), ("preset=laen", "lean")],
)
def test_mlgen_names_the_nearest(override: str, nearest: str, mlgen: Run, tmp_path: Path) -> None:
    """A misspelt key, value, setting or preset is answered with the one that was probably meant."""
    assert f"Did you mean '{nearest}'?" in mlgen("new", tmp_path / "churn", override).stderr


def test_copier_is_told_that_a_list_is_wanted(copier: Run, tmp_path: Path) -> None:
    """`-d deployment=rest` is answered with the spelling that works; mlgen takes one word as a list of one."""
    assert "write it as deployment=[rest]" in copier(tmp_path / "churn", {"deployment": "rest"}).stderr
    assert not (tmp_path / "churn").exists()


@pytest.mark.parametrize("inside", ["notes.txt", "src/deep/notes.txt", ".env"])
def test_a_folder_in_use_is_left_alone(inside: str, mlgen: Run, copier: Run, tmp_path: Path) -> None:
    """Neither front end writes into a folder that holds something."""
    used = tmp_path / "churn"
    (used / inside).parent.mkdir(parents=True)
    (used / inside).write_text("mine")

    ours, plain = mlgen("new", used), copier(used)

    assert ours.returncode == 2 and "is not empty" in ours.stderr
    assert plain.returncode != 0 and "is not empty" in plain.stderr.splitlines()[-1]
    assert [path for path in used.rglob("*") if path.is_file()] == [used / inside]


def test_a_file_in_the_way_is_left_alone(mlgen: Run, tmp_path: Path) -> None:
    """A destination that is a file is refused."""
    (tmp_path / "churn").write_text("mine")

    assert "is a file; name a new folder" in mlgen("new", tmp_path / "churn").stderr
    assert (tmp_path / "churn").read_text() == "mine"


def test_a_new_git_repository_is_a_fine_destination(mlgen: Run, copier: Run, tmp_path: Path) -> None:
    """`git init churn` first is allowed: nothing in it can be overwritten."""
    for folder in (tmp_path / "a" / "churn", tmp_path / "b" / "churn"):
        (folder / ".git").mkdir(parents=True)
        (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")

    assert mlgen("new", tmp_path / "a" / "churn").returncode == 0
    assert copier(tmp_path / "b" / "churn").returncode == 0


def test_a_pair_that_cannot_stand_together_is_refused_by_both(mlgen: Run, copier: Run, tmp_path: Path) -> None:
    """An entry of `_conflicts` in questions.yml is enough: both front ends refuse the pair and give its reason."""
    template = clone_tree(tmp_path / "template")
    pair = {"if": {"use_case": "tabular"}, "not": {"ci": "gitlab"}, "because": "this is a test"}
    _edit(template, "_conflicts: []", yaml.safe_dump({"_conflicts": [pair]}))
    message = "use_case=tabular and ci=gitlab can't stand together: this is a test."

    ours = mlgen("new", tmp_path / "a", "project_name=churn", "ci=gitlab", source=template)
    plain = copier(tmp_path / "b", {"ci": "gitlab", "project_name": "churn"}, source=template)
    other = mlgen("new", tmp_path / "c", "project_name=churn", "ci=github", source=template)

    assert ours.returncode == 2 and ours.stderr == f"mlgen: {message}\n"
    assert plain.returncode != 0 and message in plain.stderr.splitlines()[-1]
    assert other.returncode == 0


def _edit(template: Path, old: str, new: str) -> None:
    path = template / "src" / "mlgen" / "questions.yml"
    text = path.read_text("utf8")
    assert old in text
    path.write_text(text.replace(old, new), "utf8")
    commit(template, "edit")
