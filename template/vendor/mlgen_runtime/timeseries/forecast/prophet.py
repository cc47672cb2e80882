"""Prophet as it serves: its own JSON, read by its own formula in numpy.

    forecast = trend x (1 + multiplicative terms) + additive terms
    trend    = (k + sum of rate changes so far) x t + offset, in which t runs from 0 to 1 over the history
    terms    = waves of the year, week and day, and known covariates, each times its weight

Source: Taylor & Letham (2018), "Forecasting at scale", and Prophet's `predict`, with which training compares this on
real series. Prophet looks at the clock, not at newer history. In the bundle: `prophet.jsonl`, of which the first line
names the columns of covariates and each further line is one series, as {"key": […], "model": Prophet's own JSON}.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..frequency import DAY, Frequency
from ..panel import Key, Panel
from .ets_effects import Columns

Array = npt.NDArray[Any]

#: Prophet fits nothing to fewer values.
LEAST_VALUES = 2


@dataclass(frozen=True)
class Curve:
    """One series' closed form.

    `start` and `span` are seconds: when t is 0, and how long until it is 1. `bends` are the t at which the rate changes
    by `changes`. `waves` are (period in days, order). `weights` [k] belong to the waves' sines and cosines, then to the
    covariates less `centres` over `scales`; where `multiplied` [k] they are shares of the trend, else of `size`.
    """

    start: float
    span: float
    size: float
    rate: float
    offset: float
    bends: Array
    changes: Array
    waves: tuple[tuple[float, int], ...]
    weights: Array
    multiplied: Array
    centres: Array
    scales: Array

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> Curve:
        """Read Prophet's JSON; raises ValueError for a kind of model that the formula does not cover."""
        if model["growth"] != "linear" or model["holidays"] is not None or model["scaling"] != "absmax":
            raise ValueError(
                "a Prophet model with linear growth, absmax scaling and no holidays of its own is expected"
            )
        parameters = {name: np.asarray(value, dtype=np.float64) for name, value in model["params"].items()}
        names, seasonalities = model["seasonalities"]
        waves = [seasonalities[name] for name in names]
        names, known = model["extra_regressors"]
        covariates = [known[name] for name in names]
        modes = [wave["mode"] for wave in waves for _ in range(2 * wave["fourier_order"])]
        modes += [covariate["mode"] for covariate in covariates]
        return cls(
            start=float(model["start"]),
            span=float(model["t_scale"]),
            size=float(model["y_scale"]),
            rate=float(np.nanmean(parameters["k"])),
            offset=float(np.nanmean(parameters["m"])),
            bends=np.asarray(model["changepoints_t"], dtype=np.float64),
            changes=np.nanmean(parameters["delta"], axis=0),
            waves=tuple((float(wave["period"]), int(wave["fourier_order"])) for wave in waves),
            weights=np.nanmean(parameters["beta"], axis=0)[: len(modes)],
            multiplied=np.array([mode == "multiplicative" for mode in modes], dtype=bool),
            centres=np.array([covariate["mu"] for covariate in covariates], dtype=np.float64),
            scales=np.array([covariate["std"] for covariate in covariates], dtype=np.float64),
        )

    def values(self, seconds: Array, covariates: Array) -> Array:
        """Forecasts [h] at seconds [h] since 1970 with covariates [h, k]; a missing one counts as its centre."""
        time = (seconds - self.start) / self.span
        passed = time[:, None] >= self.bends
        trend = (self.rate + passed @ self.changes) * time + self.offset - passed @ (self.changes * self.bends)
        turns = 2 * np.pi * seconds[:, None] / DAY
        parts = [np.nan_to_num((covariates - self.centres) / self.scales)]
        for period, order in reversed(self.waves):
            angles = turns * np.arange(1, order + 1) / period
            parts.insert(0, np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(seconds), 2 * order))
        terms = np.concatenate(parts, axis=1)
        shares = terms @ np.where(self.multiplied, self.weights, 0.0)
        added = terms @ np.where(self.multiplied, 0.0, self.weights)
        return np.asarray(self.size * (trend * (1 + shares) + added))


@dataclass(frozen=True)
class Curves:
    """The forecaster: a closed form for each series that could be fitted."""

    frequency: Frequency
    columns: Columns
    series: Mapping[Key, Curve]
    needs: int = 0

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon]; a row of NaN for a series without a closed form."""
        forecasts = np.full((panel.series, horizon), np.nan)
        covariates = ahead(panel, self.columns, self.frequency, horizon)
        for row, key in enumerate(panel.keys):
            curve = self.series.get(key)
            if curve is not None:
                times = self.frequency.clock(panel.end[row] + np.arange(1, horizon + 1))
                seconds = times.astype("M8[ns]").astype(np.int64) / 1e9
                forecasts[row] = curve.values(seconds, covariates[row])
        return forecasts


def ahead(panel: Panel, columns: Columns, frequency: Frequency, horizon: int) -> Array:
    """The covariates' columns [s, horizon, k] of the next steps."""
    newest = panel.tail(min(panel.steps, 1))
    found = columns.build(newest, frequency, horizon).get("known")
    return np.zeros((panel.series, horizon, 0)) if found is None else found[:, newest.steps :]


def load(folder: Path, entry: Mapping[str, Any]) -> Curves:
    """Load `prophet.jsonl`; the entry says nothing beyond the family's name."""
    with (folder / "prophet.jsonl").open(encoding="utf8") as lines:
        facts = json.loads(next(lines))
        series = {}
        for line in lines:
            found = json.loads(line)
            series[tuple(found["key"])] = Curve.of(found["model"])
    columns = Columns(known=facts["known"], year=False, weekdays=False)
    return Curves(Frequency(facts["frequency"], facts["offset"], facts.get("zone")), columns, series)
