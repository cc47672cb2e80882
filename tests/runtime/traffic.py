"""A log of predictions as a service would have filled it, from the sample's rows: what tests of monitoring look at.

traffic = Traffic(trained)
rows = traffic.rows(400, seed=1)
traffic.answered(rows, hour=0)      # predicted by the champion, spread over the first hour
seen = traffic.look(hour=1)         # a run of `monitor`
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from mlgen_runtime import contract
from mlgen_runtime.cli import monitor
from mlgen_runtime.cli.monitor import Monitored
from mlgen_runtime.config.run import RunConfig, from_raw
from mlgen_runtime.monitoring.settings import written
from mlgen_runtime.prediction_log.database import Database, open_database
from mlgen_runtime.rows import evaluation as evaluate
from mlgen_runtime.rows import reading as data
from mlgen_runtime.usecase import loading
from mlgen_runtime.usecase.configuration import load

HOUR = 3600.0
QUICK = ("monitor.track=false", "monitor.detail_rows=0", "monitor.window=1h", "monitor.min_rows=100")


class Traffic:
    """The traffic of a trained project; hours count from `start`, which is some days ago: nothing is too old."""

    def __init__(self, root: Path, url: str = "sqlite:///logs/predictions.db") -> None:
        self.root, self.url = root, url
        self.config = load([], root)
        self.model = loading.load_champion(self.config)
        self.start = (time.time() // HOUR - 100) * HOUR
        self.target = self.model.contract.target.name
        self._frame = data.read(self.config.data, root)

    def rows(self, count: int, seed: int) -> pd.DataFrame:
        """Rows of the sample, as they came, with the truth."""
        return self._frame.sample(count, random_state=seed, replace=True, ignore_index=True)

    def open(self) -> Database:
        """The log's database."""
        return open_database(self.url, self.root)

    def answered(
        self,
        rows: pd.DataFrame,
        hour: float,
        *,
        name: str = "r",
        version: str | None = None,
        source: str = "rest",
        ms: float = 2.0,
        keys: Sequence[str] | None = None,
        outputs: dict[str, np.ndarray] | None = None,
    ) -> list[str]:
        """Log the rows as answered within an hour; return the subjects of their outcomes."""
        typed = contract.conform(rows, self.model.contract, lenient=True)
        found = self.model.predict(evaluate.rows(typed, self.model.contract)) if outputs is None else outputs
        names = [column.name for column in self.model.contract.inputs]
        records = [
            {name: _plain(cell) for name, cell in zip(names, cells, strict=True)}
            for cells in zip(*(typed[name] for name in names), strict=True)
        ]
        draw = np.random.default_rng(len(rows))
        with self.open() as database, database.transaction():
            database.many(
                "INSERT INTO prediction_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        f"{name}{hour}-{at}",
                        0,
                        source,
                        self.start + (hour + at / len(rows)) * HOUR,
                        version or self.model.version,
                        ms * float(draw.lognormal(0, 0.1)),
                        None if keys is None else keys[at],
                        json.dumps(record),
                        json.dumps(_plain(found["prediction"][at])),
                        json.dumps({name: _plain(found[name][at]) for name in found if name != "prediction"}),
                    )
                    for at, record in enumerate(records)
                ),
            )
        return [f"{name}{hour}-{at}/0" for at in range(len(rows))]

    def known(self, subjects: Sequence[str], truths: Sequence[Any], hour: float) -> None:
        """Log the truths as told at an hour."""
        at = self.start + hour * HOUR
        entries = [(name, at, json.dumps(_plain(truth)), "test") for name, truth in zip(subjects, truths, strict=True)]
        with self.open() as database, database.transaction():
            database.many("INSERT INTO outcome_log VALUES (?, ?, ?, ?)", entries)

    def refused(self, count: int, status: int, hour: float, field: str = "age") -> None:
        """Log refusals."""
        faults = json.dumps([{"loc": ["body", "records", 0, field], "msg": "expected a number"}])
        with self.open() as database, database.transaction():
            database.many(
                "INSERT INTO refusal_log VALUES (?, ?, '/predict', ?, 0.2, '1', ?)",
                ((f"{status}-{hour}-{at}", self.start + hour * HOUR + at, status, faults) for at in range(count)),
            )

    def until(self, hour: float) -> str:
        """The setting that ends the newest window at an hour."""
        return f"monitor.until='{written(self.start + hour * HOUR).removesuffix('Z')}'"

    def look(self, *changed: str, hour: float | None = None) -> Monitored:
        """Run `monitor`."""
        ends = [] if hour is None else [self.until(hour)]
        return monitor.evaluate(self.set(*QUICK, f"log.database={self.url}", *ends, *changed))

    def set(self, *changed: str) -> RunConfig:
        """The configuration with overrides: Hydra's would take longer than all the rest."""
        raw = copy.deepcopy(self.config.raw)
        for change in changed:
            name, _, value = change.partition("=")
            *groups, last = name.split(".")
            place = raw
            for group in groups:
                place = place[group]
            place[last] = yaml.safe_load(value)
        return from_raw(self.config.schema, raw, self.root, lambda key: "conf/")


def truths(traffic: Traffic, rows: pd.DataFrame) -> list[Any]:
    """The target of rows as the log has it."""
    found = traffic.model.contract
    if found.labels:
        return [found.label_values[code] for code in contract.truth(contract.conform(rows, found), found)]
    return contract.truth(contract.conform(rows, found), found).tolist()


def _plain(cell: Any) -> Any:
    """A cell as JSON has it."""
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, np.floating):
        return None if np.isnan(cell) else float(cell)
    if isinstance(cell, np.generic):
        return cell.item()
    return str(cell) if isinstance(cell, pd.Timestamp) else cell
