"""Rows placed on the grid of their contract: which series and which step each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...contract.forecast import Forecast
from ...contract.schema import Contract
from ...contract.view import View
from ..frequency import Frequency
from ..panel import Key

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Stamped:
    """Rows by series and step. `codes` [n] point into `keys`; `ordinals` [n] count steps, 0 where there is no moment.

    `timed` and `fits` [n] tell which rows have a moment, and which of those lie on the grid.
    """

    frequency: Frequency
    keys: tuple[Key, ...]
    codes: Array
    ordinals: Array
    timed: Array
    fits: Array

    def label(self, code: int) -> str:
        """A series for people."""
        return " / ".join(self.keys[code]) or "the series"


def forecast(contract: Contract) -> Forecast:
    """What is forecast; raises InputError for a contract that does not say it, or that lacks its time."""
    Frequency.of(contract)
    assert contract.forecast is not None
    return contract.forecast


def place(frame: pd.DataFrame, contract: Contract) -> Stamped:
    """Place conformed rows. Keys are sorted, so that the order of the rows means nothing."""
    frequency = Frequency.of(contract)
    names = [column.name for column in contract.with_role("series")]
    times = frame[contract.with_role("time")[0].name].to_numpy(dtype="M8[ns]")
    timed = ~np.isnat(times)
    ordinals, fits = frequency.ordinals(np.where(timed, times, np.datetime64(0, "ns")))
    if not names:
        return Stamped(frequency, ((),), np.zeros(len(frame), dtype=np.int64), ordinals * timed, timed, fits & timed)
    cells = frame[names].fillna("").astype(str)
    codes = cells.groupby(names, sort=True).ngroup().to_numpy().astype(np.int64)
    first = np.unique(codes, return_index=True)[1]
    keys = tuple(tuple(row) for row in cells.iloc[first].to_numpy().tolist())
    return Stamped(frequency, keys, codes, ordinals * timed, timed, fits & timed)


def stamps(view: View) -> Stamped:
    """The rows of a check, placed; ask for it through `View.once`."""
    return place(view.typed, view.contract)
