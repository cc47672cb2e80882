"""MLflow in a process of its own, seen from the one that trains: its import and its database cost the training nothing.

    tracker = TrackingProcess(config.tracking, root, store="bundles")
    tracker.start()                      # MLflow is imported beside whatever comes next
    tracker.open(tags, published=["1"])  # returns at once
    tracker.log(params, metrics, dataset)  # so does this: what goes wrong is raised by the next call that waits
    version = tracker.register(tags, description)

Plain data goes through a pipe (`tracking_worker` shows it), never an object of the user's. The process ends with its
input, so one whose trainer is killed goes by itself; what it leaves, the next run clears up (`tracking.sweep`).
Once a run is over, its process waits for the next run of the same command. It is no thread, for another reason, too:
Ctrl-C in the middle of an import can leave that import's lock behind, and whoever imports beside it waits for ever.
"""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import process
from ..core.errors import InputError
from .mlflow_connection import knock, located

if TYPE_CHECKING:
    from ..config.settings import TrackingSettings
    from .tracking import Dataset

#: What the process runs: it finds modules where this one does, however this one was started.
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from {} import main; main()"
_WORKER = f"{__name__.rpartition('.')[0]}.tracking_worker"


class Worker:
    """The process and the pipes to it. Calls are made in order and answered in order."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _CODE.format(_WORKER), process.name(), json.dumps(sys.path)]
        # In a session of its own, so that Ctrl-C at the terminal reaches this process alone, which says how to end.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf8", start_new_session=True
        )
        # Written by the thread that listens alone, so that Ctrl-C cannot lose an answer.
        self._answers: dict[int, dict[str, Any]] = {}
        self._ended = False
        self._news = threading.Condition()
        self._asked = self._checked = 0
        threading.Thread(target=self._listen, name="tracking", daemon=True).start()

    def ask(self, call: str, **given: Any) -> int:
        """Ask for a call; returns its number, for `answer`."""
        assert self._process.stdin is not None
        self._asked += 1
        line = json.dumps({"id": self._asked, "call": call, "given": given})
        with contextlib.suppress(BrokenPipeError):  # it has ended: `answer` says how
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        return self._asked

    def answer(self, number: int, patience: float | None = None, *, forgiving: bool = False) -> Any:
        """Wait for the answer to a call, for `patience` seconds at most (TimeoutError).

        Raises InputError or RuntimeError where it has failed, or one before it has and this is not `forgiving`.
        """
        with self._news:
            if not self._news.wait_for(lambda: number in self._answers or self._ended, patience):
                raise TimeoutError
        while not forgiving and self._checked < min(number, len(self._answers)):
            self._checked += 1
            _check(self._answers[self._checked])
        if number not in self._answers:
            raise InputError(f"the process that writes to MLflow {self._end()}; run the command again")
        _check(self._answers[number])
        return self._answers[number]["answer"]

    def settle(self) -> None:
        """Wait for all that was asked for."""
        self.answer(self._asked)

    @property
    def idle(self) -> bool:
        """Whether it runs, and has answered everything."""
        return len(self._answers) == self._asked and self._process.poll() is None

    def leave(self) -> None:
        """Let it end by itself, once it has done what it is doing (such as making a database)."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line)
            with self._news:
                self._answers[answer["id"]] = answer
                self._news.notify()
        with self._news:
            self._ended = True
            self._news.notify()

    def _end(self) -> str:
        code = self._process.wait()
        if code < 0:
            return f"was killed ({signal.Signals(-code).name}; perhaps for want of memory)"
        return f"ended with exit code {code}"


def _check(answer: dict[str, Any]) -> None:
    """Raise what went wrong in a call."""
    if "refused" in answer:
        raise InputError(answer["refused"])
    if "failed" in answer:
        raise RuntimeError(f"in the process that writes to MLflow:\n{answer['failed']}")


#: A worker whose run is over.
_idle: list[Worker] = []


class TrackingProcess:
    """A `tracking.Tracker` elsewhere: the same methods, and the first to fail raises in the next that waits.

    `swept` are words for the reader about what was cleared up.
    """

    def __init__(self, settings: TrackingSettings, root: Path, store: str) -> None:
        self.settings = settings
        self.root = root
        self.uri = located(settings.uri, root)
        self.store = store
        self.run_id = self.page = ""
        self.swept: list[str] = []
        self._worker: Worker | None = None
        self._opening: int | None = None

    def start(self) -> None:
        """Start the process."""
        found = _idle.pop() if _idle else None
        self._worker = found if found is not None and found.idle else Worker()

    def open(self, tags: Mapping[str, str], published: Sequence[str], metrics: Sequence[str] = ()) -> None:
        """Have the run begin. Raises InputError at once where no server listens."""
        knock(self.uri)
        if self._worker is None:
            self.start()
        assert self._worker is not None
        self._opening = self._worker.ask(
            "open",
            settings=dataclasses.asdict(self.settings),
            root=str(self.root.resolve()),
            store=self.store,
            mark=process.name(),
            tags=dict(tags),
            published=list(published),
            metrics=list(metrics),
        )

    def ready(self, patience: float | None = None) -> None:
        """Wait until the run has begun, for so many seconds at most (TimeoutError)."""
        assert self._worker is not None and self._opening is not None, "open() comes first"
        if not self.run_id:
            begun = self._worker.answer(self._opening, patience)
            self.run_id, self.page = begun["run_id"], begun["page"]
            self.swept += begun["told"]

    def opened(self, patience: float | None = None) -> bool:
        """Whether a run has begun (it waits for one that is about to, for so many seconds at most)."""
        if self._opening is not None:
            with contextlib.suppress(InputError, RuntimeError, TimeoutError):
                self.ready(patience)
        return bool(self.run_id)

    def log(self, params: Mapping[str, object], metrics: Mapping[str, float], dataset: Dataset, note: str = "") -> None:
        """Have parameters, metrics, the data set and a note logged."""
        texts = {name: str(value) for name, value in params.items()}
        figures = {name: float(value) for name, value in metrics.items()}
        self._send("log", params=texts, metrics=figures, dataset=dataclasses.asdict(dataset), note=note)

    def files(self, folder: Path, name: str | None = None) -> None:
        """Have all files of a folder logged; they must lie there until a call that waits has returned."""
        self._send("files", folder=str(folder.resolve()), name=name)

    def model(self, library: str, path: Path, outputs: int) -> None:
        """Have a model logged from its file, which must lie there as long: see `native_model.log`."""
        self._send("model", library=library, path=str(path.resolve()), outputs=outputs)

    def register(self, tags: Mapping[str, str], description: str) -> str:
        """Make a version of the registered model and return its number."""
        return str(self._call("register", tags=dict(tags), description=description))

    def forget(self, version: str) -> None:
        """Delete a version that has no bundle."""
        self._call("forget", version=version)

    def alias(self, champion: str | None, challenger: str | None) -> None:
        """Point the aliases at versions; None leaves an alias alone."""
        self.swept += self._call("alias", champion=champion, challenger=challenger)

    def finish(self, status: str = "FINISHED", published: str | None = None) -> None:
        """End the run. One that is not FINISHED forgets the versions that it made, but for the `published` one."""
        self._call("finish", status=status, published=published)

    def give_up(self, status: str, published: str | None = None, patience: float | None = None) -> None:
        """End the run whatever has failed, and whatever fails now: the next run clears up what is left."""
        assert self._worker is not None
        number = self._worker.ask("finish", status=status, published=published)
        with contextlib.suppress(InputError, RuntimeError, TimeoutError):
            self._worker.answer(number, patience, forgiving=True)

    def close(self) -> None:
        """Let the process go: it waits for another run, unless it has still something to do."""
        worker, self._worker = self._worker, None
        if worker is not None and worker.idle:
            _idle.append(worker)
        elif worker is not None:
            worker.leave()

    def _call(self, call: str, **given: Any) -> Any:
        """Make a call once all before it have gone well, and wait for its answer."""
        self.ready()
        assert self._worker is not None
        self._worker.settle()
        return self._worker.answer(self._worker.ask(call, **given))

    def _send(self, call: str, **given: Any) -> None:
        self.ready()
        assert self._worker is not None
        self._worker.ask(call, **given)


@atexit.register
def _end() -> None:
    """End the workers that wait for a run: they have nothing left to do."""
    while _idle:
        _idle.pop().kill()
