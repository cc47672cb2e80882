"""The folds of cross-validation: every row is held out once, by the rules of the split.

Random and stratified folds are dealt like cards, in an order that the seed shuffles; whole groups go to the fold that
has the fewest rows. Folds by time go forward (as scikit-learn's `TimeSeriesSplit`): each is judged by what was there
before it, so the earliest rows judge nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from ..contract.typed import label_codes
from ..core.errors import InputError
from .holdout import Positions, only

if TYPE_CHECKING:
    import pandas as pd

    from ..contract.schema import Contract

#: Pairs of positions (learn, held), and what the reader should know.
Drawn = tuple[list[tuple[Positions, Positions]], tuple[str, ...]]


def random(frame: pd.DataFrame, contract: Contract, count: int, seed: int) -> Drawn:
    """Any row may be in any fold."""
    return _parts(_dealt(np.random.RandomState(seed).permutation(len(frame)), count), count), ()


def stratified(frame: pd.DataFrame, contract: Contract, count: int, seed: int) -> Drawn:
    """Each class has an equal share of every fold, as near as whole rows allow."""
    codes = label_codes(frame[contract.target.name], contract)
    order = np.random.RandomState(seed).permutation(len(frame))
    order = order[np.argsort(codes[order], kind="stable")]
    present, rows = np.unique(codes, return_counts=True)
    alone = [contract.labels[code] for code, there in zip(present, rows, strict=True) if there == 1 and code >= 0]
    notes = (f"class {alone[0]!r} has one row, which is judged by a model that never met it",) if alone else ()
    return _parts(_dealt(order, count), count), notes


def grouped(frame: pd.DataFrame, contract: Contract, count: int, seed: int) -> Drawn:
    """Rows of one group are in one fold; the largest groups are dealt first."""
    import pandas as pd

    name = only(contract, "group", "split=group")
    codes, groups = pd.factorize(frame[name])
    alone = codes < 0  # rows without a group are a group each
    codes = np.where(alone, len(groups) + np.cumsum(alone) - 1, codes)
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise InputError(f"split=group: all rows have the same {name!r}; use split=random")
    count = min(count, len(sizes))
    order = np.random.RandomState(seed).permutation(len(sizes))
    fold_of, filled = np.empty(len(sizes), dtype=np.int64), np.zeros(count, dtype=np.int64)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of[group] = int(np.argmin(filled))
        filled[fold_of[group]] += sizes[group]
    note = (
        f"{len(sizes)} values of {name} are dealt whole into {count} folds of {filled.min():,} to {filled.max():,} rows"
    )
    return _parts(fold_of[codes], count), (note,)


def by_time(frame: pd.DataFrame, contract: Contract, count: int, seed: int) -> Drawn:
    """Later rows judge what earlier ones taught. Rows of one moment stay together; those without a time only teach."""
    name = only(contract, "time", "split=time")
    moments = frame[name].to_numpy(dtype="datetime64[ns]")
    undated, known = np.flatnonzero(np.isnat(moments)), np.flatnonzero(~np.isnat(moments))
    distinct = np.unique(moments[known])
    if len(distinct) < 2:
        what = f"all rows have the same {name!r}" if len(distinct) else f"the column {name!r} holds no date"
        raise InputError(f"split=time: {what}; use split=random")
    ordered = known[np.argsort(moments[known], kind="stable")]
    cuts = [round(number * len(ordered) / (count + 1)) for number in range(1, count + 1)]
    starts = np.unique([moments[ordered[min(cut, len(ordered) - 1)]] for cut in cuts])
    starts = starts[starts > distinct[0]]
    if not len(starts):
        starts = distinct[1:2]
    parts = []
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        held = ordered[(moments[ordered] >= start) & (True if end is None else moments[ordered] < end)]
        parts.append((np.concatenate([undated, ordered[moments[ordered] < start]]), held))
    first = np.datetime_as_string(starts[0], unit="s")
    notes = [f"rows from {first} on are judged, in {len(parts)} steps, by models of what was there before them"]
    if len(undated):
        notes.append(
            f"1 row without {name} trains" if len(undated) == 1 else f"{len(undated)} rows without {name} train"
        )
    return parts, tuple(notes)


def newest(frame: pd.DataFrame, contract: Contract, count: int, seed: int) -> Drawn:
    """As `by_time`; where no column tells the time, the later rows of the file are the newer ones."""
    if contract.with_role("time"):
        return by_time(frame, contract, count, seed)
    cuts = [round(number * len(frame) / (count + 1)) for number in range(1, count + 2)]
    pairs = itertools.pairwise(cuts)
    parts = [(np.arange(start), np.arange(start, end)) for start, end in pairs if end > start > 0]
    return parts, (f"rows from {cuts[0] + 1:,} of the file on are judged, in {len(parts)} steps",)


def _dealt(order: Positions, count: int) -> Positions:
    """The fold of each row: dealt out in this order."""
    fold = np.empty(len(order), dtype=np.int64)
    fold[order] = np.arange(len(order)) % count
    return fold


def _parts(fold: Positions, count: int) -> list[tuple[Positions, Positions]]:
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(count)]
