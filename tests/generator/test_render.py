"""The same answers make the same bytes: with mlgen or Copier, twice, for anybody, anywhere."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from allpairspy import AllPairs
from trees import BIN, Run, contents

from mlgen.__main__ import main
from mlgen.questions import Question, load


def _choices(question: Question) -> list[str]:
    """What one override may say: each choice, or each non-empty set of them."""
    if not question.several:
        return list(question.values)
    sizes = range(1, len(question.values) + 1)
    return [f"[{','.join(some)}]" for size in sizes for some in itertools.combinations(question.values, size)]


CHOSEN = {name: _choices(question) for name, question in load().questions.items() if question.choices}
#: Any two answers stand together in one of these. All products would be hundreds, and no layer depends on more.
COMBINATIONS = [dict(zip(CHOSEN, values, strict=True)) for values in AllPairs(list(CHOSEN.values()))]

#: Answers, and the project made from them.
Made = tuple[dict[str, str], Path]

#: Import all of the runtime in a folder, and what its functions import of it; a verb that is not there is never run,
#: and only who has alerts asks `extend` for what they are. Two kinds of source are there for batch alone: whoever else
#: reads a table looks for the first, and refuses an address of the second, before they would be imported.
IMPORT_ALL = """
import ast, importlib.util, inspect, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import mlgen_runtime
from mlgen_runtime.cli.verbs import VERBS
entries = [entry for some in VERBS.entries.values() for entry in (some if isinstance(some, tuple) else (some,))]
never = {entry.module for entry in entries if not entry.installed} | {"extend"}
batch = ("adbc", "delta_table")
has_batch = importlib.util.find_spec("mlgen_runtime.batch") is not None
for found in pkgutil.walk_packages(mlgen_runtime.__path__, "mlgen_runtime."):
    name = found.name.partition(".")[2]
    if name in sys.argv[2:]:
        continue
    module = importlib.import_module(found.name)
    assert module.__file__.startswith(sys.argv[1]), module.__file__
    tree = ast.parse(inspect.getsource(module)) if name not in never else ast.Module([])
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for node in {node for function in functions for node in ast.walk(function)}:
        if isinstance(node, ast.ImportFrom) and node.level and (node.module not in batch or has_batch):
            exec(ast.unparse(node), {"__package__": module.__package__})
print(len(sys.modules), "modules")
"""
#: Modules that run where no project's environment is: in an orchestrator's, and in an exported folder.
ELSEWHERE = ("scheduling.airflow.dags", "scheduling.prefect.flows", "timeseries.portable.reader")


@pytest.fixture(scope="module", params=COMBINATIONS, ids=lambda answers: "-".join(answers.values()))
def made(request: pytest.FixtureRequest, plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """What `mlgen new` makes of some answers. Never changed by a test."""
    folder = tmp_path_factory.mktemp("made") / "churn"
    words = [f"{name}={value}" for name, value in request.param.items()]
    assert main(["new", str(folder), *words, "--source", str(plain), "--ref", "HEAD"]) == 0
    return request.param, folder


def test_both_front_ends_make_the_same_bytes(made: Made, copier: Run, tmp_path: Path) -> None:
    """`mlgen new` and `copier copy` write the same files with the same bytes and modes."""
    answers, ours = made

    done = copier(tmp_path / "churn", answers)

    assert done.returncode == 0, done.stderr
    assert contents(ours) == contents(tmp_path / "churn")
    assert contents(ours)


def test_a_fresh_project_is_in_style(made: Made) -> None:
    """A project keeps its own rules of style and format, whichever layers stand together in it."""
    _, folder = made
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run([BIN / "ruff", *words, "--no-cache", "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_project_has_of_the_runtime_stands_alone(made: Made) -> None:
    """No subpackage imports one that the answers left out: every module can be imported, and all that it asks for."""
    _, folder = made

    words = [sys.executable, "-I", "-c", IMPORT_ALL, folder / "vendor", *ELSEWHERE]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2000:]


def test_settings_are_the_same_bytes_too(mlgen: Run, copier: Run, checkout: Path, tmp_path: Path) -> None:
    """Settings given as overrides and as Copier data make the same conf/project.yaml, and the same record of where
    the template came from."""
    ours, plain = tmp_path / "a" / "churn", tmp_path / "b" / "churn"
    settings = "{rest: {port: 9000}, model: xgboost}"

    words = ("settings.rest.port=9000", "settings.model=xgboost", "project_name=Churn of 2026")
    assert mlgen("new", ours, *words, source=checkout).returncode == 0
    copier(plain, {"settings": settings, "project_name": "Churn of 2026"}, source=checkout)

    assert contents(ours) == contents(plain)
    assert b"port: 9000" in contents(ours)["conf/project.yaml"][0]
    assert b"override /model: " in contents(ours)["conf/project.yaml"][0]
    assert "src/churn_of_2026/__init__.py" in contents(ours)


def test_bytes_depend_on_nobody_and_nothing(checkout: Path, tmp_path: Path) -> None:
    """Another person, home, language, time zone, working folder and Copier configuration change no byte."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".gitconfig").write_text("[user]\n\tname = Somebody Else\n\temail = else@example.com\n")
    (tmp_path / "settings.yml").write_text("defaults: {ci: gitlab, project_name: other}\n")
    elsewhere = {
        "HOME": str(tmp_path / "home"),
        "LANG": "tr_TR.UTF-8",
        "TZ": "Asia/Kathmandu",
        "USER": "else",
        "PYTHONHASHSEED": "7",
        "COPIER_SETTINGS_PATH": str(tmp_path / "settings.yml"),
    }
    made = []
    for number, environment in enumerate([{}, elsewhere]):
        place = tmp_path / str(number)
        place.mkdir()
        words = [sys.executable, "-m", "mlgen", "new", "churn", "ci=github", "--source", str(checkout), "--ref", "HEAD"]
        subprocess.run(words, cwd=place, env=os.environ | environment, check=True, capture_output=True)
        made.append(contents(place / "churn"))

    assert made[0] == made[1]


def test_nothing_is_left_unrendered(mlgen: Run, checkout: Path, tmp_path: Path) -> None:
    """No project holds a .jinja file or a name that was to be rendered, and the record says where it came from."""
    mlgen("new", tmp_path / "churn", source=checkout)
    made = contents(tmp_path / "churn")

    assert not [name for name in made if "{{" in name or name.endswith(".jinja")]
    record = made[".copier-answers.yml"][0].decode()
    assert "\n_commit: v" in record and "\n_src_path: " in record and "\nsettings: {}\n" in record


def test_each_choice_changes_the_project(mlgen: Run, tmp_path: Path) -> None:
    """The choices of one question give different projects, in more than their prose."""
    for name, values in CHOSEN.items():
        made = []
        for value in values:
            folder = tmp_path / name / value.strip("[]").replace(",", "-") / "churn"
            mlgen("new", folder, f"{name}={value}")
            made.append({path: data for path, data in contents(folder).items()
                         if not path.endswith(".md") and path != ".copier-answers.yml"})  # fmt: skip
        assert all(left != right for left, right in itertools.combinations(made, 2)), name


def test_plain_copier_says_what_comes_next(copier: Run, checkout: Path, tmp_path: Path) -> None:
    """Copier's own run ends with the next three commands, like mlgen's."""
    words = [str(BIN / "copier"), "copy", "--defaults", str(checkout), str(tmp_path / "churn")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert "Made churn" in done.stderr
    assert "make setup" in done.stderr and "make all" in done.stderr


def test_a_relative_source_is_recorded_as_an_absolute_one(checkout: Path, tmp_path: Path) -> None:
    """`copier copy . DESTINATION` records where the template is, so that an update finds it from the project."""
    words = [str(BIN / "copier"), "copy", "--defaults", "--quiet", "--vcs-ref", "HEAD", ".", str(tmp_path / "churn")]
    subprocess.run(words, cwd=checkout, capture_output=True, check=True)

    record = (tmp_path / "churn" / ".copier-answers.yml").read_text()
    assert f"\n_src_path: {checkout.resolve()}\n" in record
