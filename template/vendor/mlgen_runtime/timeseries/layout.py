"""Conformed rows as a panel: categories become codes, holidays a covariate, series are sorted by their key."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..contract.schema import Column, Contract
from . import holiday
from .assembly import arrange, coded
from .contract.stamped import Stamped, forecast, place
from .panel import Panel


def panel(frame: pd.DataFrame, contract: Contract) -> tuple[Panel, list[str] | None]:
    """Return the panel of conformed rows [n], and the holidays as ISO dates where the contract names a country."""
    placed = place(frame, contract)
    levels = {column.name: _levels(frame[column.name], column) for column in _categories(contract, frame)}

    def values(role: str) -> dict[str, np.ndarray]:
        return {
            column.name: coded(frame[column.name].to_numpy(), levels[column.name])[placed.timed]
            if column.name in levels
            else frame[column.name].to_numpy(dtype=np.float64)[placed.timed]
            for column in contract.with_role(role)
        }

    found = arrange(
        placed.keys,
        placed.codes[placed.timed],
        placed.ordinals[placed.timed],
        frame[contract.target.name].to_numpy(dtype=np.float64)[placed.timed],
        values("past"),
        values("known_future"),
        values("static"),
        levels,
    )
    return _with_holidays(found, contract, placed)


def _with_holidays(found: Panel, contract: Contract, placed: Stamped) -> tuple[Panel, list[str] | None]:
    ahead = forecast(contract)
    if ahead.holidays is None:
        return found, None
    future = max(found.future, ahead.horizon)
    ordinals = np.concatenate([found.ordinals(), found.ahead(future)], axis=1)
    moments = placed.frequency.clock(np.array([ordinals.min(), ordinals.max()]))
    days = holiday.days(ahead.holidays, moments[0], moments[1])
    known = {**found.known, holiday.NAME: holiday.marks(days, placed.frequency, ordinals)}
    return dataclasses.replace(found, known=known), days


def _categories(contract: Contract, frame: pd.DataFrame) -> Sequence[Column]:
    covariates = contract.with_role("past", "known_future", "static")
    return [column for column in covariates if column.type in ("category", "text") and column.name in frame]


def _levels(cells: pd.Series, column: Column) -> tuple[str, ...]:
    """The contract's categories, or all that are there where it lists none."""
    return column.categories or tuple(sorted(cells.dropna().astype(str).unique()))
