"""What runs by itself: the crontab and the CI files that projects come with call commands that exist."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = ROOT / "template"
CRONTAB = TEMPLATE / "{{cron}}/schedule/crontab"


def entry() -> str:
    """The command of the crontab's one entry, without its five time fields."""
    return next(line for line in CRONTAB.read_text("utf8").splitlines() if line[:1].isdigit()).split(maxsplit=5)[5]


def start(project: Path) -> subprocess.Popen[bytes]:
    """Run the entry as cron would: by sh, from elsewhere, with the crontab's variables only."""
    variables = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PROJECT": str(project)}
    return subprocess.Popen(["/bin/sh", "-c", entry()], cwd="/", env=variables)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a blank in its name, whose `make train` takes a moment and leaves a mark."""
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "Makefile").write_text(
        "train:\n\t@echo started >> marks; while [ -e hold ]; do sleep 0.05; done; [ ! -e broken ]\n"
    )
    return folder


def test_the_entry_trains_and_keeps_what_was_said(project: Path) -> None:
    """It changes into the project, runs `make train`, and appends to logs/train.log."""
    assert start(project).wait(timeout=30) == 0

    assert (project / "marks").read_text() == "started\n"
    assert re.search(r"\d\d:\d\d", (project / "logs/train.log").read_text())


def test_a_run_that_overlaps_the_last_one_is_left_out(project: Path) -> None:
    """While one training runs, the next does not start, and the log says with which code it ended."""
    (project / "hold").touch()
    first = start(project)
    while not (project / "marks").exists():
        time.sleep(0.05)

    assert start(project).wait(timeout=30) == 0
    (project / "hold").unlink()
    assert first.wait(timeout=30) == 0

    assert (project / "marks").read_text() == "started\n"
    assert "exit code 75" in (project / "logs/train.log").read_text()


def test_a_training_that_fails_says_so_in_the_log(project: Path) -> None:
    """The exit code of a failed run stands in the log, and the next run starts all the same."""
    (project / "broken").touch()
    start(project).wait(timeout=30)

    (project / "broken").unlink()
    start(project).wait(timeout=30)

    assert "train ended with exit code 2" in (project / "logs/train.log").read_text()
    assert (project / "marks").read_text() == "started\nstarted\n"


@pytest.mark.parametrize("name", ["{{github}}/.github/workflows/ci.yml", "{{gitlab}}/.gitlab-ci.yml"])
def test_ci_runs_the_commands_of_the_makefile(name: str) -> None:
    """The CI file is YAML, and every `make` in it is a target of the project's Makefile."""
    text = (TEMPLATE / name).read_text("utf8")
    targets = set(re.findall(r"^([a-z-]+):", (TEMPLATE / "Makefile.jinja").read_text("utf8"), re.MULTILINE))

    called = set(re.findall(r"(?:- run:|-|&&) make ([a-z-]+)", text))

    assert yaml.safe_load(text)
    assert {"setup", "lint", "test", "all"} <= called <= targets
