"""Projects of older releases take newer ones, by both front ends, without trust, and keep what their people wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from trees import BIN, GIT, Run, commit, contents, git, record


@pytest.fixture(scope="module")
def made(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a template that has one release, v0.0.1, and a project of it under git.

    The project has an edit of its own in a file of the template, and a file of its own.
    """
    folder = tmp_path_factory.mktemp("made")
    template, project = folder / "releases", folder / "churn"
    git(folder, "clone", "--quiet", str(checkout), str(template))
    git(template, "tag", "--delete", *git(template, "tag").split())
    (template / "template" / "notes.md.jinja").write_text("first\n\n\n\n\n\nof {{ slug }}\n")
    commit(template, "first", "v0.0.1")
    settings = "settings={rest: {port: 9000}}"
    copy = [str(BIN / "copier"), "copy", "--defaults", "--quiet", "-d", settings, str(template), str(project)]
    subprocess.run(copy, check=True, capture_output=True)
    git(project, "init", "--quiet")
    (project / "README.md").write_text((project / "README.md").read_text() + "\nOurs.\n")
    (project / "ours.txt").write_text("ours\n")
    commit(project, "start")
    return folder


@pytest.fixture
def releases(made: Path, tmp_path: Path) -> Path:
    """The template with its one release, for a test to publish more."""
    return Path(shutil.copytree(made / "releases", tmp_path / "releases"))


@pytest.fixture
def project(made: Path, releases: Path, tmp_path: Path) -> Path:
    """The project, which updates from this test's `releases`."""
    project = Path(shutil.copytree(made / "churn", tmp_path / "churn"))
    answers = project / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(str(made / "releases"), str(releases)))
    commit(project, "from here")
    return project


def release(template: Path, tag: str = "v0.0.2") -> None:
    """Publish a second release, which changes one file and adds another."""
    (template / "template" / "notes.md.jinja").write_text("second\n\n\n\n\n\nof {{ slug }}\n")
    (template / "template" / "added.md").write_text("added\n")
    commit(template, "second", tag)


def by_copier(project: Path, *data: str) -> subprocess.CompletedProcess[str]:
    """`copier update`, as a person would run it in the project; no trust, no prompts."""
    words = [str(BIN / "copier"), "update", "--defaults", "--quiet", *data]
    return subprocess.run(words, cwd=project, env=os.environ | GIT, capture_output=True, text=True, check=False)


def assert_updated(project: Path) -> None:
    """The second release has arrived, and nothing of the project's own has gone."""
    assert (project / "notes.md").read_text().startswith("second\n")
    assert (project / "added.md").read_text() == "added\n"
    assert (project / "README.md").read_text().endswith("\nOurs.\n")
    assert (project / "ours.txt").read_text() == "ours\n"
    assert record(project)["_commit"] == "v0.0.2"
    assert record(project)["settings"] == {"rest": {"port": 9000}}
    assert "port: 9000" in (project / "conf" / "project.yaml").read_text()


def test_copier_updates_a_project_of_an_older_release(releases: Path, project: Path) -> None:
    """`copier update` brings the next release, without trust; edits and settings stay."""
    release(releases)

    done = by_copier(project)

    assert done.returncode == 0, done.stderr
    assert_updated(project)


def test_mlgen_updates_a_project_of_an_older_release(releases: Path, project: Path, mlgen: Run) -> None:
    """`mlgen update` does the same and says what changed."""
    release(releases)

    done = mlgen("update", project)

    assert done.returncode == 0, done.stderr
    assert "from v0.0.1 to v0.0.2" in done.stdout and "added.md" in done.stdout
    assert_updated(project)


def test_an_updated_project_equals_a_fresh_one(releases: Path, project: Path, mlgen: Run, tmp_path: Path) -> None:
    """But for the project's own edits, an updated project has the bytes of a new one of that release."""
    release(releases)
    mlgen("update", project)
    mlgen("new", tmp_path / "fresh" / "churn", "settings.rest.port=9000", "--source", releases, source=None)

    updated, fresh = contents(project), contents(tmp_path / "fresh" / "churn")
    assert {name for name in updated.keys() | fresh.keys() if updated.get(name) != fresh.get(name)} == {
        "README.md",
        "ours.txt",
    }


def test_there_is_nothing_to_update(releases: Path, project: Path, mlgen: Run) -> None:
    """At the latest release, nothing changes and mlgen says so."""
    done = mlgen("update", project)

    assert done.returncode == 0 and "nothing changed" in done.stdout
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.parametrize("front", ["mlgen", "copier"])
def test_a_layer_comes_and_goes(front: str, project: Path, mlgen: Run) -> None:
    """Another answer adds one layer's files and takes another's away; the project's edits stay."""
    done = mlgen("update", project, "ci=gitlab") if front == "mlgen" else by_copier(project, "-d", "ci=gitlab")

    assert done.returncode == 0, done.stderr
    assert (project / ".gitlab-ci.yml").is_file() and not (project / ".github" / "workflows").exists()
    assert (project / "README.md").read_text().endswith("\nOurs.\n")
    assert record(project)["ci"] == "gitlab"
    assert record(project)["settings"] == {"rest": {"port": 9000}}


def test_versions_of_data_come_to_a_project_that_had_none(project: Path, mlgen: Run) -> None:
    """DVC's files join, and take turns with Delta's, beside data and settings that are the project's own."""
    (project / "data" / "contract.yaml").write_text("ours\n")
    commit(project, "contract")

    assert mlgen("update", project, "data_versioning=dvc").returncode == 0
    assert git(project, "check-ignore", "data/raw/x.csv") and not (project / "conf" / "delta").exists()
    assert all((project / name).is_file() for name in ("dvc.yaml", ".dvc/config", "data/.gitignore", "docs/dvc.md"))
    assert "dvc: default" in (project / "conf" / "config.yaml").read_text()
    commit(project, "dvc")

    assert by_copier(project, "-d", "data_versioning=delta").returncode == 0
    assert (project / "conf" / "delta" / "default.yaml").is_file() and not (project / "dvc.yaml").exists()
    assert (project / "data" / "contract.yaml").read_text() == "ours\n"
    assert (project / "README.md").read_text().endswith("\nOurs.\n")


def edit(project: Path, name: str, old: str, new: str) -> None:
    """Change some text of a file, which must be there."""
    text = (project / name).read_text("utf8")
    assert old in text, f"{old} is not in {name}"
    (project / name).write_text(text.replace(old, new, 1), "utf8")


@pytest.mark.parametrize("front", ["mlgen", "copier"])
def test_each_kind_of_file_is_updated_in_its_way(front: str, releases: Path, project: Path, mlgen: Run) -> None:
    """What is the user's stays as it is, settings are merged, and the runtime follows the release, edits and all."""
    own = ["README.md", "src/churn/metrics.py", "tests/test_models.py", "schedule/jobs.toml", "data/contract.yaml"]
    for name in own:
        with (project / name).open("a") as file:
            file.write("# ours\n")
    edit(project, "conf/gate/default.yaml", "margin: 0.0 ", "margin: 0.01")
    edit(project, "vendor/mlgen_runtime/core/errors.py", "from __future__", "# ours\nfrom __future__")
    commit(project, "edits")
    before = {name: (project / name).read_bytes() for name in own}
    layer, runtime = releases / "template", releases / "template/vendor/mlgen_runtime"
    for path in ("{{rows}}/src/{{package}}/metrics.py", "tests/test_models.py"):
        (layer / path).write_text("# theirs\n")
    edit(layer, "README.md.jinja", "## Working on it", "## Working")
    edit(layer, "{{rows}}/conf/gate/default.yaml", "resamples: 1000", "resamples: 2000")
    edit(runtime, "core/jsonable.py", "from __future__", "# theirs\nfrom __future__")
    with (runtime / "core/errors.py").open("a") as file:
        file.write("# theirs\n")
    (runtime / "core/added.py").write_text("# theirs\n")
    (runtime / "core/keys.py").unlink()
    commit(releases, "second", "v0.0.2")

    done = mlgen("update", project) if front == "mlgen" else by_copier(project)

    assert done.returncode == 0, done.stderr
    assert {name: (project / name).read_bytes() for name in own} == before
    gate = (project / "conf/gate/default.yaml").read_text("utf8")
    assert "margin: 0.01" in gate and "resamples: 2000" in gate
    core = project / "vendor/mlgen_runtime/core"
    assert (core / "added.py").is_file() and not (core / "keys.py").exists()
    assert "# theirs" in (core / "jsonable.py").read_text("utf8")
    both = (core / "errors.py").read_text("utf8")
    assert "# ours" in both and both.endswith("# theirs\n")
    if front == "mlgen":
        assert "  merged with your edits:\n     M conf/gate/default.yaml\n" in done.stdout
        assert "  the template's:\n" in done.stdout and "M vendor/mlgen_runtime/  (2 files)" in done.stdout
        assert (
            " D vendor/mlgen_runtime/  (1 file)" in done.stdout and "?? vendor/mlgen_runtime/  (1 file)" in done.stdout
        )
        assert (
            "Yours, and left as they are; a new project has others now: README.md, src/churn/metrics.py, "
            in done.stdout
        )
        assert "The runtime is a fork: it holds your edits in vendor/mlgen_runtime/core/errors.py." in done.stdout


def test_what_is_dropped_is_said_and_its_edits_are_kept(project: Path, mlgen: Run) -> None:
    """A layer goes with its settings and its rooms of the runtime; edited and added files of it are put aside."""
    edit(project, "conf/rest/default.yaml", "port: 8000", "port: 8001")
    (project / "conf/rest/quiet.yaml").write_text("defaults: [default]\n")
    (project / "tests/test_service.py").write_text("# ours\n")
    edit(project, ".copier-answers.yml", "settings:\n    rest:\n        port: 9000\n", "settings: {}\n")
    commit(project, "edits")

    done = mlgen("update", project, "deployment=[batch]")

    assert done.returncode == 0, done.stderr
    dropped = "conf/rest/default.yaml, conf/rest/quiet.yaml, tests/test_service.py"
    assert done.stdout.startswith(
        f"This drops {dropped}, which you edited or added; your versions are kept in kept/.\n"
    )
    assert "port: 8001" in (project / "kept/conf/rest/default.yaml").read_text("utf8")
    assert (project / "kept/tests/test_service.py").read_text("utf8") == "# ours\n"
    assert not (project / "conf/rest").exists() and not (project / "tests/test_service.py").exists()
    runtime = project / "vendor/mlgen_runtime"
    assert (runtime / "batch/job.py").is_file() and not (runtime / "rest").exists()


def test_the_only_edit_of_a_folder_that_goes_is_kept(project: Path, mlgen: Run) -> None:
    """Copier removes the emptied folder before; every edit is put aside, those of the runtime among them."""
    edit(project, "conf/rest/default.yaml", "port: 8000", "port: 8001")
    edit(project, "vendor/mlgen_runtime/rest/workers.py", "from __future__", "# ours\nfrom __future__")
    edit(project, ".copier-answers.yml", "settings:\n    rest:\n        port: 9000\n", "settings: {}\n")
    commit(project, "edits")

    done = mlgen("update", project, "deployment=[batch]")

    assert done.returncode == 0, done.stderr
    assert "port: 8001" in (project / "kept/conf/rest/default.yaml").read_text("utf8")
    assert "# ours" in (project / "kept/vendor/mlgen_runtime/rest/workers.py").read_text("utf8")
    assert not (project / "conf/rest").exists() and not (project / "vendor/mlgen_runtime/rest").exists()


def test_one_setting_changes_and_the_others_stay(project: Path, mlgen: Run) -> None:
    """`settings.…` overrides of an update are laid over what was recorded."""
    done = mlgen("update", project, "settings.rest.workers=2", "settings.seed=7")

    assert done.returncode == 0, done.stderr
    assert record(project)["settings"] == {"rest": {"port": 9000, "workers": 2}, "seed": 7}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("ci=gitlb", "ci=gitlb is not offered"),
        ("cii=gitlab", "'cii' is not a question"),
        ("preset=lean", "'preset' is not a question"),
        ("package=other", "'package' is worked out from the other answers"),
        ("settings.rest.prt=1", "'prt' is not a setting of 'rest'"),
        ("deployment=[]", "deployment is empty"),
    ],
)
def test_an_update_refuses_what_new_refuses(override: str, message: str, project: Path, mlgen: Run) -> None:
    """A wrong answer is refused in one line, and the project is as it was."""
    done = mlgen("update", project, override)

    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1
    assert git(project, "status", "--porcelain") == ""


def test_copiers_update_refuses_an_unknown_answer(project: Path) -> None:
    """Plain Copier's update refuses unknown keys and forced hidden answers, too."""
    done = by_copier(project, "-d", "package=other")

    assert done.returncode != 0 and "'package' is worked out from the other answers" in done.stderr
    assert git(project, "status", "--porcelain") == ""


def test_conflicts_are_named(releases: Path, project: Path, mlgen: Run) -> None:
    """Where both sides changed a line, the file is named, the exit code is 3, and a second update waits."""
    (project / "notes.md").write_text("ours\n\n\n\n\n\nof churn\n")
    commit(project, "edit")
    release(releases)

    done = mlgen("update", project)
    again = mlgen("update", project)

    assert done.returncode == 3 and "notes.md" in done.stdout and "conflict markers" in done.stdout
    assert "<<<<<<< " in (project / "notes.md").read_text()
    assert again.returncode == 2 and "conflicts of an earlier merge in notes.md" in again.stderr


def test_a_retired_question_does_not_stand_in_the_way(releases: Path, tmp_path: Path) -> None:
    """A project that was asked a question which a later release dropped still updates."""
    questions = releases / "src" / "mlgen" / "questions.yml"
    today = questions.read_text("utf8")
    questions.write_text(
        today.replace("\nci:\n", "\ncolour:\n  type: str\n  help: Which?\n  default: red\n\nci:\n"), "utf8"
    )
    commit(releases, "ask more", "v0.0.2")
    words = [
        str(BIN / "copier"),
        "copy",
        "--defaults",
        "--quiet",
        "-d",
        "colour=blue",
        str(releases),
        str(tmp_path / "old"),
    ]
    subprocess.run(words, check=True, capture_output=True)
    git(tmp_path / "old", "init", "--quiet")
    commit(tmp_path / "old", "start")

    questions.write_text(today.replace("_retired: []", "_retired: [colour]"), "utf8")
    commit(releases, "ask less", "v0.0.3")
    done = by_copier(tmp_path / "old")

    assert done.returncode == 0, done.stderr
    assert record(tmp_path / "old")["_commit"] == "v0.0.3"
    assert "colour" not in record(tmp_path / "old")


def test_a_retired_choice_is_not_replaced_in_silence(releases: Path, project: Path, mlgen: Run) -> None:
    """Where a release no longer offers what a project chose, the update waits for another answer."""
    mlgen("update", project, "ci=gitlab")
    commit(project, "gitlab")
    questions = releases / "src" / "mlgen" / "questions.yml"
    lines = questions.read_text("utf8").splitlines(keepends=True)
    questions.write_text("".join(line for line in lines if not line.endswith(": gitlab\n")), "utf8")
    release(releases)

    refused, plain = mlgen("update", project), by_copier(project)
    assert refused.returncode == 2 and "made with ci=gitlab, which is not offered any more" in refused.stderr
    assert plain.returncode != 0 and "made with ci=gitlab, which is not offered any more" in plain.stderr
    assert git(project, "status", "--porcelain") == ""

    assert mlgen("update", project, "ci=none").returncode == 0
    assert_updated(project)
    assert not (project / ".gitlab-ci.yml").exists()


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("open changes", "has changes that no commit holds; commit them first"),
        ("no git", "is not in git"),
        ("no record", "is no generated project"),
        ("broken record", "is not YAML any more"),
        ("unreachable", "can't be read"),
        ("unknown release", "can't be read"),
    ],
)
def test_a_project_that_cannot_be_updated_is_told_why(state: str, message: str, project: Path, mlgen: Run) -> None:
    """Each state that stands in the way of an update is answered in one line with the next step."""
    answers = project / ".copier-answers.yml"
    to: list[str] = []
    if state == "open changes":
        (project / "README.md").write_text("changed")
    elif state == "no git":
        (project / ".git").rename(project / "git")
    elif state == "no record":
        answers.unlink()
    elif state == "broken record":
        answers.write_text("a: [")
    elif state == "unreachable":
        answers.write_text(answers.read_text().replace("releases", "nowhere"))
        commit(project, "moved")
    else:
        to = ["--to", "v9.9.9"]

    done = mlgen("update", project, *to)

    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1


def test_an_update_takes_the_release_it_is_told(releases: Path, project: Path, mlgen: Run) -> None:
    """`--to` names a release that is not the latest."""
    release(releases)
    (releases / "template" / "added.md").write_text("third\n")
    commit(releases, "third", "v0.0.3")

    assert mlgen("update", project, "--to", "v0.0.2").returncode == 0
    assert_updated(project)
