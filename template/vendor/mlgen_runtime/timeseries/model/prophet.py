"""Prophet, one model per series: a trend that bends, waves of the calendar, and known covariates.

Each fit runs in a process of its own (CmdStan's), so threads are enough to keep the cores busy. Bands come from the
backtest, as every model's do, so Prophet draws no samples.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from ...config.schema import Bound, Count, Share
from ...usecase.parity import Parity
from ..forecast import prophet as closed
from ..forecast.ets_effects import Columns
from ..frequency import DAY, YEAR, Frequency
from ..panel import Key, Panel
from .training import Size, Training

Array = npt.NDArray[Any]

#: The closed form may differ from Prophet's own forecast by this part of a series' size.
ALLOWED = 1e-6
#: So many series at most are compared.
COMPARED = 50
#: Days of a wave, the order that Prophet gives it, and how often the history must hold it.
WAVES = {"yearly": (YEAR, 10, 2.0), "weekly": (7.0, 3, 2.0), "daily": (1.0, 4, 2.0)}
#: Seasons grow with the level where the logarithms of spread and level correlate by this at least, and one per cent
#: more level means about one per cent more spread, within these bounds. Far above it, the level hardly moves at all.
CORRELATED, PROPORTIONAL = 0.7, (0.5, 3.0)


@dataclass(frozen=True, kw_only=True)
class ProphetSettings:
    """conf/model/prophet.yaml."""

    name: str
    seasonality_mode: Literal["auto", "additive", "multiplicative"]
    changepoint_prior_scale: Annotated[float, Bound(above=0)]
    seasonality_prior_scale: Annotated[float, Bound(above=0)]
    regressor_prior_scale: Annotated[float, Bound(above=0)]
    n_changepoints: Count
    changepoint_range: Share
    history: Count


@dataclass(frozen=True)
class FittedProphet:
    """Prophet's own JSON of every series, and the closed form that forecasts from it."""

    models: Mapping[Key, str]
    curves: closed.Curves
    settings: ProphetSettings
    name: str = "prophet"

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon]; NaN for a series that had fewer than two values."""
        return self.curves.points(panel, horizon)

    def parameters(self) -> dict[str, object]:
        """The settings, and how many series have multiplicative seasons."""
        values: dict[str, object] = {name: value for name, value in vars(self.settings).items() if name != "name"}
        return values | {"multiplicative": sum(bool(curve.multiplied.any()) for curve in self.curves.series.values())}

    def importance(self) -> dict[str, float]:
        """Nothing: each series has its own weights."""
        return {}

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write `prophet.jsonl` and compare the closed form that is read back with Prophet's own forecasts.

        Raises RuntimeError where they differ by more than 1e-6 of a series' size, or the tolerance where that is less.
        """
        frequency = self.curves.frequency
        grid = {"frequency": frequency.name, "offset": frequency.offset, "zone": frequency.zone}
        facts = {**grid, "known": dict(self.curves.columns.known)}
        lines = [json.dumps(facts, ensure_ascii=False)]
        for key, model in self.models.items():
            named = json.dumps(list(key), ensure_ascii=False)
            lines.append('{"key": ' + named + ', "model": ' + model + "}")
        (folder / "prophet.jsonl").write_text("\n".join(lines) + "\n", "utf8")
        largest, rows = self._compare(closed.load(folder, self.entry()), probe, horizon)
        if largest > min(ALLOWED, tolerance):
            raise RuntimeError(
                f"prophet: the closed form differs from Prophet's own forecast by {largest:.2g} of the series' size, "
                f"{min(ALLOWED, tolerance):.2g} is allowed; this version of Prophet computes something else"
            )
        return Parity(
            format="prophet",
            largest=largest,
            rows=rows,
            reason="the closed form is a few lines of numpy; Prophet's own JSON is kept",
        )

    def entry(self) -> dict[str, Any]:
        """The family's name; its file holds the rest."""
        return {"name": self.name}

    def _compare(self, curves: closed.Curves, probe: Panel, horizon: int) -> tuple[float, int]:
        """The largest difference, relative to a series' mean absolute forecast, and how many were compared."""
        from prophet.serialize import model_from_json

        some = probe.only(np.linspace(0, probe.series - 1, min(probe.series, COMPARED)).round().astype(np.int64))
        points = curves.points(some, horizon)
        covariates = closed.ahead(some, curves.columns, curves.frequency, horizon)
        largest, rows = 0.0, 0
        for row, key in enumerate(some.keys):
            if key not in self.models:
                continue
            times = curves.frequency.clock(some.end[row] + np.arange(1, horizon + 1))
            centres = curves.series[key].centres
            filled = np.where(np.isnan(covariates[row]), centres, covariates[row])
            own = model_from_json(self.models[key]).predict(_frame(times, None, filled))["yhat"].to_numpy()
            size = max(float(np.abs(own).mean()), 1e-12)
            largest = max(largest, float(np.abs(own - points[row]).max()) / size)
            rows += horizon
        return largest, rows


def fit(training: Training, settings: ProphetSettings) -> FittedProphet:
    """Fit Prophet to every series that has two values at least, `training.threads` at a time."""
    _quiet()
    panel = training.panel.tail(min(training.panel.steps, settings.history))
    every = Columns.of(panel, training.frequency)
    columns = Columns(known=every.known, year=False, weekdays=False)
    covariates = columns.build(panel, training.frequency, 0).get("known")
    if covariates is None:
        covariates = np.zeros((*panel.target.shape, 0))
    rows = np.flatnonzero((~np.isnan(panel.target)).sum(axis=1) >= closed.LEAST_VALUES)

    def one(row: int) -> str:
        return _fit_one(training, settings, panel.target[row], int(panel.end[row]), covariates[row])

    with ThreadPoolExecutor(max(1, training.threads)) as pool:
        models = dict(zip([panel.keys[row] for row in rows], pool.map(one, rows), strict=True))
    series = {key: closed.Curve.of(json.loads(model)) for key, model in models.items()}
    return FittedProphet(models, closed.Curves(training.frequency, columns, series), settings)


def cost(size: Size, settings: ProphetSettings) -> float:
    """Seconds of one fit on two cores, roughly: Prophet takes longer the longer a history is."""
    values = min(size.values / max(size.series, 1), settings.history)
    return float(3.0 + size.series * (0.1 + 0.1 * (values / 1000) ** 1.5))


def _fit_one(training: Training, settings: ProphetSettings, target: Array, end: int, covariates: Array) -> str:
    """Prophet's JSON of one series [T] with covariates [T, k], without the history that it was fitted to."""
    from prophet import Prophet
    from prophet.serialize import model_to_json

    known = np.flatnonzero(~np.isnan(target))
    times = training.frequency.clock(end + 1 - len(target) + known)
    chosen = settings.seasonality_mode
    model: Any = Prophet(
        growth="linear",
        n_changepoints=min(settings.n_changepoints, len(known) - 1),
        changepoint_range=settings.changepoint_range,
        changepoint_prior_scale=settings.changepoint_prior_scale,
        seasonality_prior_scale=settings.seasonality_prior_scale,
        seasonality_mode=mode(target, training.season) if chosen == "auto" else chosen,
        uncertainty_samples=0,
        **waves(training.frequency, times),
    )
    filled = _filled(covariates[known])
    for number in range(filled.shape[1]):
        model.add_regressor(f"covariate_{number}", prior_scale=settings.regressor_prior_scale)
    model.fit(_frame(times, target[known], filled), seed=training.seed + 1)
    model.history, model.history_dates = model.history.iloc[:0], model.history_dates.iloc[:0]
    return str(model_to_json(model))


def waves(frequency: Frequency, times: Array) -> dict[str, Any]:
    """The order of each of Prophet's waves at this frequency, False where the history is too short or the step too
    long for it: a wave of more turns than two steps each would follow the noise between the steps."""
    step = frequency.step_seconds / DAY
    days = float((times[-1] - times[0]) / np.timedelta64(1, "D")) + step
    found: dict[str, Any] = {}
    for name, (period, order, cycles) in WAVES.items():
        fitting = min(order, int((round(period / step) - 1) // 2))
        found[f"{name}_seasonality"] = fitting if fitting >= 1 and days >= cycles * period else False
    return found


def mode(target: Array, season: int) -> Literal["additive", "multiplicative"]:
    """Whether the seasons of one history [T] grow with its level: over its cycles, do spread and mean rise together?"""
    cycles = len(target) // max(season, 2)
    if cycles < 3 or not np.nanmin(target) > 0:
        return "additive"
    folded = target[len(target) - cycles * max(season, 2) :].reshape(cycles, -1)
    folded = folded[(~np.isnan(folded)).sum(axis=1) >= 2]
    if len(folded) < 3:
        return "additive"
    level, spread = np.nanmean(folded, axis=1), np.nanstd(folded, axis=1)
    level, spread = np.log(level), np.log(spread + 1e-9 * level)
    if level.std() < 1e-9 or spread.std() < 1e-9:
        return "additive"
    correlation = np.corrcoef(level, spread)[0, 1]
    elasticity = correlation * spread.std() / level.std()
    proportional = PROPORTIONAL[0] <= elasticity <= PROPORTIONAL[1]
    return "multiplicative" if correlation >= CORRELATED and proportional else "additive"


def _filled(covariates: Array) -> Array:
    """Covariates [n, k] without gaps: a mean, or 0 where all that is known is 0 or 1; 0 where nothing is known."""
    present = ~np.isnan(covariates)
    values = np.where(present, covariates, 0.0)
    mean = values.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    switches = ((values == 0) | (values == 1)).all(axis=0)
    return np.where(present, values, np.where(switches, 0.0, mean))


def _frame(times: Array, values: Array | None, covariates: Array) -> Any:
    """The data frame that Prophet reads."""
    import pandas as pd

    columns: dict[str, Array] = {"ds": times} | ({} if values is None else {"y": values})
    return pd.DataFrame(columns | {f"covariate_{number}": column for number, column in enumerate(covariates.T)})


def _quiet() -> None:
    """Keep Prophet and CmdStan from logging each fit; what fails still raises."""
    logging.getLogger("prophet.plot").setLevel(logging.CRITICAL)
    import cmdstanpy  # sets its own level when it loads
    import prophet  # noqa: F401

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.ERROR)
    cmdstanpy.disable_logging()
