"""Which rows judge which fit, and which rows the served model learns from.

Where rows are few, every row is judged once, by a model that did not see it (cross-validation): whole groups, classes
in equal shares, or later rows by earlier ones. Where they are many, one part of them is enough. Either way the served
model is fitted again on all rows. A given test file judges the served model itself, which never learns from it.

    split(frame, contract, "binary", settings, seed=42, refit=True).parts  →  (Part(learn, held), …)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import InputError
from . import folds, holdout
from .holdout import Positions

if TYPE_CHECKING:
    import pandas as pd

    from ..contract.schema import Contract
    from .settings import SplitSettings

#: Up to this many rows `split.folds=auto` cuts FOLDS folds; beyond it, one part judges as surely and costs less.
FEW_ROWS, FOLDS = 50_000, 5


@dataclass(frozen=True)
class Part:
    """Row positions: those that a fit learns from, and those that it is judged by."""

    learn: Positions
    held: Positions


@dataclass(frozen=True)
class Split:
    """The parts, the positions `train` of the rows that the served model learns from, and how it was drawn.

    `held_apart` says that the served model itself is judged: it learns from no row that judges.
    """

    parts: tuple[Part, ...]
    train: Positions
    method: str
    notes: tuple[str, ...] = ()

    @cached_property
    def test(self) -> Positions:
        """The positions of all rows that judge, part after part; no row is there twice."""
        return np.concatenate([part.held for part in self.parts])

    @cached_property
    def fold(self) -> Positions:
        """Which part judges each row of `test`."""
        return np.repeat(np.arange(len(self.parts)), [len(part.held) for part in self.parts])

    @property
    def held_apart(self) -> bool:
        """Whether the served model is the one that is judged."""
        return len(self.parts) == 1 and len(self.train) == len(self.parts[0].learn)

    @property
    def judged(self) -> str:
        """Of which model the figures are, and why."""
        if self.held_apart:
            return f"Measured on {len(self.test):,} test rows that no model saw, through the bundle that is served."
        ways = f"{len(self.parts)} fits" if len(self.parts) > 1 else "a fit"
        return (
            f"Measured on {len(self.test):,} answers of {ways}, each to rows that the fit did not see. What is served "
            f"is fitted again on all {len(self.train):,}: it has learnt from more, and no row is left to measure it by."
        )

    @property
    def divided(self) -> str:
        """The split in words."""
        if self.held_apart:
            return f"{self.method}, {len(self.train):,} rows train, {len(self.test):,} test"
        ways = f"{len(self.parts)} folds" if len(self.parts) > 1 else "one part held out"
        return (
            f"{self.method}, {ways}: {len(self.test):,} rows test, the served model learnt from all {len(self.train):,}"
        )


def split(
    frame: pd.DataFrame,
    contract: Contract,
    task: str,
    settings: SplitSettings,
    seed: int,
    *,
    refit: bool,
    test_frame: pd.DataFrame | None = None,
) -> Split:
    """Draw the split of conformed rows; with `test_frame` its rows, counted on after those of `frame`, are the test.

    `refit` says that the served model is fitted again on all rows. Raises InputError for a method whose column the
    contract lacks, where a side would be empty, and for folds where no refit is to serve.
    """
    rows = np.arange(len(frame))
    if test_frame is not None:
        tests = np.arange(len(frame), len(frame) + len(test_frame))
        return Split((Part(rows, tests),), rows, "file")
    method = settings.method
    if method == "auto":
        method = "group" if contract.with_role("group") else "random" if task == "regression" else "stratified"
    if method == "stratified" and task == "regression":
        raise InputError("split=stratified needs classes, and the task is regression; use split=random or split=time")
    count = _count(settings, method, len(frame), refit=refit)
    if count == 1:
        drawn = holdout.draw(method, frame, contract, settings.test_size, seed)
        return Split((Part(drawn.learn, drawn.held),), rows if refit else drawn.learn, drawn.method, drawn.notes)
    parts, notes = _WAYS[method](frame, contract, count, seed)
    return Split(tuple(Part(learn, held) for learn, held in parts), rows, method, notes)


def _count(settings: SplitSettings, method: str, rows: int, *, refit: bool) -> int:
    """How many folds there are to be; 1 stands for one part."""
    if settings.folds == "auto":
        few = FOLDS <= rows <= FEW_ROWS
        return FOLDS if few and refit and method != "newest" else 1
    count = int(settings.folds)
    if count > 1 and not refit:
        raise InputError(
            f"split.folds={count}: each fold's model learns from a part of the rows, and train.refit=false leaves no "
            "other to serve; set split.folds=1, or train.refit=true"
        )
    if count > rows:
        raise InputError(f"split.folds={count}: there are only {rows} rows; choose fewer folds, or add rows")
    return count


_WAYS: dict[str, Callable[[pd.DataFrame, Contract, int, int], folds.Drawn]] = {
    "random": folds.random,
    "stratified": folds.stratified,
    "group": folds.grouped,
    "time": folds.by_time,
    "newest": folds.newest,
}
