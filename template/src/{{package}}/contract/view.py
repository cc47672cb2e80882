"""Some rows seen through a contract: what every check needs, worked out once and only when a check asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..config import ContractSettings
from . import leakage
from .columns import numbers
from .leakage import Seen
from .schema import INPUT_ROLES, Column, Contract
from .typed import NUMERIC, label_codes, parse
from .validation import Failures, failures


class Halves(Protocol):
    """The two sides of a split, as far as the checks care: row positions."""

    @property
    def train(self) -> npt.NDArray[np.int64]: ...

    @property
    def test(self) -> npt.NDArray[np.int64]: ...


class View:
    """Some rows seen through a contract: each column is parsed once, whichever checks look at it."""

    def __init__(
        self, frame: pd.DataFrame, contract: Contract, settings: ContractSettings, split: Halves | None, labelled: bool
    ) -> None:
        self.frame, self.contract, self.settings, self.split, self.labelled = frame, contract, settings, split, labelled
        self.rows = len(frame)
        held = [column for column in contract.columns if column.name in frame.columns and column.role != "ignore"]
        self.columns = [column for column in held if labelled or column.role != "target"]
        parsed = {column.name: parse(frame[column.name], column) for column in self.columns}
        self.bad = {name: bad for name, (_, bad) in parsed.items()}
        self.typed = pd.DataFrame({name: values for name, (values, _) in parsed.items()}, index=range(self.rows))

    @cached_property
    def inputs(self) -> list[Column]:
        """The input columns that the rows have."""
        return [column for column in self.columns if column.role in INPUT_ROLES]

    @cached_property
    def failed(self) -> Failures:
        """What pandera found: (check id, column)."""
        extra = {name: self.frame[name] for name in self.frame.columns if name not in self.typed.columns}
        if not self.labelled:
            extra = {name: cells for name, cells in extra.items() if name != self.contract.target.name}
        whole = self.typed.assign(**extra) if extra else self.typed
        return failures(whole, self.contract, labelled=self.labelled)

    def failing(self, check: str) -> list[Column]:
        """The contract's columns that pandera found wanting in one respect."""
        return [column for column in self.contract.columns if (check, column.name) in self.failed]

    @cached_property
    def target(self) -> pd.Series | None:
        """The target's raw cells, or None where the rows have none."""
        name = self.contract.target.name
        return self.frame[name] if self.labelled and name in self.frame.columns else None

    @cached_property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """Label codes [n], -1 where missing or unknown; None for regression or without a target."""
        if self.target is None or self.contract.task == "regression":
            return None
        return label_codes(self.target, self.contract)

    @cached_property
    def keys(self) -> npt.NDArray[np.uint64]:
        """A hash [n] of each row's inputs and target: equal rows have equal keys."""
        names = [column.name for column in self.columns if column.role in ("feature", "time", "target")]
        hashed = pd.util.hash_pandas_object(self.typed[names], index=False)
        return np.asarray(hashed, dtype=np.uint64)

    def seen(self, column: Column, rows: npt.NDArray[np.int64]) -> Seen:
        """A column at some rows, for the leakage tests."""
        cells = self.typed[column.name].iloc[rows]
        if column.type in NUMERIC:
            return Seen(column.name, cells.to_numpy())
        if column.type == "datetime":
            return Seen(column.name, np.where(cells.isna(), np.nan, cells.to_numpy().astype(np.int64).astype(float)))
        return Seen(column.name, None, pd.factorize(cells)[0].astype(np.int64))

    @cached_property
    def leaking(self) -> dict[str, str]:
        """The reason for each input that gives the target away exactly."""
        if self.target is None:
            return {}
        truth = self.truth(np.arange(self.rows))
        whole = [self.seen(column, np.arange(self.rows)) for column in self.inputs if column.type != "datetime"]
        return leakage.leaks(truth, whole)

    def truth(self, rows: npt.NDArray[np.int64]) -> Seen:
        """The target at some rows: codes, and numbers too where it has them."""
        assert self.target is not None
        column = self.contract.target
        amounts = numbers(self.target).values[rows] if column.type in ("number", "integer") else None
        return Seen(column.name, amounts, None if self.labels is None else self.labels[rows])
