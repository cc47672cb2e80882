"""The wheel brings the template: with no checkout in reach it makes the same projects, which later update."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from trees import Run, commit, contents, git

from mlgen import __version__
from mlgen.source import CANONICAL


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the clean clone."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(checkout)]
    subprocess.run(words, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The console script of a new environment that holds the wheel and what it declares it needs."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    subprocess.run(words, check=True, capture_output=True)
    return python.with_name("mlgen")


def run(script: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed mlgen, with nothing of this checkout on its path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([str(script), *words], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_it_is_not_called_mlgen(wheel: Path) -> None:
    """The distribution has its own name, the release's version, and no file but mlgen's."""
    assert wheel.name == f"mlgen_template-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as content:
        assert {name.split("/")[0] for name in content.namelist()} == {
            "mlgen",
            f"mlgen_template-{__version__}.dist-info",
        }
        assert not [name for name in content.namelist() if name.endswith(".pyc")]


def test_an_installed_wheel_makes_the_same_bytes(installed: Path, mlgen: Run, tmp_path: Path) -> None:
    """Without a checkout the bytes are the checkout's, but for where they came from: the canonical release."""
    away = tmp_path / "away"
    away.mkdir()
    answers = ["ci=gitlab", "settings.rest.port=9000", "settings.model=xgboost"]

    done = run(installed, away, "new", "churn", *answers)
    mlgen("new", tmp_path / "churn", *answers)

    assert done.returncode == 0, done.stderr
    theirs, ours = contents(away / "churn"), contents(tmp_path / "churn")
    record = theirs[".copier-answers.yml"][0].decode()
    assert f"\n_commit: v{__version__}\n_src_path: {CANONICAL}\n" in record
    assert _without_origin(theirs) == _without_origin(ours)


def test_an_installed_wheel_lists_and_refuses(installed: Path, tmp_path: Path) -> None:
    """What reads the template without Copier finds it in the wheel, too."""
    listed = run(installed, tmp_path, "list", "ci")
    refused = run(installed, tmp_path, "new", "churn", "settings.rest.prt=1")

    assert ".github/workflows/ci.yml" in listed.stdout
    assert refused.returncode == 2 and "'prt' is not a setting of 'rest'" in refused.stderr
    assert not (tmp_path / "churn").exists()


def test_a_project_of_the_wheel_updates_later(installed: Path, template: Path, tmp_path: Path) -> None:
    """A project that the wheel made updates from the release's repository, as if Copier had made it."""
    run(installed, tmp_path, "new", "churn")
    project = tmp_path / "churn"
    answers = project / ".copier-answers.yml"
    answers.write_text(answers.read_text().replace(CANONICAL, str(template)))  # where this test publishes releases
    git(project, "init", "--quiet")
    commit(project, "start")
    (template / "template" / "added.md").write_text("added\n")
    commit(template, "next", "v999.0.0")

    done = run(installed, tmp_path, "update", "churn")

    assert done.returncode == 0, done.stderr
    changed = git(project, "status", "--porcelain", "-uall").split("\n")
    assert sorted(line[3:] for line in changed if line) == [".copier-answers.yml", "added.md"]


def _without_origin(made: dict[str, tuple[bytes, bool]]) -> dict[str, tuple[bytes, bool]]:
    """The files, with the record's two lines on where they came from taken out."""
    data, mode = made[".copier-answers.yml"]
    lines = [line for line in data.splitlines() if not line.startswith((b"_commit:", b"_src_path:"))]
    return made | {".copier-answers.yml": (b"\n".join(lines), mode)}
