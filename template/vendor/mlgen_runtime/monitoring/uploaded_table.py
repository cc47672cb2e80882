"""The rows of `monitor.current=`: read, given the types of the contract, and held against it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..contract.typed import conform, parse
from ..core.errors import InputError, nearest
from ..usecase import registry
from .measure import Measure, blank
from .service import FAILED

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..contract.schema import Contract
    from ..usecase.protocol import MonitoringView


@dataclass(frozen=True, eq=False)
class UploadedTable:
    """The rows as they came and as typed columns; how many break the contract, and by which columns, in words."""

    raw: pd.DataFrame
    typed: pd.DataFrame
    broken: int
    faults: str

    def violations(self, min_rows: int) -> Measure:
        """The share of rows that break the contract: a service would have refused them."""
        rows = len(self.typed)
        if rows < min_rows:
            return blank("violations", "", rows, min_rows)
        share = self.broken / rows
        message = f"{share:.2%} of {rows:,} rows break the contract{self.faults}"
        proven = self.broken >= FAILED
        return Measure(metric="violations", subject="", value=share, rows=rows, proven=proven, message=message)

    def beside(self, name: str, answers: pd.DataFrame) -> np.ndarray[Any, Any]:
        """A column of the rows as they came, beside answers. Raises InputError where there is none of that name."""
        import numpy as np

        if name not in self.raw.columns:
            raise InputError(
                f"monitor.current: the rows have no column {name!r}, which monitor.slices or monitor.value.amount names"
                f"{nearest(name, [str(column) for column in self.raw.columns])}"
            )
        return np.asarray(self.raw[name].to_numpy()[answers["row"].to_numpy()])


def read(config: RunConfig, path: str, model: Predictor) -> UploadedTable:
    """Read the rows of a file, a table or a query. Raises InputError naming what is missing."""
    view = registry.find(model.use_case).monitoring_view
    try:
        raw = registry.of(config).reading.read_rows(path, config.data, config.root)
    except InputError as error:
        raise InputError(f"monitor.current: {str(error).replace('data.path', 'monitor.current')}") from error
    wanted = list(view.required(model.contract))
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        names = [str(name) for name in raw.columns]
        have = nearest(missing[0], names) if len(missing) == 1 else f"; it has {', '.join(names)}"
        raise InputError(
            f"monitor.current: {path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}{have}; "
            f"version {model.version} needs {', '.join(wanted)}"
        )
    kept = tuple(column for column in model.contract.columns if column.name in raw.columns)
    narrowed = dataclasses.replace(model.contract, columns=kept)
    typed = conform(raw, narrowed, lenient=True)
    broken, faults = _broken(raw, typed, narrowed, view)
    return UploadedTable(raw, typed, broken, faults)


def _broken(raw: pd.DataFrame, typed: pd.DataFrame, contract: Contract, view: MonitoringView) -> tuple[int, str]:
    """How many rows hold a cell that cannot be read, or is empty where the contract allows none; and in which columns
    most of them."""
    import numpy as np

    rows = np.zeros(len(typed), dtype=bool)
    found: dict[str, int] = {}
    for column in contract.inputs:
        _, bad = parse(raw[column.name], column)
        if not column.nullable and column.name in view.watched(contract):
            bad = bad | typed[column.name].isna().to_numpy()
        if bad.any():
            found[column.name] = int(bad.sum())
            rows |= bad
    most = sorted(found, key=lambda name: (-found[name], name))[:3]
    return int(rows.sum()), f"; most often in {', '.join(f'{name} ({found[name]:,})' for name in most)}" if most else ""
