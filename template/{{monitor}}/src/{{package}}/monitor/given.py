"""Rows that were given to be looked at, `monitor.current=`: read, and given the types of the contract."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import live
from ..errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from ..config import RunConfig
    from ..contract.schema import Contract
    from ..predictor import Predictor


@dataclass(frozen=True, eq=False)
class Given:
    """The rows as they came and as typed columns; how many break the contract, and by which columns, in words."""

    raw: pd.DataFrame
    typed: pd.DataFrame
    broken: int
    faults: str


def read(config: RunConfig, path: str, model: Predictor) -> Given:
    """Read the rows of a file, a table or a query. Raises InputError naming what is missing."""
    from .. import contract, data

    try:
        raw = data.read_rows(path, config.data, config.root)
    except InputError as error:
        raise InputError(f"monitor.current: {str(error).replace('data.path', 'monitor.current')}") from error
    wanted = list(live.required(model.contract))
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
    typed = contract.conform(raw, narrowed, lenient=True)
    broken, faults = _broken(raw, typed, narrowed)
    return Given(raw, typed, broken, faults)


def _broken(raw: pd.DataFrame, typed: pd.DataFrame, contract: Contract) -> tuple[int, str]:
    """How many rows hold a cell that cannot be read, or is empty where the contract allows none; and in which columns
    most of them."""
    import numpy as np

    from ..contract.typed import parse

    rows = np.zeros(len(typed), dtype=bool)
    found: dict[str, int] = {}
    for column in contract.inputs:
        _, bad = parse(raw[column.name], column)
        if not column.nullable and column.name in live.watched(contract):
            bad = bad | typed[column.name].isna().to_numpy()
        if bad.any():
            found[column.name] = int(bad.sum())
            rows |= bad
    most = sorted(found, key=lambda name: (-found[name], name))[:3]
    return int(rows.sum()), f"; most often in {', '.join(f'{name} ({found[name]:,})' for name in most)}" if most else ""
