"""Which rows a model was trained on, and what it said of them before, so that no champion is judged on rows it knows.

Another seed, another test size or newer data move the line between training and test rows. A champion scored on rows
it learnt from looks better than it is, and no candidate would ever replace it. So each version leaves a mark of every
row it was trained on beside its bundle (`bundles/7.rows`: sorted little-endian 64-bit hashes, 8 bytes a row). One that
was fitted on all rows leaves the answers of the fits that judged it, too (`bundles/7.answers`: hashes, then scores):
a champion and a candidate are then compared on answers that neither gave to a row it had learnt from, whatever their
seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Known:
    """What a version knows of n rows: `fair` [n], those that it may be judged by, `kept` [n], those of them for which
    `answers` [n, k] are there from fits that had not seen them; the others it answers itself."""

    fair: np.ndarray
    kept: np.ndarray
    answers: np.ndarray


def record_answers(store: Store, version: str, frame: pd.DataFrame, contract: Contract, scores: np.ndarray) -> None:
    """Keep what was answered [n] or [n, k] to conformed rows by fits that had not seen them."""
    import numpy as np

    found, first = np.unique(marks(frame, contract), return_index=True)
    table = np.asarray(scores, dtype="<f8").reshape(len(scores), -1)[first]
    content = found.astype("<u8").tobytes() + table.tobytes()
    store.replace(f"{version}.answers", content)


def has_answers(store: Store, version: str) -> bool:
    """Whether `version` was judged by answers of other fits, and is itself fitted on all rows."""
    return store.read(f"{version}.answers") is not None


def known(store: Store, version: str, frame: pd.DataFrame, contract: Contract) -> Known:
    """Return what `version` knows of conformed rows [n]."""
    import numpy as np

    here, fair = marks(frame, contract), unseen(store, version, frame, contract)
    width = len(contract.labels) or 1
    none = np.zeros(len(here), dtype=bool), np.full((len(here), width), np.nan)
    content = store.read(f"{version}.answers")
    if content is None:
        return Known(fair, *none)
    count = len(content) // (8 * (1 + width))
    hashes = np.frombuffer(content[: 8 * count], dtype="<u8")
    if len(content) != 8 * count * (1 + width) or not count:
        return Known(fair, *none)  # of a contract with other labels
    table = np.frombuffer(content[8 * count :], dtype="<f8").reshape(count, width)
    at = np.minimum(np.searchsorted(hashes, here), count - 1)
    kept = hashes[at] == here
    return Known(fair | kept, kept, np.where(kept[:, None], table[at], np.nan))


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

    names = [column.name for column in (*contract.with_role(*contract.vocabulary.input_roles), contract.target)]
    return hash_pandas_object(frame[names], index=False).to_numpy()


def _name(version: str) -> str:
    return f"{version}.rows"
