"""What tests of schedulers share: a clean slate for the stand-in (stand_in.py), and processes that run for a while."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from trees import BIN


def again(project: Path, code: int = 0) -> None:
    """Forget earlier calls; the next ones end with `code`."""
    (project / "calls").unlink(missing_ok=True)
    (project / "hold").unlink(missing_ok=True)
    (project / "code").write_text(str(code))


def wait(true: Callable[[], object], seconds: float, what: str) -> None:
    """Return as soon as `true` holds; fail where it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)


class Processes:
    """Long-running processes of a test: each has its log, and all of them are stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, project: Path, *command: object, **environment: str) -> Path:
        """Start a command in `project` and return where its words go."""
        log = self.folder / f"{len(self.running)}.log"
        variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **environment}
        with log.open("wb") as out:
            self.running.append(
                subprocess.Popen([str(word) for word in command], cwd=project, env=variables, stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
            )  # fmt: skip
        return log

    def stop(self) -> None:
        """Stop them, the last one first."""
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=20)
