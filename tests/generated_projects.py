"""Generated projects that tests install and run: how they are made, and how a command in them is judged."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trees import BIN

from mlgen import render, source
from mlgen.questions import load

EVERYTHING = list(load().questions["deployment"].values)  # all deployments: with them, there is the most code
REAL = os.environ.get("MLGEN_REAL_DATA")  # a folder of real data sets; where it is not named, tests of them skip


def generate(folder: Path, **answers: Any) -> Path:
    """Make a project called churn at `folder`/churn."""
    render.render({"project_name": "churn", **answers}, folder / "churn", source.default())
    return folder / "churn"


def run(folder: Path, *command: object, code: int = 0, **environment: str) -> str:
    """Run a command in `folder` and return what it said; fail with its last words unless it exits with `code`."""
    variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment}
    variables.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == code, f"{command} exited with {done.returncode}:\n{done.stdout[-6000:]}"
    return done.stdout


def python_path(project: Path) -> str:
    """The PYTHONPATH under which a project's own code is found, in the environment of another one."""
    return os.pathsep.join([str(project / "src"), str(project / "vendor")])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time do something."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def described(answers: dict[str, Any]) -> str:
    """Answers in the name of a test."""
    return "-".join("+".join(value) if isinstance(value, list) else str(value) for value in answers.values())
