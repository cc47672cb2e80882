"""The newest rows: which of them came since the champion was trained, which train, and which are held out.

Newest is by the column with the role time; where there is none, a file's last rows are its newest. `logged` makes rows
of what was asked and turned out to be true. Frames are conformed rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..core.errors import InputError
from . import row_hashes

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.store import Store
    from ..contract.schema import Contract
    from ..core.duration import Span

#: Rows that a comparison should rest on where a share of the new ones would be fewer.
LEAST = 200


def fresh(store: Store, version: str, frame: pd.DataFrame, contract: Contract) -> int:
    """Return how many rows came since `version` was trained: those it was neither trained nor judged on."""
    unseen = int(row_hashes.unseen(store, version, frame, contract).sum())
    if row_hashes.has_answers(store, version):  # it was judged by rows that it was trained on afterwards
        return unseen
    judged = bundle.read_json(store.fetch(version), "metrics.json").get("rows") or 0
    return max(0, unseen - int(judged))


def window(frame: pd.DataFrame, contract: Contract, span: Span | None, key: str) -> pd.DataFrame:
    """Return the newest rows, in the order in which they stand. `key` names the setting; raises InputError for a
    stretch of time where no column tells the time."""
    import numpy as np

    if span is None:
        return frame
    chosen = np.sort(_newest(frame, contract, _count(frame, contract, span, key)))
    return frame.iloc[chosen].reset_index(drop=True)


def held_out(frame: pd.DataFrame, contract: Contract, span: Span | None, new: int, key: str) -> dict[str, Any]:
    """Return the settings of conf/split that hold the newest rows out; empty where `span` is None.

    A share is one of the rows that came since the champion was trained, for what is new is to be learnt from, too; it
    is of all rows where none did.
    """
    if span is None:
        return {}
    rows = _count(frame, contract, span, key)
    if span.share is not None and 0 < new < len(frame):
        rows = max(math.ceil(span.share * new), min(LEAST, new))
    rows = max(1, min(rows, len(frame) // 2))
    return {"method": "newest", "folds": 1, "test_size": rows / max(1, len(frame))}


def logged(
    features: Mapping[str, Sequence[Any]],
    keys: Sequence[Any],
    truths: Sequence[Any],
    moments: Sequence[float],
    contract: Contract,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return conformed rows of logged cells (name to values [n]) with their truth, and which of the n can be read.

    A time column that was not sent holds the moment (seconds since 1970) of the prediction.
    """
    import numpy as np
    import pandas as pd

    from ..contract.typed import conform, readable

    cells = {name: pd.Series(list(values), dtype=object) for name, values in features.items()}
    for column in contract.with_role("time"):
        if cells[column.name].isna().all():
            at = (np.asarray(moments, dtype="float64") * 1e6).astype("int64")
            stamps = pd.Series(at.astype("datetime64[us]").astype("datetime64[ns]"))
            cells[column.name] = stamps if column.zone is None else stamps.dt.tz_localize("UTC")
    raw = pd.DataFrame({**cells, contract.target.name: pd.Series(list(truths), dtype=object)})
    good = raw[contract.target.name].notna().to_numpy() & readable(raw, contract)
    return conform(raw[good], contract, lenient=True), good


def combined(source: pd.DataFrame, log: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return the rows of the source and then those of the log."""
    import pandas as pd

    return pd.concat([source, log.reindex(columns=source.columns)], ignore_index=True)


def _times(contract: Contract) -> list[str]:
    return [column.name for column in contract.with_role("time")]


def _count(frame: pd.DataFrame, contract: Contract, span: Span, key: str) -> int:
    """How many rows a span has."""
    import numpy as np

    if span.share is not None:
        return math.ceil(span.share * len(frame))
    if span.rows is not None:
        return min(span.rows, len(frame))
    moments = _moments(frame, contract)
    if moments is None:
        raise InputError(
            f"{key}: {span} are meant, and no column of the contract has the role time; give a number of rows"
        )
    start = moments.max() - np.timedelta64(int((span.seconds or 0) * 1e9), "ns")
    return int((moments > start).sum())


def _newest(frame: pd.DataFrame, contract: Contract, count: int) -> np.ndarray:
    """The positions of the newest rows; a row without a time is older than any other."""
    import numpy as np

    moments = _moments(frame, contract)
    order = np.arange(len(frame)) if moments is None else np.argsort(moments, kind="stable")
    return order[len(order) - count :]


def _moments(frame: pd.DataFrame, contract: Contract) -> np.ndarray | None:
    """The moments [n], those that are missing before all others; None where no column tells the time."""
    import numpy as np

    names = _times(contract)
    if len(names) != 1 or names[0] not in frame:
        return None
    found = frame[names[0]].to_numpy(dtype="datetime64[ns]")
    return None if np.isnat(found).all() else np.where(np.isnat(found), found[~np.isnat(found)].min(), found)
