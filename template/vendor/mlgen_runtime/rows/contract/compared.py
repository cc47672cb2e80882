"""What checks that compare rows and columns work on: keys of rows, columns and target as the leakage tests see them.

Ask for `keys` and `leaking` through `View.once`, so that several checks share one answer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...contract import leakage
from ...contract.columns import numbers
from ...contract.profile import Seen
from ...contract.schema import Column
from ...contract.view import View


def keys(view: View) -> npt.NDArray[np.uint64]:
    """A hash [n] of each row's inputs and target: equal rows have equal keys."""
    names = [column.name for column in view.columns if column.role in ("feature", "time", "target")]
    hashed = pd.util.hash_pandas_object(view.typed[names], index=False)
    return np.asarray(hashed, dtype=np.uint64)


def seen(view: View, column: Column, rows: npt.NDArray[np.int64]) -> Seen:
    """A column at some rows."""
    cells = view.typed[column.name].iloc[rows]
    if column.is_number:
        return Seen(column.name, cells.to_numpy())
    if column.type == "datetime":
        return Seen(column.name, np.where(cells.isna(), np.nan, cells.to_numpy().astype(np.int64).astype(float)))
    return Seen(column.name, None, pd.factorize(cells)[0].astype(np.int64))


def truth(view: View, rows: npt.NDArray[np.int64]) -> Seen:
    """The target at some rows: codes, and numbers too where it has them."""
    assert view.target is not None
    column = view.contract.target
    amounts = numbers(view.target, column.writing).values[rows] if column.type in ("number", "integer") else None
    return Seen(column.name, amounts, None if view.labels is None else view.labels[rows])


def leaking(view: View) -> dict[str, str]:
    """The reason for each input that gives the target away exactly."""
    if view.target is None:
        return {}
    whole = np.arange(view.rows)
    suspects = [seen(view, column, whole) for column in view.inputs if column.type != "datetime"]
    return leakage.leaks(truth(view, whole), suspects)
