"""Some rows seen through a contract: what every check needs, worked out once and only when a check asks for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..config.settings import CheckSettings
from .features import used
from .schema import Column, Contract
from .typed import label_codes, parse

Found = TypeVar("Found")


class Sides(Protocol):
    """Row positions: those that a fit learns from, and those that it is judged by."""

    @property
    def learn(self) -> npt.NDArray[np.int64]: ...

    @property
    def held(self) -> npt.NDArray[np.int64]: ...


class Halves(Protocol):
    """The parts of a split, as far as the checks care."""

    @property
    def parts(self) -> Sequence[Sides]: ...


class View:
    """Some rows seen through a contract: each column is parsed once, whichever checks look at it."""

    def __init__(
        self, frame: pd.DataFrame, contract: Contract, settings: CheckSettings, split: Halves | None, labelled: bool
    ) -> None:
        self.frame, self.contract, self.settings, self.labelled = frame, contract, settings, labelled
        #: None until the rows are split; what compares both sides looks again then.
        self.split = split
        self.rows = len(frame)
        self._found: dict[Callable[[View], Any], Any] = {}
        held = [column for column in used(contract) if column.name in frame.columns]
        self.columns = [column for column in held if labelled or column.role != "target"]
        parsed = {column.name: parse(frame[column.name], column) for column in self.columns}
        self.bad = {name: bad for name, (_, bad) in parsed.items()}
        self.typed = pd.DataFrame({name: values for name, (values, _) in parsed.items()}, index=range(self.rows))

    @cached_property
    def inputs(self) -> list[Column]:
        """The input columns that the rows have."""
        return [column for column in self.columns if column.role in self.contract.vocabulary.input_roles]

    @cached_property
    def missing(self) -> list[Column]:
        """The columns that the contract wants and the rows lack."""
        wanted = used(self.contract)
        there = set(self.frame.columns)
        return [column for column in wanted if column.name not in there and (self.labelled or column.role != "target")]

    @cached_property
    def extra(self) -> list[str]:
        """The names of columns that the contract does not know."""
        known = {column.name for column in self.contract.columns}
        return [str(name) for name in self.frame.columns if name not in known]

    @cached_property
    def target(self) -> pd.Series | None:
        """The target's raw cells, or None where the rows have none."""
        name = self.contract.target.name
        return self.frame[name] if self.labelled and name in self.frame.columns else None

    @cached_property
    def labels(self) -> npt.NDArray[np.int64] | None:
        """Label codes [n], -1 where missing or unknown; None for an amount or without a target."""
        if self.target is None or self.contract.is_amount:
            return None
        return label_codes(self.target, self.contract)

    def once(self, make: Callable[[View], Found]) -> Found:
        """What `make` finds in these rows, worked out the first time that a check asks for it."""
        if make not in self._found:
            self._found[make] = make(self)
        found: Found = self._found[make]
        return found
