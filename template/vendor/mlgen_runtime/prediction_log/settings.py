"""What can be set for the log: conf/log/default.yaml for verbs, and `LOG_<NAME>` variables for a service, which may run
in a container and has no conf/.

    LOG_DATABASE=postgresql://me@host/monitoring LOG_SAMPLE=0.1 python -m mlgen_runtime.rest

The defaults here are those of conf/log/default.yaml, which says what each is for; a test keeps the two equal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ..config.environment import read, written
from ..config.schema import Bound, Count, Part

PREFIX = "LOG_"
Positive = Annotated[float, Bound(above=0)]


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """One entry per line of conf/log/default.yaml. Shares, days, megabytes (of 10^6 bytes), seconds, minutes."""

    database: str = "sqlite:///logs/predictions.db"
    folder: str = "logs/predictions"
    sample: Part = 1.0
    batch_rows: Count | None = 50_000
    redact: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    retention_days: Positive | None = 90.0
    disk_mb: Positive = 1024.0
    memory_mb: Positive = 16.0
    sync_seconds: Positive = 1.0
    ship_seconds: Positive = 1.0
    shadow: str | None = None
    counters: bool = True
    psi_minutes: Positive = 60.0

    def within(self, root: Path) -> LogSettings:
        """The same settings with paths that hold in any working directory: those of a project start at its `root`."""
        import dataclasses

        database = self.database
        if database.startswith("sqlite:///"):
            database = f"sqlite:///{root.absolute() / database.removeprefix('sqlite:///')}"
        return dataclasses.replace(self, database=database, folder=str(root.absolute() / self.folder))


def from_environment(environment: Mapping[str, str] = os.environ) -> LogSettings:
    """Read the settings from `LOG_…` variables; raises InputError naming one that is unreadable.

    LOG_LEVEL and the like belong to others and are left alone.
    """
    return read(LogSettings, PREFIX, environment, lambda name: True)


def to_environment(settings: LogSettings) -> dict[str, str]:
    """The variables that give `settings` back."""
    return written(settings, PREFIX)
