"""Where a model is made before anything is published: staged bundles, the run in MLflow, and their end.

Whatever ends a run early, an error as well as Ctrl-C, leaves the store and the registry as they were. Against `kill -9`
nothing can be done in the process itself: the next run sweeps (see `promotion.mend` and `tracking.sweep`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from ..bundle import promotion
from ..bundle.store import open_store
from ..core import disk
from . import mlflow_connection as connection
from .lineage import origin
from .tracking_process import TrackingProcess

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from .lineage import Origin


#: Seconds that Ctrl-C waits for a run in MLflow to begin, and to end; else the next run's sweep ends it.
PATIENCE = 5.0


class RunContext:
    """A store, a tracker and the folders staged so far; a context manager that leaves nothing half done."""

    def __init__(self, config: RunConfig) -> None:
        self.store = open_store(config.bundle.store, config.root)
        self.tracker = TrackingProcess(config.tracking, config.root, str(self.store))
        self.mended: list[str] = []
        self._config = config
        self._staged: list[Path] = []
        self._published: str | None = None

    def __enter__(self) -> RunContext:
        connection.knock(self.tracker.uri)
        disk.check_writable(self.store.staging)
        connection.check_writable(self.tracker.uri)
        self.tracker.start()
        return self

    @cached_property
    def origin(self) -> Origin:
        """Where the model is from."""
        return origin(self._config.root, self._config.project.package)

    def open(self, tags: dict[str, str], metrics: Sequence[str] = ()) -> None:
        """Clear up after dead runs and begin this one. Its page begins with `metrics`.

        Called once the input is known to be right: nothing was written before.
        """
        self.mended = promotion.mend(self.store)
        self.tracker.open(tags, self.store.versions(), metrics)

    def stage(self) -> Path:
        """Return a new folder for a bundle; removed at the end unless it was published."""
        self._staged.append(self.store.stage())
        return self._staged[-1]

    def register(self, tags: dict[str, str], description: str) -> str:
        """Make a version whose number no bundle of the store has (a new MLflow beside an old store starts at 1)."""
        taken = self.store.versions()
        while (version := self.tracker.register(tags, description)) in taken:
            self.tracker.forget(version)
        return version

    def publish(self, folder: Path, version: str) -> None:
        """Move a sealed bundle into the store as `version`."""
        self.store.publish(folder, version)
        self._published = version

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in self._staged:
            shutil.rmtree(folder, ignore_errors=True)
        stopped = isinstance(error, KeyboardInterrupt)
        patience = PATIENCE if stopped else None
        if error is not None and self.tracker.opened(patience):
            self.tracker.give_up("KILLED" if stopped else "FAILED", self._published, patience)
        self.tracker.close()
