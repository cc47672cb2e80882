"""Jobs that kill themselves: a process that runs each job in a fork of its own, with SIGKILL at the n-th step.

A step is a statement, a bulk load or a commit of a database, and a change in a folder: whatever leaves a trace.
Run it as `python killing.py ROOT`; each line on its input is [n, [setting, …]], each on its output the exit status.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sample_projects import environment

PLACES = ("replace", "rename", "unlink", "rmdir", "mkdir", "fsync")


class Victims:
    """The process that forks, from the test's side."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(root)],
            env=environment(OMP_NUM_THREADS="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, step: int, *changed: str) -> int:
        """Run a job that is killed before its `step`-th step (0: never); return its exit code, -9 if it was killed."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps([step, changed]), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.communicate()


def arm(step: int) -> None:
    """Let the `step`-th step from now on be the last thing that this process comes to."""
    import adbc_driver_manager.dbapi as adbc
    import deltalake
    import sqlalchemy

    left = [step]

    def before(of: Any, name: str) -> None:
        call = getattr(of, name)

        def counted(*given: Any, **named: Any) -> Any:
            count()
            return call(*given, **named)

        setattr(of, name, counted)

    def count(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("execute", "adbc_ingest"):
        before(adbc.Cursor, name)
    before(adbc.Connection, "commit")
    before(deltalake, "write_deltalake")
    for name in PLACES:
        before(os, name)

    def statement(*given: Any) -> None:
        if not given[2].lstrip().startswith(("SELECT", "PRAGMA", "show")):
            count()

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", statement)
    sqlalchemy.event.listen(sqlalchemy.Engine, "commit", count)


def main(root: Path) -> None:
    from batch_runs import compose, run
    from mlgen_runtime.timeseries import batch_scoring

    batch_scoring.GROUP = 1  # a portion for each series, so that there is more than one
    learnt = root / "modules.json"
    for line in sys.stdin:
        step, changed = json.loads(line)
        config = compose(root, *changed)
        if (child := os.fork()) == 0:
            try:
                arm(step)
                run(config)
                if not learnt.exists():
                    learnt.write_text(json.dumps(list(sys.modules)), "utf8")
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        ended = os.waitpid(child, 0)[1]
        for name in json.loads(learnt.read_text("utf8")) if learnt.exists() else ():
            with contextlib.suppress(Exception):  # what the first job imported, the next ones find: that is their time
                importlib.import_module(name)
        print(os.waitstatus_to_exitcode(ended), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
