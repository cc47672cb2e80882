"""Small made-up series, and the settings of a backtest: what the tests of forecasts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from mlgen_runtime.contract.forecast import Forecast
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY
from mlgen_runtime.timeseries.frequency import Frequency
from mlgen_runtime.timeseries.model.backtest import Backtest, cuts
from mlgen_runtime.timeseries.panel import Panel
from mlgen_runtime.timeseries.settings import TrainSettings

SEASON = 4
QUANTILES = (0.1, 0.5, 0.9)


def contract(**changed: Any) -> Contract:
    """Two key columns, a moment, the target and a covariate of every kind."""
    given: dict[str, Any] = {
        "vocabulary": VOCABULARY,
        "task": "forecasting",
        "forecast": Forecast(horizon=3, frequency="D", season=SEASON),
        "columns": (
            Column(name="shop", role="series", type="category"),
            Column(name="day", role="time", type="datetime", nullable=True),
            Column(name="sold", role="target", type="number", nullable=True),
            Column(name="visitors", role="past", type="number", nullable=True),
            Column(name="price", role="known_future", type="number", nullable=True),
            Column(name="region", role="static", type="category", nullable=True, categories=("north", "south")),
        ),
    }
    return Contract(**given | changed)


def frame(days: int = 40, shops: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    """Conformed rows: a season of four days, a level for each shop."""
    random = np.random.default_rng(3)
    rows = []
    for number, shop in enumerate(shops):
        for day in range(days):
            value = 10.0 * (number + 1) + [0, 3, 1, 5][day % SEASON] + random.normal()
            moment = pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)
            rows.append((shop, moment, value, float(day), 2.0, "north" if number else "south"))
    columns = ["shop", "day", "sold", "visitors", "price", "region"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"day": "datetime64[ns]", "shop": object, "region": object})


def panel(rows: list[list[float]], end: int = 100) -> Panel:
    """A panel of the given values, right-aligned."""
    steps = max(len(row) for row in rows)
    target = np.array([[np.nan] * (steps - len(row)) + row for row in rows], dtype=float)
    return Panel(tuple((str(number),) for number in range(len(rows))), np.full(len(rows), end), target)


def seasonal(series: int = 3, steps: int = 60, noise: float = 0.3, seed: int = 0) -> Panel:
    """Series with a season of four steps, each with a level of its own."""
    random = np.random.default_rng(seed)
    pattern = np.tile([0.0, 3.0, 1.0, 5.0], steps)[:steps]
    levels = 10.0 * (1 + np.arange(series))[:, None]
    return panel((levels + pattern + noise * random.normal(size=(series, steps))).tolist())


def backtest(of: Panel, horizon: int = 4, windows: int = 3, gap: int = 0, **changed: Any) -> Backtest:
    """A backtest with quick settings."""
    given: dict[str, Any] = {
        "panel": of,
        "frequency": Frequency("D"),
        "horizon": horizon,
        "gap": gap,
        "season": SEASON,
        "floor": None,
        "cuts": cuts(of, horizon, gap, SEASON, windows, None),
        "fits": 10,
        "settings": TrainSettings(minutes=1.0, quantiles=list(QUANTILES), threads=1, device="cpu"),
        "seed": 7,
        "threads": 1,
        "device": "cpu",
    }
    return Backtest(**given | changed)
