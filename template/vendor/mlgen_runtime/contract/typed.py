"""From raw rows to the typed columns that the contract promises, and from labels to codes.

Numbers, integers and booleans become float64 (NaN is missing), dates datetime64[ns] in UTC without a zone, everything
else an object column of str or None. Applied to its own result it changes nothing, but for moments of a zone: a table's
own moments without one are local time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core import moments
from ..core.cells import shown
from ..core.errors import InputError
from . import columns as raw
from .features import used
from .schema import Column, Contract


def conform(frame: pd.DataFrame, contract: Contract, *, lenient: bool = False) -> pd.DataFrame:
    """Return the contract's columns (all but the ignored ones that no feature is derived from) that `frame` has, typed,
    in the contract's order.

    Infinite numbers become missing. Raises InputError for an input column that is not there, and for a cell that cannot
    be read, naming the column, the value and the row; `lenient` passes over both (such a cell is missing then).
    """
    missing = [column.name for column in contract.inputs if column.name not in frame.columns]
    if missing and not lenient:
        raise InputError(
            f"the rows lack {', '.join(map(repr, missing))}, which the contract names as input; "
            " add them, or change the contract"
        )
    kept = [column for column in used(contract) if column.name in frame.columns]
    values = {}
    for column in kept:
        read, bad = parse(frame[column.name], column)
        if bad.any() and not lenient:
            row = int(np.flatnonzero(bad)[0])
            cell = frame[column.name].iloc[row]
            raise InputError(
                f"column {column.name!r} holds {shown(cell)} in row {row + 1}, expected {expectation(column, cell)}; "
                "mend the source, or change the column's type in the contract"
            )
        lent = isinstance(read, np.ndarray) and not read.flags.writeable  # the caller's own memory, by way of pandas
        values[column.name] = read.copy() if lent else read
    return pd.DataFrame(values, index=pd.RangeIndex(len(frame)), copy=False)


def readable(frame: pd.DataFrame, contract: Contract) -> npt.NDArray[np.bool_]:
    """Return which raw rows [n] hold nothing but cells that can be read; a column that is not there is passed over."""
    good = np.ones(len(frame), dtype=bool)
    for column in contract.columns:
        if column.name in frame:
            good &= ~parse(frame[column.name], column)[1]
    return good


def parse(series: pd.Series, column: Column) -> tuple[Any, npt.NDArray[np.bool_]]:
    """Read one raw column as the contract says: its typed values [n] and the cells [n] that could not be read.

    Text comes back as a pandas Series, so that pandas keeps it as object instead of guessing a type. Values that need
    no change are those of the series, not to be written to.
    """
    if column.is_number:
        words = column.missing or ()
        found = raw.booleans(series, words) if column.type == "boolean" else raw.numbers(series, column.writing)
        return _finite(found.values), found.bad
    if column.type == "datetime":
        read = raw.moments(series, column.format, column.zone, column.missing or ())
        return read.values, read.bad
    cells = raw.texts(series, column.levels)
    return pd.Series(cells.values(), dtype=object), np.broadcast_to(cells.bad, len(series))


def _finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The values with infinite ones made missing. Most columns have none, and their bounds say so."""
    if len(values) and (np.fmin.reduce(values) == -np.inf or np.fmax.reduce(values) == np.inf):
        return np.where(np.isinf(values), np.nan, values)
    return values


def expectation(column: Column, cell: Any = None) -> str:
    """What a cell of this column should look like, in words; of a date also what is wrong with one that was refused."""
    if column.type == "datetime":
        expected, why = moments.expected(column.format, column.zone), moments.fault(cell, column.format, column.zone)
        return f"{expected} (it is {why})" if why else expected
    return {
        "number": "a number",
        "integer": "a whole number",
        "boolean": "true or false",
        "category": f"one of {', '.join(column.categories[:8])}" if column.categories else "a text",
        "text": "a text",
    }[column.type]


def truth(frame: pd.DataFrame, contract: Contract) -> npt.NDArray[Any]:
    """The target of a conformed frame: int64 codes [n] into `contract.labels`, or float64 values [n] of an amount.

    Raises InputError for a missing target and for a label that the contract does not know.
    """
    target = contract.target
    if target.name not in frame.columns:
        raise InputError(f"the rows lack the target column {target.name!r}; add it, or use a file that has it")
    cells = frame[target.name]
    if contract.is_amount:
        values = cells.to_numpy(dtype=np.float64)
        _refuse(np.isnan(values), target, cells, "a number")
        return values
    codes = label_codes(cells, contract)
    _refuse(codes < 0, target, cells, f"one of {', '.join(contract.labels)}")
    return codes


def label_codes(cells: pd.Series, contract: Contract) -> npt.NDArray[np.int64]:
    """Codes [n] of a target column into `contract.labels`; -1 where it is missing or unknown."""
    labels = contract.labels
    if contract.target.type == "boolean":
        codes = raw.booleans(cells, contract.target.missing or ()).values
        positive = [label.casefold() in ("true", "1") for label in labels].index(True)
        return np.where(np.isnan(codes), -1, np.where(codes == 1, positive, 1 - positive)).astype(np.int64)
    found = raw.texts(cells, contract.target.levels)
    if contract.target.type == "integer":  # "3.0" and "03" are the label 3
        values = raw.numbers(cells, contract.target.writing).values
        known = pd.Index([float(label) for label in labels])
        return known.get_indexer(pd.Index(values)).astype(np.int64)
    position = {label: code for code, label in enumerate(labels)}
    table = np.array([*(position.get(level, -1) for level in found.levels), -1], dtype=np.int64)
    return table[found.codes]


def _refuse(wrong: npt.NDArray[np.bool_], target: Column, cells: pd.Series, expected: str) -> None:
    """Raise InputError for the first cell of the target that is no truth."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        held = "nothing" if pd.isna(cells.iloc[row]) else shown(cells.iloc[row])
        raise InputError(
            f"the target {target.name!r} holds {held} in row {row + 1} ({int(wrong.sum())} such rows), expected "
            f"{expected}; remove those rows, or change the contract"
        )
