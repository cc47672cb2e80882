"""Which rows a model was trained on, so that a champion is never judged on rows it knows.

Another seed, another test size or newer data move the line between training and test rows. A champion scored on rows
it learnt from looks better than it is, and no candidate would ever replace it. So each version leaves a mark of every
row it was trained on beside its bundle (`bundles/7.rows`: sorted little-endian 64-bit hashes, 8 bytes a row), and the
gate compares on the test rows without one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.store import Store
    from ..contract.schema import Contract

#: Test rows that a fair comparison needs at least; below it the interval says nothing.
ENOUGH = 50


def record(store: Store, version: str, frame: pd.DataFrame, contract: Contract) -> None:
    """Keep the marks of the rows that `version` was trained on; `frame` holds them conformed."""
    import numpy as np

    store.replace(_name(version), np.unique(marks(frame, contract)).astype("<u8").tobytes())


def unseen(store: Store, version: str, frame: pd.DataFrame, contract: Contract) -> np.ndarray:
    """Return [n] booleans: which conformed rows `version` was not trained on; all where it left no marks."""
    import numpy as np

    kept = store.read(_name(version))
    if kept is None:
        return np.ones(len(frame), dtype=bool)
    return ~np.isin(marks(frame, contract), np.frombuffer(kept, dtype="<u8"))


def marks(frame: pd.DataFrame, contract: Contract) -> np.ndarray:
    """Return [n] 64-bit hashes of the inputs and the target of each row, the same on any machine."""
    from pandas.util import hash_pandas_object

    names = [column.name for column in (*contract.inputs, contract.target)]
    return hash_pandas_object(frame[names], index=False).to_numpy()


def _name(version: str) -> str:
    return f"{version}.rows"
