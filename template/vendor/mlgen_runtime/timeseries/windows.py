"""The cases of a test file: what came after the newest values that were learnt from."""

from __future__ import annotations

import numpy as np

from .cases import Cases
from .model.backtest import Backtest
from .panel import Panel, seasonal_error


def after(backtest: Backtest, later: Panel) -> Cases:
    """The first horizon after each series' end, from the panel that goes on; only series with a value there."""
    panel = backtest.panel
    position = {key: number for number, key in enumerate(later.keys)}
    rows = np.array([position[key] for key in panel.keys])
    wanted = panel.end[:, None] + np.arange(backtest.gap + 1, backtest.steps + 1)[None, :]
    column = later.steps - 1 - (later.end[rows][:, None] - wanted)
    there = (column >= 0) & (column < later.steps)
    values = later.target[rows[:, None], np.clip(column, 0, later.steps - 1)]
    actual = np.where(there, values, np.nan)
    chosen = np.flatnonzero(~np.isnan(actual).all(axis=1) & (panel.lengths() > 0))
    scale = seasonal_error(panel, backtest.season)
    none = np.zeros(len(chosen), dtype=np.int64)
    return Cases(actual[chosen], scale[chosen], chosen, none, panel.end[chosen], panel.keys, backtest.quantiles)
