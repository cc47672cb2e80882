"""What stands in the way of `mlgen`: no room, no right to write, Ctrl-C at a prompt, an old Python. One line each."""

from __future__ import annotations

import os
import pty
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlgen.questions import load

ROOT = Path(__file__).parents[2]
NEW = (sys.executable, "-m", "mlgen", "new")
#: Columns of a terminal, and what stands before a question and before a label.
WIDTH, QUESTION, LABEL = 80, 3, 6


def test_prompts_fit_a_terminal_of_80_columns() -> None:
    """No line of a question and no label is broken by the terminal, which would do so in the middle of a word."""
    questions = load().questions.values()
    asked = [line for question in questions for line in question.help.splitlines()]
    labels = [choice.label for question in questions for choice in question.choices]

    assert [line for line in asked if len(line) > WIDTH - QUESTION] == []
    assert [label for label in labels if len(label) > WIDTH - LABEL] == []


@pytest.mark.parametrize("limit", [0, 3_000])
def test_a_full_disk_leaves_no_half_project(checkout: Path, tmp_path: Path, limit: int) -> None:
    """Whether nothing can be written or only little: exit 2, a line, and no folder."""
    command = [*NEW, "churn", "ci=none", "--source", str(checkout), "--ref", "HEAD"]
    process = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )

    assert process.returncode == 2, process.stderr[-2000:]
    assert len(process.stderr.strip().splitlines()) == 1, process.stderr[-2000:]
    assert not (tmp_path / "churn").exists()


def test_a_folder_that_may_not_be_written_is_named(checkout: Path, tmp_path: Path) -> None:
    """A file where a folder should be, which not even root can write into."""
    (tmp_path / "file").write_text("x", "utf8")

    process = subprocess.run(
        [*NEW, "file/churn", "ci=none", "--source", str(checkout), "--ref", "HEAD"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 2, process.stderr[-2000:]
    assert len(process.stderr.strip().splitlines()) == 1, process.stderr[-2000:]
    assert "Not a directory" in process.stderr


@pytest.mark.parametrize("asked", ["What is the project called?", "How will predictions reach their users?"])
def test_ctrl_c_at_a_prompt_is_one_line(checkout: Path, tmp_path: Path, asked: str) -> None:
    """At the first question as at a later one: exit 130, "stopped", and no folder."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [*NEW, "churn", "--source", str(checkout), "--ref", "HEAD"],
        cwd=tmp_path,
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
    )
    os.close(terminal)
    seen = ""
    while asked not in seen and select.select([person], [], [], 60)[0]:
        seen += os.read(person, 4096).decode(errors="replace")
        for question in ("What is the project called?", "What does the model learn from?"):
            if question in seen and question != asked and asked not in seen:
                time.sleep(0.3)  # the prompt reads keys a moment after it is drawn
                os.write(person, b"\r")
                seen = ""
    time.sleep(0.3)
    os.write(person, b"\x03")
    said = process.communicate(timeout=60)[1]
    os.close(person)

    assert process.returncode == 130, said
    assert said.strip().splitlines()[-1] == "mlgen: stopped."
    assert "Traceback" not in said
    assert not (tmp_path / "churn").exists()


def test_ctrl_c_while_files_are_made_leaves_no_half_project(checkout: Path, tmp_path: Path) -> None:
    """Stopped in the middle of the rendering, which takes a moment; where it was quicker, it is made again."""
    for _ in range(10):
        process = subprocess.Popen(
            [*NEW, "churn", "ci=none", "--source", str(checkout), "--ref", "HEAD"],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        while not (tmp_path / "churn").exists() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        if process.returncode != 0:
            break
        shutil.rmtree(tmp_path / "churn")

    assert process.returncode == 130, said
    assert said.strip().splitlines() == ["mlgen: stopped."]
    assert not (tmp_path / "churn").exists()


def old() -> str:
    """A Python before 3.11, where this machine has one."""
    found = [shutil.which(f"python3.{minor}") for minor in (10, 9, 8)]
    found += [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.10*/bin/python"))]
    for path in filter(None, found):
        probe = subprocess.run(
            [path, "-c", "import sys; print(sys.version_info < (3, 11))"], capture_output=True, text=True
        )
        if probe.stdout.strip() == "True":
            return path
    pytest.skip("there is no Python before 3.11 on this machine")


@pytest.mark.parametrize("module", ["mlgen", "mlgen_runtime.cli", "mlgen_runtime.rest"])
def test_an_old_python_is_one_line(module: str) -> None:
    """What is started with it says which one it needs, and nothing else."""
    path = os.pathsep.join(str(folder) for folder in (ROOT / "src", ROOT / "template" / "vendor"))

    process = subprocess.run(
        [old(), "-m", module, "new", "churn"], env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )

    assert process.returncode == 2
    assert re.fullmatch(r".* needs Python 3\.11 to 3\.13, and this is 3\.\d+\.\d+; .*\n", process.stderr), (
        process.stderr
    )


def test_make_setup_names_an_old_python(tmp_path: Path, checkout: Path) -> None:
    """In a project as here: nothing is installed before it is said."""
    subprocess.run([*NEW, "churn", "ci=none", "--source", str(checkout), "--ref", "HEAD"], cwd=tmp_path, check=True)

    for folder in (tmp_path / "churn", ROOT):
        process = subprocess.run(
            ["make", "--always-make", "setup", f"PYTHON={old()}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

        assert process.returncode == 2
        assert len(process.stderr.strip().splitlines()) == 1, process.stderr
        assert "expected 3.11 to 3.13; name another: make setup PYTHON=" in process.stderr
    assert not (tmp_path / "churn" / ".venv").exists()
