"""The newest history: how much of it came since the champion was trained, and how far back a training looks.

What is held out are the windows of the backtest (conf/split), which are the newest steps of each series as it is.
`logged` makes history of the truths that arrived. Frames are conformed rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from .inference import forecaster

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.store import Store
    from ..contract.schema import Contract
    from ..core.duration import Span


def fresh(store: Store, version: str, frame: pd.DataFrame, contract: Contract) -> int:
    """Return how many values came since `version` was trained: those later than all that it has learnt from."""
    import numpy as np

    from ..usecase.loading import load

    inference = forecaster(load(store.fetch(version), version=version))
    if not inference.panel.keys:
        return len(frame)
    newest = inference.frequency.times(inference.panel.end.max(keepdims=True))[0]
    known = ~np.isnan(frame[contract.target.name].to_numpy(dtype="float64"))
    return int((known & (_moments(frame, contract) > newest)).sum())


def window(frame: pd.DataFrame, contract: Contract, span: Span | None, key: str) -> pd.DataFrame:
    """Return the rows of the newest stretch of time, or the newest rows by their moment, in the order in which they
    stand. `key` names the setting."""
    import numpy as np

    if span is None:
        return frame
    moments = _moments(frame, contract)
    if span.seconds is not None:
        chosen = moments > np.nanmax(moments) - np.timedelta64(int(span.seconds * 1e9), "ns")
        return frame.iloc[np.flatnonzero(chosen)].reset_index(drop=True)
    count = min(span.rows, len(frame)) if span.rows is not None else int(np.ceil((span.share or 1) * len(frame)))
    order = np.argsort(moments, kind="stable")
    return frame.iloc[np.sort(order[len(order) - count :])].reset_index(drop=True)


def held_out(frame: pd.DataFrame, contract: Contract, span: Span | None, new: int, key: str) -> dict[str, Any]:
    """Nothing to change: the backtest holds the newest steps out. Raises InputError where something is asked for."""
    if span is not None:
        raise InputError(
            f"{key}: {span} is for rows; forecasts are compared in the newest windows of the backtest: leave it null "
            "and set split.windows or split.step"
        )
    return {}


def logged(
    features: Mapping[str, Sequence[Any]],
    keys: Sequence[Any],
    truths: Sequence[Any],
    moments: Sequence[float],
    contract: Contract,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return conformed rows of what series turned out to be, and which of the n logged forecasts they are of.

    A key is the cells that name the series, then the moment forecast, in UTC. A covariate that was not sent is missing.
    """
    import numpy as np
    import pandas as pd

    from ..contract.typed import conform, readable

    names = [*(column.name for column in contract.with_role("series")), contract.with_role("time")[0].name]
    good = np.array([isinstance(key, list) and len(key) == len(names) for key in keys], dtype=bool)
    cells = {name: pd.Series(list(values), dtype=object)[good] for name, values in features.items()}
    named = [key for key, fits in zip(keys, good, strict=True) if fits]
    ends = [*[""] * (len(names) - 1), "Z" if contract.with_role("time")[0].zone else ""]
    cells |= {
        name: pd.Series([f"{key[i]}{end}" if end else key[i] for key in named], dtype=object)
        for i, (name, end) in enumerate(zip(names, ends, strict=True))
    }
    cells[contract.target.name] = pd.Series(list(truths), dtype=object)[good]
    raw = pd.DataFrame({name: values.to_numpy(dtype=object) for name, values in cells.items()})
    whole = raw[contract.target.name].notna().to_numpy() & readable(raw, contract)
    good[good] = whole
    return conform(raw[whole], contract, lenient=True), good


def combined(source: pd.DataFrame, log: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return the rows of the source and then what the log adds to them; what the source knows, it knows better."""
    import pandas as pd

    names = [column.name for column in contract.with_role("series", "time")]
    both = pd.concat([source, log.reindex(columns=source.columns)], ignore_index=True)
    return both.drop_duplicates(names, keep="first", ignore_index=True)


def _moments(frame: pd.DataFrame, contract: Contract) -> np.ndarray:
    return frame[contract.with_role("time")[0].name].to_numpy(dtype="datetime64[ns]")
