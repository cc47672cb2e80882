"""Keeps a sample of what a batch run scored in the log: rows spread over the run, with their features and answers.

The lines of a portion are appended before its answers are written: should the process die in between, the portion is
scored again, and its lines, which are told apart by the run and the row, count once.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.features import used
from ..hooks import BatchRun, Observer, Place
from . import place, report, segment, ship, table
from .database import Away
from .row_sampling import RowSampling, number_of
from .settings import LogSettings, from_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..config.run import RunConfig
    from ..usecase.batches import Batch, Portion


def observe(where: Place) -> Observer | None:
    """Keep the log of a batch run, where it is not turned off."""
    settings = from_environment(where.environment)
    if settings.sample == 0 or where.source != "batch":
        return None
    place.check(settings, where.model.contract)
    return BatchLog(settings, where)


def variables(config: RunConfig) -> dict[str, str]:
    """None: the hook of the service hands the same settings over."""
    return {}


def check(environment: Mapping[str, str]) -> None:
    """Nothing: the hook of the service checks the same settings."""


class BatchLog(Observer):
    """The log of one run. `read` and `scored` may be called by two threads."""

    run: BatchRun
    sampling: RowSampling
    columns: list[str]

    def __init__(self, settings: LogSettings, where: Place) -> None:
        self.settings, self.where = settings, where
        self.folder = Path(settings.folder)
        self.left = settings.batch_rows
        self.failed: OSError | None = None
        self._rows: deque[tuple[Any, Any]] = deque()
        self.writer = segment.Writer(self.folder)

    def began(self, run: BatchRun) -> None:
        """Choose which rows and which columns are logged."""
        self.run = run
        self.sampling = RowSampling(self.settings.batch_rows, run.rows)
        contract = run.model.contract
        kept = [column.name for column in used(contract) if column.role != "target"]
        self.columns = [name for name in dict.fromkeys([*run.key, *kept]) if name not in self.settings.redact]

    def read(self, batch: Batch) -> None:
        """Set aside the chosen rows until they are scored."""
        chosen = self.sampling.chosen(batch.numbers)
        if chosen.any() and not self.failed:
            kept = batch.table.select([name for name in self.columns if name in batch.table.column_names])
            self._rows.append((batch.numbers[chosen], kept.filter(chosen)))

    def scored(self, portion: Portion) -> None:
        """Append the chosen rows of a portion with their answers."""
        if self.failed or not portion.table.num_rows:
            return
        lines = b"".join(self._forecasts(portion) if portion.numbers is None else self._answers(portion))
        try:
            if lines:
                self.writer.append(lines)
        except OSError as error:
            self.failed = error
            print(f"log: no more rows of this run are logged: {error}", file=sys.stderr)

    def close(self) -> None:
        """Ship what was logged; where the database is away it stays, and is shipped with the next."""
        self.writer.close()
        try:
            ship.ship_once(self.settings)
        except Away as error:
            print(f"log: the rows logged wait in {self.folder}: {error}", file=sys.stderr)
        segment.bound(self.folder, int(self.settings.disk_mb * 1e6), report.read(self.folder).offsets)

    def _answers(self, portion: Portion) -> list[bytes]:
        """The lines of those rows that were set aside and have an answer."""
        import numpy as np
        import pyarrow as pa

        numbers, tables = [], []
        while self._rows and self._rows[0][0][-1] <= portion.mark:
            found = self._rows.popleft()
            numbers.append(found[0])
            tables.append(found[1])
        if not numbers or portion.numbers is None:
            return []
        aside, rows = np.concatenate(numbers), pa.concat_tables(tables)
        places = np.searchsorted(portion.numbers, aside)
        good = portion.numbers[np.minimum(places, len(portion.numbers) - 1)] == aside
        aside, rows = aside[good][: self.left], rows.filter(good)[: self.left]
        answers = portion.table.take(places[good][: self.left])
        self._count(len(aside))
        features = table.records(rows, self.run.model.contract, self.columns)
        answers = answers.drop_columns(list(self.run.key) or [answers.column_names[0]])  # the key, or the row's number
        key = place.key_of(self.settings, self.run.model.contract)
        return list(table.lines(self._head(), answers, key, aside.tolist(), features))

    def _forecasts(self, portion: Portion) -> list[bytes]:
        """The lines of a sample of forecasts: they belong to a series and a moment, and to no row."""
        import numpy as np

        own = [name for name in self.run.key if name != "data_until"]
        names = portion.table.select(own[:-1]).to_pylist()
        numbers = np.array([number_of(str(row)) % max(self.sampling.base, 1) + 1 for row in names], dtype=np.int64)
        chosen = np.flatnonzero(self.sampling.chosen(numbers))[: self.left]
        self._count(len(chosen))
        return list(table.forecasts(self._head(), portion.table.take(chosen), own))

    def _head(self) -> dict[str, Any]:
        return {"id": self.run.id, "at": time.time(), "source": "batch", "version": self.run.model.version}

    def _count(self, rows: int) -> None:
        if self.left is not None:
            self.left -= rows
