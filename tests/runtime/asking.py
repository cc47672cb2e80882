"""What tests of the log share: a model that is asked as a service asks it, and what the log holds of it.

asking = Asking(root)                       the champion of a trained project
asking.answered("id-1")                     a request with its answer, as an observer is told
kept(settings)                              the rows of prediction_log
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from mlgen_runtime.bundle.store import Store
from mlgen_runtime.hooks import Answered, Place, Refusal
from mlgen_runtime.prediction_log.database import open_database
from mlgen_runtime.prediction_log.settings import LogSettings, to_environment
from mlgen_runtime.rest.metrics import Binning
from mlgen_runtime.usecase import loading

COLUMNS = ("request_id", "row", "source", "at", "model_version", "ms", "key", "features", "prediction", "output")


class Asking:
    """The champion of a project, and the place where it is asked."""

    def __init__(self, root: Path) -> None:
        self.root = root
        store = Store(root / "bundles")
        pointer = store.champion()
        assert pointer is not None
        self.model = loading.load(store.fetch(pointer.bundle), 1, pointer.version)
        self.numbers = itertools.count()
        columns = self.model.example()
        self.records = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.found = self.model.predict(columns)
        self.plain = self.model.plain(self.found)
        self.columns = columns
        #: How many predictions there are in one answer.
        self.rows = len(self.found["prediction"])
        reference = json.loads((self.model.folder / "reference.json").read_text("utf8"))
        self.binning = Binning.of(reference, self.model.contract)

    def answered(self, request_id: str | None = None, **more: Any) -> Answered:
        """A request with its answer; `more` stands in its first record, too."""
        name = request_id or f"request-{next(self.numbers):06d}"
        records = [{**self.records[0], **more}, *self.records[1:]]
        answer = {**self.plain, "model_version": self.model.version, "request_id": name}
        return Answered(
            name,
            time.time(),
            1.5,
            self.model,
            {key: [record.get(key) for record in records] for key in records[0]},
            self.binning.counts(self.found["prediction"].tolist()),
            json.dumps({"records": records}, indent=1).encode(),
            json.dumps(answer).encode(),
        )

    def place(self, settings: LogSettings) -> Place:
        """A service with these settings."""
        return Place(
            source="rest",
            model=self.model,
            environment=to_environment(settings),
            store=str(self.root / "bundles"),
            outcomes=str(self.root / "outcomes.jsonl"),
        )


def refusal(name: str, *faults: tuple[tuple[str | int, ...], str]) -> Refusal:
    """A request that was refused for some faults."""
    return Refusal(name, time.time(), 0.5, "1", "/predict", 422, faults)


def kept(settings: LogSettings, table: str = "prediction_log") -> list[dict[str, Any]]:
    """The rows of a table of the log, in order of their ids."""
    with open_database(settings.database) as database:
        if table == "prediction_log":
            rows = database.rows(f"SELECT {', '.join(COLUMNS)} FROM {table} ORDER BY request_id, row, source")
            return [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        names = {"refusal_log": ("request_id", "status", "faults"), "outcome_log": ("subject", "truth", "at")}[table]
        rows = database.rows(f"SELECT {', '.join(names)} FROM {table} ORDER BY 1")
        return [dict(zip(names, row, strict=True)) for row in rows]


def ids(settings: LogSettings) -> list[str]:
    """The ids of the requests in the log, each as often as it has predictions there."""
    return [row["request_id"] for row in kept(settings)]


def everything(folder: Path) -> bytes:
    """All bytes of all files below a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def gone(number: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{number}/stat")
    return state.exists() and state.read_text("utf8").rpartition(")")[2].split()[0] == "Z"
