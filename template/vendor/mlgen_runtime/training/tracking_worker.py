"""The process that keeps a run in MLflow: calls come in as lines of JSON, answers go out as lines of JSON.

    → {"id": 1, "call": "open", "given": {"uri": "sqlite:///…", "tags": {…}, …}}
    ← {"id": 1, "answer": {"run_id": "5f0c…", "page": "http://…", "told": []}}
    → {"id": 2, "call": "log", "given": {"params": {…}, "metrics": {…}, "dataset": {…}, "note": "…"}}
    ← {"id": 2, "answer": null}

An answer is `answer`; `refused`, one sentence for the user; or `failed`, the trace of a fault. MLflow is imported
before anything has come in. The process ends when its input does, which is also when whoever started it has died;
Ctrl-C is that one's business (`tracking_process`).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from ..config.settings import TrackingSettings
from ..core import process
from ..core.errors import InputError
from .tracking import Dataset, Tracker


class Session:
    """The calls. One run at a time: `open` begins the next."""

    def __init__(self) -> None:
        self._tracker: Tracker | None = None

    def open(self, *, root: str, store: str, mark: str, settings: dict[str, str], **given: Any) -> dict[str, Any]:
        """See `Tracker.open`."""
        self._tracker = tracker = Tracker(TrackingSettings(**settings), Path(root), store, mark)
        told = tracker.open(**given)
        return {"run_id": tracker.run_id, "page": tracker.page, "told": told}

    def log(self, *, dataset: dict[str, Any], **given: Any) -> None:
        """See `Tracker.log`."""
        self._run.log(dataset=Dataset(**dataset), **given)

    def files(self, *, folder: str, name: str | None) -> None:
        """See `Tracker.files`."""
        self._run.files(Path(folder), name)

    def model(self, *, library: str, path: str, outputs: int) -> None:
        """See `Tracker.model`."""
        self._run.model(library, Path(path), outputs)

    def register(self, **given: Any) -> str:
        """See `Tracker.register`."""
        return self._run.register(**given)

    def forget(self, **given: Any) -> None:
        """See `Tracker.forget`."""
        self._run.forget(**given)

    def alias(self, **given: Any) -> list[str]:
        """See `Tracker.alias`."""
        return self._run.alias(**given)

    def finish(self, **given: Any) -> None:
        """See `Tracker.finish`."""
        self._run.finish(**given)

    @property
    def _run(self) -> Tracker:
        assert self._tracker is not None, "open comes first"
        return self._tracker


CALLS: dict[str, Callable[..., Any]] = {
    name: call for name, call in vars(Session).items() if callable(call) and not name.startswith("_")
}


def main() -> None:
    """Answer calls until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf8")
    os.dup2(2, 1)  # what a library prints is no answer
    owner = sys.argv[1]
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # LightGBM and XGBoost import it where they find it
    import mlflow  # noqa: F401

    session = Session()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["call"] == "finish" or not process.is_gone(owner):  # nothing else is wanted of the dead
            _answer(session, asked, answers)
    os._exit(0)  # the interpreter's own end takes a while with this much imported, and has nothing left to save


def _answer(session: Session, asked: dict[str, Any], answers: TextIO) -> None:
    """Make one call and answer it."""
    try:
        found: dict[str, Any] = {"answer": CALLS[asked["call"]](session, **asked["given"])}
    except InputError as error:
        found = {"refused": str(error)}
    except Exception:
        found = {"failed": traceback.format_exc()}
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({"id": asked["id"], **found}), file=answers, flush=True)


if __name__ == "__main__":
    main()
