"""Versions of files by DVC: kept, pushed, read as they were, and an old run made again."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from mlgen_runtime import contract
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.data import tables
from mlgen_runtime.data import versions as versioning
from mlgen_runtime.data.dvc import objects, pointers
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.configuration import load
from sample_projects import copied, rendered

FILE = "data/raw/my rows.csv"
MINE = f"data.path={FILE}"
QUICK = "+experiment=quick"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project that keeps versions."""
    return copied(rendered("tabular", "dvc"), tmp_path / "project")


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project under git and DVC, with rows of its own; it is the current folder."""
    for name in (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "data/.gitignore"):
        (project / name).parent.mkdir(exist_ok=True)
        shutil.copy(rendered("tabular", "dvc") / name, project / name)
    (project / "data" / "raw").mkdir()
    shutil.copy(project / "data" / "sample.csv", project / FILE)
    monkeypatch.chdir(project)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "true")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "test@example.com")
    git("init", "--quiet")
    commit("start")
    return project


def git(*words: str) -> str:
    """Run git in the current folder."""
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.strip()


def commit(message: str) -> None:
    """Commit everything that git does not ignore, under a tag."""
    git("add", "--all")
    git("commit", "--quiet", "--message", message)
    git("tag", message)


def shorten(file: str = FILE) -> None:
    """Take the first rows away, which is what makes new data of it."""
    lines = Path(file).read_text("utf8").splitlines(keepends=True)
    Path(file).write_text("".join(lines[:1] + lines[40:]), "utf8")


def rows(root: Path, version: str | None = None, path: str = FILE) -> pd.DataFrame:
    """The rows of a file at a version, as the project reads them."""
    return tables.read(path, load([], root).data, root, versioning.version(path, version, root).name)


def report(verb: str) -> dict[str, Any]:
    """What a verb wrote to reports/."""
    found: dict[str, Any] = json.loads((Path("reports") / f"{verb}.json").read_text("utf8"))
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that a command is refused with."""
    capsys.readouterr()
    assert main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line


@pytest.fixture
def twice(here: Path) -> Path:
    """Two versions: all rows under the tag first, fewer under the tag second."""
    for name in ("first", "second"):
        assert main(["snapshot", MINE]) == 0
        commit(name)
        if name == "first":
            shorten()
    return here


@pytest.mark.parametrize("by", ["revision", "md5"])
def test_an_old_run_is_made_again_to_the_bit(by: str, here: Path) -> None:
    """Trained at the old version, after the data and the contract changed: the same models, files and figures."""
    main(["snapshot", MINE])
    assert main(["train", MINE, QUICK, "bundle.store=first"]) == 0
    commit("first")
    first = report("train")
    shorten()
    main(["snapshot", MINE])
    known = contract.load(Path("data/contract.yaml"), VOCABULARY)
    columns = tuple(dataclasses.replace(column, unit="furlong") for column in known.columns)
    contract.dump(dataclasses.replace(known, columns=columns), Path("data/contract.yaml"))
    commit("second")
    now = Path(FILE).read_bytes(), git("status", "--porcelain", "--untracked-files=no")
    asked = "first" if by == "revision" else first["data"]["version"]

    assert main(["train", MINE, QUICK, f"data.version={asked}", "bundle.store=again"]) == 0

    again = report("train")
    assert [entrant["sha256"] for entrant in first["entrants"]] == [entrant["sha256"] for entrant in again["entrants"]]
    assert first["data"] == again["data"] and first["data"]["version"] == pointers.md5(Path("data/sample.csv"))
    assert first["details"] == again["details"] and first["decision"] == again["decision"]
    files = [bundle.read_json(here / run["bundle"], bundle.MANIFEST)["files"] for run in (first, again)]
    assert {name for name in files[0] | files[1] if files[0].get(name) != files[1].get(name)} == {"lineage.json"}
    assert (Path(FILE).read_bytes(), git("status", "--porcelain", "--untracked-files=no")) == now


def test_a_snapshot_says_what_to_commit(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The md5 and git's commands, which are left to the user; git does not see the data."""
    assert main(["snapshot", MINE]) == 0

    out, md5 = capsys.readouterr().out, pointers.md5(Path(FILE))
    assert f"{FILE} is version {md5}" in out and f"git add '{FILE}.dvc'" in out and "1 file copied" in out
    assert git("status", "--porcelain", "--untracked-files=all") == f'?? "{FILE}.dvc"'
    assert report("snapshot")["files"] == [{"path": FILE, "version": md5, "new": True, "pointer": f"{FILE}.dvc"}]
    assert list(here.parent.glob(f"*-dvc/files/md5/{md5[:2]}/{md5[2:]}"))


def test_a_file_that_has_not_changed_is_left_alone(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do, nothing to commit."""
    capsys.readouterr()

    assert main(["snapshot", MINE]) == 0

    assert "nothing to do" in capsys.readouterr().out
    assert report("snapshot")["git"] == [] and git("status", "--porcelain") == ""


def test_a_dry_run_keeps_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which version there would be."""
    assert main(["snapshot", MINE, "--dry-run"]) == 0

    assert f"would be version {pointers.md5(Path(FILE))}" in capsys.readouterr().out
    assert not Path(f"{FILE}.dvc").exists() and not Path(".dvc/cache").exists()


def test_git_keeps_the_sample(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its version is the commit that changed it last, and it can be read as it was then."""
    assert main(["snapshot"]) == 0
    start, whole = git("rev-parse", "HEAD"), rows(here, path="data/sample.csv")
    shorten("data/sample.csv")
    changed = versioning.version("data/sample.csv", None, here).name
    commit("shorter")

    assert "git keeps data/sample.csv itself" in capsys.readouterr().out
    assert report("snapshot")["version"] == start and changed is None
    assert versioning.version("data/sample.csv", None, here).name == git("rev-parse", "HEAD")
    pd.testing.assert_frame_equal(rows(here, "start", "data/sample.csv"), whole)


@pytest.mark.parametrize("asked", ["first", "HEAD~1", "md5"])
def test_each_version_can_be_read(asked: str, twice: Path) -> None:
    """By any name that git has for it, and by its md5; the file stays as it is."""
    md5 = pointers.md5(Path("data/sample.csv"))

    found = rows(twice, md5 if asked == "md5" else asked)

    pd.testing.assert_frame_equal(found, rows(twice, path="data/sample.csv"))
    assert len(found) == len(rows(twice)) + 39
    assert versioning.version(FILE, asked if asked != "md5" else md5, twice).name == md5


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("nonsense", ["data.version=nonsense", "no git revision", "newest versions of", FILE]),
        ("ab" * 16, ["neither the cache nor the remote", "dvc push", "newest versions of"]),
        ("start", ["nothing kept", "newest versions of"]),
        ("--all", ["no git revision"]),
    ],
)
def test_a_version_that_is_not_there_is_refused(
    asked: str, words: list[str], twice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line that names those there are; nothing is written."""
    line = refused(capsys, "train", MINE, f"data.version={asked}")

    assert [word for word in words if word not in line] == [], line
    assert git("rev-parse", "--short", "second") in line
    assert not Path("bundles").exists()


def test_content_comes_from_the_remote_where_the_cache_lacks_it(twice: Path) -> None:
    """As in a fresh clone; and a damaged one is refused."""
    whole = rows(twice, "first")
    shutil.rmtree(".dvc/cache")

    pd.testing.assert_frame_equal(rows(twice, "first"), whole)

    md5 = pointers.md5(Path("data/sample.csv"))
    [kept] = twice.parent.glob(f"*-dvc/files/md5/{md5[:2]}/{md5[2:]}")
    kept.chmod(0o644)
    kept.write_text("other", "utf8")
    shutil.rmtree(".dvc/cache")
    with pytest.raises(Exception, match="is damaged"):
        objects.fetched(md5, twice)


def test_rows_that_are_no_version_are_told(twice: Path) -> None:
    """A run on a changed file names no version, and says how to make one."""
    shorten()

    found = versioning.version(FILE, None, twice)

    assert found.name is None
    assert found.note is not None and "snapshot" in found.note


def test_a_file_that_is_not_here_is_asked_for(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A clone has no data: the message says how to fetch it, and an earlier version can be read all the same."""
    Path(FILE).unlink()

    assert "make pull" in refused(capsys, "contract", MINE)
    assert len(rows(twice, "first")) == len(rows(twice, path="data/sample.csv"))


def test_a_file_of_a_folder_that_is_kept_has_versions(here: Path) -> None:
    """`dvc add` of the folder is the user's choice; snapshot then keeps the folder anew."""
    with objects.repository(here) as repo:
        repo.add(str(here / "data" / "raw"))
    commit("folder")
    whole = rows(here)
    shorten()

    assert main(["snapshot", MINE]) == 0

    assert report("snapshot")["files"][0]["pointer"] == "data/raw.dvc"
    pd.testing.assert_frame_equal(rows(here, "folder"), whole)
    assert versioning.version(FILE, None, here).name == pointers.md5(Path(FILE))


def test_test_rows_go_along(twice: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A revision holds for both files; an md5 is that of one."""
    shutil.copy(FILE, "data/raw/test.csv")
    both = [MINE, "data.test_path=data/raw/test.csv"]
    assert main(["snapshot", *both]) == 0
    commit("third")
    shorten("data/raw/test.csv")
    main(["snapshot", *both])

    found = versioning.along("data/raw/test.csv", "third", twice)

    assert found == pointers.md5(Path(FILE))
    assert "name a git revision" in refused(capsys, "contract", *both, f"data.version={found}")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("data/raw/none.csv", ["no file data/raw/none.csv"]),
        ("sqlite:///shop.db#rows", ["no file of this project"]),
        ("../elsewhere.csv", ["no file of this project", "data/raw/"]),
        ("data/raw", ["no file data/raw"]),
    ],
)
def test_what_cannot_be_kept_is_refused(
    path: str, words: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line; nothing is kept."""
    line = refused(capsys, "snapshot", f"data.path={path}")

    assert [word for word in words if word not in line] == [], line
    assert not Path(".dvc/cache").exists()


def test_a_project_without_git_is_told_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """DVC works beside git."""
    shutil.rmtree(".git")

    assert "git init" in refused(capsys, "snapshot", MINE)


def test_the_pipeline_is_made_of_the_verbs_of_this_project() -> None:
    """Its stages run verbs that exist, and depend on files that exist."""
    repository = rendered("tabular", "dvc")
    stages = yaml.safe_load((repository / "dvc.yaml").read_text("utf8"))["stages"]

    assert list(stages) == ["contract", "train", "predict"]
    for name, stage in stages.items():
        assert stage["cmd"].split()[:2] == ["churn", name]
        files = [dep for dep in stage["deps"] if not dep.startswith(("$", "data/", "reports/"))]
        files += [next(iter(param)) for param in stage.get("params", [])]
        assert [file for file in files if not (repository / file).exists()] == []
