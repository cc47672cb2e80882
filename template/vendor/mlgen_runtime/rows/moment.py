"""Which moment `now` is in an expression of a derived feature, so that the same rows always give the same model.

In training, and wherever rows of a known past are judged, it is the latest moment in those rows: of the time column
where the contract has one, else of all dates that features with now are derived from. That is when the rows were put
together, as far as they tell. Where a prediction is asked for, it is that moment, by the clock, in UTC; rows that are
scored in bulk share the moment in which that begins.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from ..contract.schema import Contract


#: Microseconds.
MINUTE = 60_000_000


def clock() -> int:
    """Now in microseconds since 1970 (UTC), cut to the minute: whoever answers within it answers alike."""
    return time.time_ns() // 1000 // MINUTE * MINUTE


def asked(contract: Contract) -> bool:
    """Whether a feature asks for now."""
    return any(feature.asks_now for feature in contract.features)


def of(frame: pd.DataFrame, contract: Contract) -> int:
    """The moment of conformed rows in microseconds since 1970 (UTC); 0 where none is asked for, or there is no date."""
    import numpy as np

    if not asked(contract):
        return 0
    sources = {name for feature in contract.features if feature.asks_now for name in feature.columns}
    dates = [column.name for column in contract.columns if column.type == "datetime" and column.name in frame]
    timed = [column.name for column in contract.with_role("time") if column.name in dates]
    latest = [frame[name].max() for name in timed or [name for name in dates if name in sources]]
    found = [np.datetime64(moment, "us").astype(np.int64) for moment in latest if moment == moment]
    return int(max(found, default=0))


def option(frame: pd.DataFrame | None, contract: Contract) -> dict[str, int]:
    """What `predict` takes where a feature asks for now: the moment of rows of a known past, the clock's without."""
    if not asked(contract):
        return {}
    return {"now": clock() if frame is None else of(frame, contract)}
