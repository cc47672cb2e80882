"""One part of the rows held out: at random, stratified, by groups, by time, or the newest.

Random and stratified parts are those of scikit-learn's `train_test_split`, row for row, so that scores compare with
anybody's; they are drawn here, from numpy's frozen `RandomState`, so that no later release of a library moves a row.

    draw("stratified", frame, contract, 0.2, seed=42).held  →  array([4372, 1890, …])
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..contract.schema import Contract
from ..contract.typed import label_codes
from ..core.errors import InputError

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Holdout:
    """Row positions of both sides, how they were drawn, and what the reader should know about it."""

    learn: Positions
    held: Positions
    method: str
    notes: tuple[str, ...] = ()


def draw(method: str, frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    """Draw one part of conformed rows. Raises InputError for a method whose column the contract lacks, and where a
    side would be empty."""
    rows = len(frame)
    if not 0 < _tests(rows, test_size) < rows:
        raise InputError(f"there are {rows} rows, too few to hold out a share of {test_size:g}; add rows")
    drawn = _WAYS[method](frame, contract, test_size, seed)
    if not len(drawn.learn) or not len(drawn.held):
        raise InputError(f"split={method} leaves a side without rows; choose another split or split.test_size")
    return drawn


def _random(frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    tests = _tests(len(frame), test_size)
    order = np.random.RandomState(seed).permutation(len(frame))
    return Holdout(order[tests:], order[:tests], "random")


def _stratified(frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    """Stratified by label; without strata where a class has a single row, or there are more classes than test rows."""
    codes = label_codes(frame[contract.target.name], contract)
    present, strata, counts = np.unique(codes, return_inverse=True, return_counts=True)
    tests = _tests(len(frame), test_size)
    lonely = [contract.labels[code] for code, count in zip(present, counts, strict=True) if count < 2 and code >= 0]
    if lonely or len(present) > min(tests, len(frame) - tests):
        why = (
            f"class {lonely[0]!r} has one row" if lonely else f"{len(present)} classes do not fit in {tests} test rows"
        )
        return dataclasses.replace(_random(frame, contract, test_size, seed), notes=(f"not stratified: {why}",))
    random = np.random.RandomState(seed)
    to_train = _apportion(counts, len(frame) - tests, random)
    to_test = _apportion(counts - to_train, tests, random)
    rows = np.split(np.argsort(strata, kind="stable"), np.cumsum(counts)[:-1])
    shuffled = [rows[i][random.permutation(counts[i])] for i in range(len(counts))]
    train = np.concatenate([part[:n] for part, n in zip(shuffled, to_train, strict=True)])
    test = np.concatenate([part[n : n + m] for part, n, m in zip(shuffled, to_train, to_test, strict=True)])
    return Holdout(random.permutation(train), random.permutation(test), "stratified")


def _tests(rows: int, test_size: float) -> int:
    """How many rows are held out; scikit-learn rounds up."""
    return int(np.ceil(rows * test_size))


def _apportion(counts: Positions, draws: int, random: np.random.RandomState) -> Positions:
    """Share `draws` out over classes [k] in proportion to `counts`; the largest remainders get the rest, ties by lot.

    Source: the mode of the multivariate hypergeometric distribution as in scikit-learn's `StratifiedShuffleSplit`.
    """
    exact = counts / counts.sum() * draws
    shares: Positions = np.floor(exact).astype(np.int64)
    left = int(draws - shares.sum())
    remainders = exact - shares
    for remainder in np.sort(np.unique(remainders))[::-1]:
        if left <= 0:
            break
        tied = np.flatnonzero(remainders == remainder)
        chosen = random.choice(tied, size=min(len(tied), left), replace=False)
        shares[chosen] += 1
        left -= len(chosen)
    return shares


def _grouped(frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    """Groups in random order go to the test until its share of the rows is reached as nearly as they allow."""
    name = only(contract, "group", "split=group")
    codes, groups = pd.factorize(frame[name])
    alone = codes < 0  # rows without a group are a group each
    codes = np.where(alone, len(groups) + np.cumsum(alone) - 1, codes)
    sizes = np.bincount(codes)
    if len(sizes) < 2:
        raise InputError(f"split=group: all rows have the same {name!r}; use split=random")
    order = np.random.RandomState(seed).permutation(len(sizes))
    reached = np.cumsum(sizes[order])[:-1]
    chosen = order[: int(np.argmin(np.abs(reached - test_size * len(frame)))) + 1]
    held_out = np.isin(codes, chosen)
    note = f"{len(chosen)} of {len(sizes)} values of {name} are held out: {held_out.mean():.1%} of the rows"
    return Holdout(np.flatnonzero(~held_out), np.flatnonzero(held_out), "group", (note,))


def _by_time(frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    """The latest rows are the test. Rows of one moment stay together; rows without a time train."""
    name = only(contract, "time", "split=time")
    moments = frame[name].to_numpy(dtype="datetime64[ns]")
    known = np.flatnonzero(~np.isnat(moments))
    if len(known) < 2:
        raise InputError(f"split=time: the column {name!r} holds fewer than two dates; use split=random")
    ordered = known[np.argsort(moments[known], kind="stable")]
    tests = max(1, round(test_size * len(frame)))
    first = moments[ordered[max(0, len(ordered) - tests)]]
    if first == moments[ordered[0]]:
        later = moments[ordered] > first
        if not later.any():
            raise InputError(f"split=time: all rows have the same {name!r}; use split=random")
        first = moments[ordered[np.argmax(later)]]
    held_out = np.zeros(len(frame), dtype=bool)
    held_out[known] = moments[known] >= first
    notes = [f"test rows are those from {np.datetime_as_string(first, unit='s')} on"]
    if len(known) < len(frame):
        undated = len(frame) - len(known)
        notes.append(f"1 row without {name} trains" if undated == 1 else f"{undated} rows without {name} train")
    train = np.concatenate([np.flatnonzero(np.isnat(moments)), ordered[~held_out[ordered]]])
    return Holdout(train, ordered[held_out[ordered]], "time", tuple(notes))


def _newest(frame: pd.DataFrame, contract: Contract, test_size: float, seed: int) -> Holdout:
    """The latest rows by the time column, as `_by_time`; the last ones of the file where there is no such column."""
    if contract.with_role("time"):
        return dataclasses.replace(_by_time(frame, contract, test_size, seed), method="newest")
    rows = np.arange(len(frame))
    cut = len(rows) - max(1, round(test_size * len(rows)))
    return Holdout(rows[:cut], rows[cut:], "newest", (f"test rows are the last {len(rows) - cut:,} of the file",))


def only(contract: Contract, role: str, setting: str) -> str:
    """The name of the one column with a role."""
    found = contract.with_role(role)
    if len(found) != 1:
        names = ", ".join(column.name for column in found) or "none"
        raise InputError(
            f"{setting} needs one column with the role {role}, found {names}; give it the role in the contract"
        )
    return found[0].name


_WAYS: dict[str, Callable[[pd.DataFrame, Contract, float, int], Holdout]] = {
    "random": _random,
    "stratified": _stratified,
    "group": _grouped,
    "time": _by_time,
    "newest": _newest,
}
