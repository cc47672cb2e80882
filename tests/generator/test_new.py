"""`mlgen new`: overrides, presets, declarations, many at once, and what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from trees import Run, contents, record

from mlgen.compose import PRESETS
from mlgen.questions import load

ACME = """\
# @package _global_
# How projects at Acme begin.
defaults:
  - override /ci: gitlab
settings:
  rest: {port: 9000}
  gate: {strict: true}
"""


@pytest.fixture
def standards(tmp_path: Path) -> Path:
    """An organisation's folder of presets."""
    (tmp_path / "standards" / "preset").mkdir(parents=True)
    (tmp_path / "standards" / "preset" / "acme.yaml").write_text(ACME)
    return tmp_path / "standards"


def test_the_folder_names_the_project(mlgen: Run, tmp_path: Path) -> None:
    """Without `project_name`, the destination's name is the project's, its command's and its package's."""
    done = mlgen("new", tmp_path / "customer churn")

    assert done.returncode == 0
    assert record(tmp_path / "customer churn")["project_name"] == "customer churn"
    assert (tmp_path / "customer churn" / "src" / "customer_churn" / "__init__.py").is_file()


def test_it_says_what_was_made_and_what_comes_next(mlgen: Run, tmp_path: Path) -> None:
    """A short report: the folder, how much is in it, and the next three commands."""
    done = mlgen("new", tmp_path / "churn", "ci=none")

    count = len([name for name in contents(tmp_path / "churn") if not name.startswith("vendor/")])
    assert done.stdout.startswith(f"Made {tmp_path / 'churn'}: {count} files beside the runtime (tabular, rest, cron).")
    assert re.search(r"cd .*churn\n +make setup .*\n +make all ", done.stdout)
    assert len(done.stdout.splitlines()) < 12


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize("name", ["customer churn", "it's (new) $HOME"])
def test_what_comes_next_is_typed_as_it_is_printed(mlgen: Run, tmp_path: Path, name: str) -> None:
    """Into a folder whose name means something to a shell, too."""
    done = mlgen("new", tmp_path / name, "project_name=churn")
    (cd,) = [line.strip() for line in done.stdout.splitlines() if line.startswith("  cd ")]

    there = subprocess.run(["bash", "-c", f"{cd} && pwd"], capture_output=True, text=True, check=False)

    assert there.stdout.strip() == str(tmp_path / name), there.stderr


def test_settings_become_the_projects_configuration(mlgen: Run, tmp_path: Path) -> None:
    """`settings.LAYER.KEY=VALUE` is laid over the project's conf, and recorded for updates."""
    mlgen("new", tmp_path / "churn", "settings.rest.port=9000", "settings.model=xgboost", "settings.seed=7")

    written = yaml.safe_load((tmp_path / "churn" / "conf" / "project.yaml").read_text())
    assert (tmp_path / "churn" / "conf" / "project.yaml").read_text().startswith("# @package _global_\n")
    assert written["rest"] == {"port": 9000} and written["seed"] == 7
    assert {"override /model": "xgboost"} in written["defaults"]
    assert record(tmp_path / "churn")["settings"] == {"rest": {"port": 9000}, "model": "xgboost", "seed": 7}


@pytest.mark.parametrize("name", sorted(path.stem for path in (PRESETS / "preset").glob("*.yaml")))
def test_every_preset_makes_a_project(name: str, mlgen: Run, tmp_path: Path) -> None:
    """Each preset that mlgen brings composes and renders."""
    assert mlgen("new", tmp_path / "churn", f"preset={name}").returncode == 0


def test_an_organisation_brings_its_own_presets(standards: Path, mlgen: Run, tmp_path: Path) -> None:
    """`--config-dir` adds presets, and a preset sets choices and settings."""
    done = mlgen("new", tmp_path / "churn", "preset=acme", "--config-dir", standards)

    assert done.returncode == 0
    assert record(tmp_path / "churn")["ci"] == "gitlab"
    assert record(tmp_path / "churn")["settings"] == {"rest": {"port": 9000}, "gate": {"strict": True}}


def test_each_source_of_answers_wins_over_the_one_before(standards: Path, mlgen: Run, tmp_path: Path) -> None:
    """Defaults, then the preset, then the declaration, then the command line."""
    declaration = tmp_path / "mlgen.yaml"
    declaration.write_text("ci: none\nproject_name: declared\nsettings: {rest: {port: 9001, workers: 2}}\n")

    mlgen("new", tmp_path / "churn", "preset=acme", "--config-dir", standards, "--from", declaration,
          "settings.rest.workers=3", "ci=github")  # fmt: skip

    made = record(tmp_path / "churn")
    assert (made["ci"], made["project_name"]) == ("github", "declared")
    assert made["settings"] == {"rest": {"port": 9001, "workers": 3}, "gate": {"strict": True}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ci: gitlab\n", "sets ci as a value; write '- override /ci: gitlab' under defaults"),
        ("defaults:\n  - override /ci: gitlb\n", "ci=gitlb is not offered; choose from github, gitlab, none."),
        ("defaults:\n  - override /cii: gitlab\n", "cii"),
        ("region: north\n", "'region' is not a question"),
        ("a: [\n", "is not YAML"),
    ],
)
def test_a_preset_that_cannot_work_is_refused(
    content: str, message: str, standards: Path, mlgen: Run, tmp_path: Path
) -> None:
    """A wrong preset is answered in one line that says what is wrong with it."""
    (standards / "preset" / "bad.yaml").write_text(f"# @package _global_\n{content}")

    done = mlgen("new", tmp_path / "churn", "preset=bad", "--config-dir", standards)

    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "churn").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n", "is not a mapping"),
        ("ci: [\n", "is not YAML"),
        ("ci: gitlb\n", "ci=gitlb is not offered"),
        ("cii: gitlab\n", "'cii' is not a question"),
        ("settings: {rest: {prt: 1}}\n", "'prt' is not a setting of 'rest'"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused(content: str, message: str, mlgen: Run, tmp_path: Path) -> None:
    """A wrong declaration is answered in one line that says what is wrong with it."""
    (tmp_path / "mlgen.yaml").write_text(content)

    done = mlgen("new", tmp_path / "churn", "--from", tmp_path / "mlgen.yaml")

    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "churn").exists()


def test_a_declaration_is_copiers_data_file(mlgen: Run, copier: Run, tmp_path: Path) -> None:
    """The same file makes the same bytes with `mlgen new --from` and `copier copy --data-file`."""
    (tmp_path / "mlgen.yaml").write_text("ci: gitlab\nproject_name: Churn\nsettings: {rest: {port: 9001}}\n")

    mlgen("new", tmp_path / "a" / "churn", "--from", tmp_path / "mlgen.yaml")
    copier(tmp_path / "b" / "churn", {}, "--data-file", str(tmp_path / "mlgen.yaml"))

    assert contents(tmp_path / "a" / "churn") == contents(tmp_path / "b" / "churn") != {}


def test_many_projects_at_once(mlgen: Run, tmp_path: Path) -> None:
    """`-m` makes a project of each combination, in a folder named after what varies."""
    done = mlgen("new", tmp_path / "fleet", "-m", "project_name=churn,fraud", "ci=gitlab,none", "deployment=[rest]")

    assert done.returncode == 0, done.stderr
    made = sorted(path.name for path in (tmp_path / "fleet").iterdir())
    assert made == ["churn-gitlab", "churn-none", "fraud-gitlab", "fraud-none"]
    assert record(tmp_path / "fleet" / "fraud-none")["project_name"] == "fraud"
    assert record(tmp_path / "fleet" / "fraud-none")["ci"] == "none"


def test_of_many_projects_none_is_made_when_one_cannot_be(mlgen: Run, tmp_path: Path) -> None:
    """All combinations are checked before the first is written."""
    done = mlgen("new", tmp_path / "fleet", "-m", "project_name=churn,class")

    assert done.returncode == 2 and "'class', which hides a keyword" in done.stderr
    assert not (tmp_path / "fleet").exists()


def test_several_values_need_multirun(mlgen: Run, tmp_path: Path) -> None:
    """Without `-m`, several values are no accident that makes several projects."""
    assert "add -m" in mlgen("new", tmp_path / "fleet", "ci=gitlab,none").stderr


def test_a_dry_run_lists_and_writes_nothing(mlgen: Run, tmp_path: Path) -> None:
    """`--dry-run` names exactly the files that the project would have, and the declaration that makes it."""
    rehearsed = mlgen("new", tmp_path / "churn", "ci=gitlab", "--dry-run").stdout
    assert not (tmp_path / "churn").exists()

    mlgen("new", tmp_path / "churn", "ci=gitlab")
    listed, declared = rehearsed.split("\n\n")
    made = sorted(contents(tmp_path / "churn"), key=Path)
    own = [name for name in made if not name.startswith("vendor/")]
    runtime = f"vendor/mlgen_runtime/  ({len(made) - len(own)} files)"
    assert [line.strip() for line in listed.splitlines()[1:]] == [*own, runtime]
    declaration = yaml.safe_load("\n".join(declared.splitlines()[1:]))
    assert declaration["ci"] == "gitlab" and set(declaration) == set(load().names)


@pytest.mark.parametrize("override", ["ci", "ci=[", "~ci", "ci=github,gitlab", "=x"])
def test_an_override_that_is_none_is_refused(override: str, mlgen: Run, tmp_path: Path) -> None:
    """What Hydra cannot read as an override is answered in one line."""
    done = mlgen("new", tmp_path / "churn", override)

    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert not (tmp_path / "churn").exists()


def test_a_forgotten_destination_is_noticed(mlgen: Run) -> None:
    """An answer in the place of the folder is not taken for a folder's name."""
    assert "name the folder to make before it" in mlgen("new", "ci=gitlab").stderr


def test_changes_that_no_commit_holds_are_pointed_out(template: Path, mlgen: Run, tmp_path: Path) -> None:
    """A template with open changes is used as it is, with a word on what that means."""
    (template / "template" / "note.md").write_text("new\n")

    done = mlgen("new", tmp_path / "churn", source=template)

    assert done.returncode == 0 and "changes that no commit holds" in done.stderr
    assert (tmp_path / "churn" / "note.md").read_text() == "new\n"


def test_a_template_that_is_not_there_is_told_in_a_line(mlgen: Run, tmp_path: Path) -> None:
    """A source that does not exist is answered in one line, not with a trace."""
    done = mlgen("new", tmp_path / "churn", "--source", tmp_path / "nowhere", source=None)

    assert done.returncode == 2 and str(tmp_path / "nowhere") in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [[], ["--help"], ["new", "--help"], ["list", "--help"], ["update", "--help"]], ids=" ".join
)
def test_help_explains(words: list[str], mlgen: Run) -> None:
    """Every help shows how to use it and gives an example."""
    done = mlgen(*words)

    assert done.returncode == 0
    assert "mlgen new churn" in done.stdout or "example" in done.stdout


def test_help_of_new_lists_every_answer(mlgen: Run) -> None:
    """`mlgen new --help` is enough to know what can be answered."""
    text = mlgen("new", "--help").stdout

    for name, question in load().questions.items():
        assert re.search(rf"{name}= +{re.escape(' | '.join(question.values))}", text)


def test_help_and_version_import_nothing_heavy() -> None:
    """`mlgen --help` needs neither Hydra nor Copier nor YAML."""
    code = (
        "import sys; from mlgen.__main__ import main; main(['--help']); main(['--version']); print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "'mlgen.verbs'" in done.stdout
    assert not any(
        f"'{name}'" in done.stdout for name in ("hydra", "copier", "yaml", "omegaconf", "jinja2", "argparse")
    )


def test_a_misspelt_verb_is_answered(mlgen: Run) -> None:
    """An unknown verb names the nearest."""
    done = mlgen("udpate")

    assert done.returncode == 2 and "Did you mean 'update'?" in done.stderr
