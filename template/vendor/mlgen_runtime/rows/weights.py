"""The column with the role weight: how much each row counts in fits, in what stops them, and in intervals.

Weights are relative: all that matters is that a row of weight 2 counts as two rows of weight 1. In the figures of a
report every test row counts once, as an answer in production does; `weighted` adds the deciding one by weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..contract.schema import Contract


def column(frame: pd.DataFrame, contract: Contract) -> np.ndarray | None:
    """The weights [n] of conformed rows, None where the contract names no such column."""
    found = contract.with_role("weight")
    return frame[found[0].name].to_numpy() if found and found[0].name in frame else None


def check(frame: pd.DataFrame, contract: Contract) -> None:
    """Raise InputError where a weight is no number of 0 or more, where all are 0, or where two columns are weights."""
    import numpy as np

    found = contract.with_role("weight")
    if len(found) > 1:
        names = ", ".join(entry.name for entry in found)
        raise InputError(f"contract: {names} have the role weight, expected one column; edit the contract")
    given = column(frame, contract)
    if given is None:
        return
    name = repr(found[0].name)
    if not found[0].is_number:
        raise InputError(
            f"contract: {name} has the role weight and the type {found[0].type}; expected number or integer"
        )
    wrong = np.flatnonzero(~(given >= 0))
    if wrong.size:
        row = int(wrong[0])
        held = "is empty" if np.isnan(given[row]) else f"is {given[row]:g}"
        others = f" (and in {wrong.size - 1:,} more)" if wrong.size > 1 else ""
        raise InputError(
            f"the weight {name} {held} in row {row + 1}{others}, expected 0 or more; mend the rows, or give the column "
            "the role ignore"
        )
    if not given.any():
        raise InputError(f"the weight {name} is 0 in every row, so that none counts; give it the role ignore")
