"""The inputs of raw rows, typed, and why a row is not what the contract promises.

`batch` puts such rows aside; `predict`, which answers row for row, refuses a cell that cannot be read and tells where
one is empty that must not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..contract.schema import Contract


def read(
    contract: Contract, given: Mapping[str, pd.Series] | pd.DataFrame
) -> tuple[dict[str, np.ndarray], dict[int, str], dict[int, str]]:
    """Return the typed inputs [n] by column; why rows cannot be read, and where they lack what must be there, each by
    the row's position from 0."""
    import numpy as np
    import pandas as pd

    from ..contract.typed import expectation, parse

    columns: dict[str, np.ndarray] = {}
    unreadable: dict[int, str] = {}
    lacking: dict[int, str] = {}
    for column in contract.inputs:
        cells = given[column.name]
        values, bad = parse(cells, column)
        columns[column.name] = values if isinstance(values, np.ndarray) else values.to_numpy()
        for row in np.flatnonzero(bad).tolist() if bad.any() else ():
            cell = cells.iloc[row]
            unreadable.setdefault(row, f"{column.name} holds {str(cell)[:60]!r}, expected {expectation(column, cell)}")
        if not column.nullable:
            empty = np.isnan(values) if columns[column.name].dtype.kind == "f" else pd.isna(columns[column.name])
            for row in np.flatnonzero(empty & ~bad).tolist() if empty.any() else ():
                lacking.setdefault(row, f"{column.name} is empty, and the contract allows no gap there")
    return columns, unreadable, lacking
