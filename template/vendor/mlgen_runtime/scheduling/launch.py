"""Start the wrapper from an orchestrator's environment, in the project's own: neither sees packages of the other."""

from __future__ import annotations

import datetime
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ..core.errors import InputError
from .exit_codes import WRONG
from .jobs import Job

#: What an orchestrator's environment must not hand on to the project's.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


def executable(root: Path, name: str) -> Path:
    """Return a command of the project's environment. Raises InputError where it was not set up."""
    path = root / ".venv" / "bin" / name
    if not path.exists():
        raise InputError(f"there is no {path}; run make setup first")
    return path


def environment(**added: str) -> dict[str, str]:
    """Return the variables of this process that a program of the project is to have, and those that are added."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN} | added


def call(root: Path, job: Job, moment: datetime.datetime, say: Callable[[str], object]) -> int:
    """Run a job once through the wrapper, hand each line that it says to `say`, and return the exit code.

    A run that is given up in between (an exception in the one who waits) is stopped before this returns.
    """
    try:
        python = executable(root, "python")
    except InputError as error:
        say(f"run: {error}")
        return WRONG
    words = ["-m", "mlgen_runtime.scheduling.run", job.name, "--date", moment.isoformat(), "--once", "--echo"]
    with subprocess.Popen(
        [str(python), *words],
        cwd=root,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                say(line.rstrip("\n"))
        except BaseException:
            process.terminate()
            if process.stdout is not None:
                process.stdout.close()  # nobody reads any more, and a full pipe would hold it up
            process.wait()  # Popen itself waits a quarter of a second only where it was Ctrl-C
            raise
    return process.returncode
