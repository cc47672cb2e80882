"""Where a model is made before anything is published: staged bundles, the run in MLflow, and their end.

Whatever ends a run early, an error as well as Ctrl-C, leaves the store and the registry as they were. Against `kill -9`
nothing can be done in the process itself: the next run sweeps (see `promotion.mend` and `tracking.sweep`).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..bundle import promotion
from ..bundle.store import open_store
from ..core import disk
from ..core.errors import InputError
from . import mlflow_connection as connection
from . import tracking
from .lineage import origin

if TYPE_CHECKING:
    from ..config.run import RunConfig


#: Seconds that Ctrl-C waits for a run in MLflow that is about to begin, to end it; else the next run's sweep does.
PATIENCE = 5.0


class RunContext:
    """A store, a tracker and the folders staged so far; a context manager that leaves nothing half done."""

    def __init__(self, config: RunConfig) -> None:
        self.origin = origin(config.root, config.project.package)
        self.store = open_store(config.bundle.store, config.root)
        self.tracker = tracking.Tracker(config.tracking, config.root, str(self.store))
        self.mended: list[str] = []
        self._staged: list[Path] = []
        self._unpublished: str | None = None

    def __enter__(self) -> RunContext:
        connection.knock(self.tracker.uri)
        disk.check_writable(self.store.staging)
        connection.check_writable(self.tracker.uri)
        return self

    def open(self, tags: dict[str, str], meanwhile: Callable[[], None], metrics: Sequence[str] = ()) -> None:
        """Clear up after dead runs and begin this one; `meanwhile` is called beside it. Its page begins with `metrics`.

        Called once the input is known to be right: nothing was written before.
        """
        self.mended = promotion.mend(self.store)
        self.tracker.open(tags, self.store.versions(), meanwhile, metrics)

    def stage(self) -> Path:
        """Return a new folder for a bundle; removed at the end unless it was published."""
        self._staged.append(self.store.stage())
        return self._staged[-1]

    def register(self, source: str, tags: dict[str, str], description: str) -> str:
        """Make a version whose number no bundle of the store has (a new MLflow beside an old store starts at 1)."""
        taken = self.store.versions()
        while True:
            self._unpublished = self.tracker.register(source, tags, description)
            if self._unpublished not in taken:
                return self._unpublished
            self.tracker.forget(self._unpublished)

    def publish(self, folder: Path, version: str) -> None:
        """Move a sealed bundle into the store as `version`."""
        self.store.publish(folder, version)
        self._unpublished = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in self._staged:
            shutil.rmtree(folder, ignore_errors=True)
        stopped = isinstance(error, KeyboardInterrupt)
        if error is None or not self.tracker.opened(PATIENCE if stopped else None):
            return
        with contextlib.suppress(
            InputError
        ):  # MLflow went away: `error` says so, and the next run's sweep ends this one
            if self._unpublished is not None:
                self.tracker.forget(self._unpublished)
            self.tracker.finish("KILLED" if stopped else "FAILED")
