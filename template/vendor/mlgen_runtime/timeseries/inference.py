"""From stored and newer history to forecasts: what a server, a batch job and `predict` compute, with numpy and
onnxruntime alone.

    inference = load(Path("bundles/7"), contract)
    inference.predict({"shop": ["A"]}, horizon=2)
    → {"shop": ["A", "A"], "day": [2024-03-01, 2024-03-02], "prediction": [41.0, 39.5], "quantile_0.1": …}

A row of columns that has no moment asks for its series; one with a moment brings a newer value, or the covariates of a
step to come. Where no row brings anything, the history kept in the bundle is all there is.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..bundle.option import Option
from ..contract.schema import Contract
from ..core.errors import InputError
from ..core.moments import formatted
from . import forecast, history, holiday
from .forecast.naive import Naive
from .frequency import Frequency
from .panel import Key, Panel, seasonal_error
from .request import Request, gather

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor

Array = npt.NDArray[Any]
Columns = Mapping[str, Sequence[object] | Array]


def load(folder: Path, contract: Contract, threads: int | None = None, bulk: bool = False) -> Inference:
    """Load the forecaster and the history of a bundle's folder. `threads` and `bulk` are for models that take rows."""
    entries = json.loads((folder / "inference.json").read_text("utf8"))
    categories = {name: tuple(levels) for name, levels in entries["categories"].items()}
    panel, scale = history.read(folder, entries["covariates"], categories)
    return Inference(contract, entries, panel, scale, forecast.load(folder, entries["forecaster"]))


class Inference:
    """A loaded forecaster. Safe to share between threads: all that changes after loading is that points are remembered.

    `needed` are the columns that must be there: those that name a series. `options` bound the horizon and the bands.
    `engine` is the name of the forecaster.
    """

    quick = False

    def __init__(
        self, contract: Contract, entries: Mapping[str, Any], panel: Panel, scale: Array, part: forecast.Part
    ) -> None:
        self.contract = contract
        self.frequency = Frequency.of(contract)
        self.horizon: int = entries["horizon"]
        self.gap: int = entries["gap"]
        self.season: int = entries["season"]
        self.levels = tuple(float(level) for level in entries["quantiles"])
        self.panel = panel
        self.needed = tuple(column.name for column in contract.with_role("series"))
        self._time = contract.with_role("time")[0].name
        self._shifts = np.array(entries["shifts"], dtype=np.float64).reshape(self.horizon, len(self.levels))
        self._scale, self._part, self._model = scale, part, str(entries["forecaster"]["name"])
        self._holidays: list[str] | None = entries["holidays"]
        self._tenth = 10.0 ** entries["decimals"]
        self._floor = contract.target.minimum
        self.engine = self._model
        self._points_of: dict[Key, Array] = {}
        self._positions = {key: position for position, key in enumerate(panel.keys)}

    @property
    def options(self) -> Mapping[str, Option]:
        """How far ahead, and with which bands."""
        found = {"horizon": Option("integer", 1, self.horizon, f"steps to forecast; left out: {self.horizon}")}
        if self.levels:
            shown = ", ".join(f"{level:g}" for level in self.levels)
            found["quantiles"] = Option(
                "numbers", self.levels[0], self.levels[-1], f"levels of the bands; left out: {shown}"
            )
        return found

    def example(self) -> dict[str, list[Any]]:
        """One row that asks for the first series; where covariates must be known ahead, one row for each step, with
        the newest values."""
        key: Key = self.panel.keys[0] if self.panel.keys else ("",) * len(self.needed)
        covariates = self.contract.with_role("known_future")
        rows = self.gap + self.horizon if covariates else 1
        columns: dict[str, list[Any]] = {name: [part] * rows for name, part in zip(self.needed, key, strict=True)}
        if covariates:
            time = self.contract.with_role("time")[0]
            moments = self.frequency.times(self.panel.ahead(rows)[0])
            columns[self._time] = list(formatted(moments, time.format, time.zone))
            for column in covariates:
                columns[column.name] = [self._newest(column.name)] * rows
        return columns

    def derived(self, columns: Columns, now: int | None = None) -> dict[str, Array]:
        """Nothing: a forecaster derives what it rests on by itself."""
        return {}

    def predict(
        self,
        columns: Columns,
        horizon: int | None = None,
        quantiles: Sequence[float] | None = None,
        *,
        every: bool = False,
    ) -> dict[str, Array]:
        """Forecast the series of raw columns [n], or every series that is known where `every` is set.

        Returns the columns of the series' key, the time (datetime64[s]), `prediction`, `quantile_<level>` for each
        level and `data_until` (the newest value's moment): `horizon` rows for each series, in the order of their first.
        Raises InputError naming the series, the column or the option at fault.
        """
        steps = self._steps(horizon)
        levels = self._asked(quantiles)
        request = gather(columns, self.contract, self.frequency, self.panel.categories)
        panel, scale = self._histories(request, every)
        if request.rows or self.contract.with_role("known_future"):
            points = self._points(self.ahead(panel, self.gap + steps), steps)
        else:
            points = self._remembered(panel)[:, :steps]
        return self._columns(panel, self._banded(points, scale, levels), steps, levels)

    def forecast(self, panel: Panel, scale: Array, steps: int, levels: Sequence[float]) -> Array:
        """Forecasts [s, steps, 1 + q] of a panel whose covariates are known for the steps; NaN for a series that this
        model cannot forecast. `scale` [s] is that of the bands."""
        return self._banded(self._points(panel, steps), scale, levels)

    def _remembered(self, panel: Panel) -> Array:
        """The points [s, horizon] of kept histories: they stay what they are until a newer bundle comes."""
        new = np.array([key not in self._points_of for key in panel.keys])
        if new.any():
            asked = panel.only(new)
            points = self._points(self.ahead(asked, self.gap + self.horizon), self.horizon)
            self._points_of.update(zip(asked.keys, points, strict=True))
        return np.stack([self._points_of[key] for key in panel.keys])

    def _points(self, panel: Panel, steps: int) -> Array:
        """The points [s, steps] after the gap."""
        wanted = self.gap + steps
        points = self._part.points(panel.tail(self._part.needs) if self._part.needs else panel, wanted)
        missing = np.isnan(points).any(axis=1)
        if missing.any():  # too short for the model; a series that it does not know stays unanswered
            known = np.array([key in self._positions for key in panel.keys])
            points[missing & known] = Naive(self.season).points(panel.only(missing & known), wanted)
        return np.asarray(points[:, self.gap :])

    def _banded(self, points: Array, scale: Array, levels: Sequence[float]) -> Array:
        """Points [s, steps] with their quantiles: [s, steps, 1 + q], cut at the floor and rounded."""
        bands = points[:, :, None] + scale[:, None, None] * self._shift(levels)[None, : points.shape[1]]
        found = np.concatenate([points[:, :, None], bands], axis=2)
        found = found if self._floor is None else np.maximum(found, self._floor)
        return np.asarray(np.rint(found * self._tenth) / self._tenth + 0.0)

    def scale_of(self, panel: Panel) -> Array:
        """The scale [s] of a panel's series: as in training, or of its own history for a new one."""
        own = seasonal_error(panel, self.season)
        known = [self._positions.get(key, -1) for key in panel.keys]
        stored = np.append(self._scale, np.nan)[np.array(known, dtype=np.int64)]
        return np.asarray(np.where(np.isnan(stored), own, stored))

    def _steps(self, horizon: int | None) -> int:
        if horizon is None:
            return self.horizon
        if isinstance(horizon, bool) or not isinstance(horizon, int) or not 1 <= horizon <= self.horizon:
            raise InputError(
                f"horizon: {horizon!r} is not a whole number from 1 to {self.horizon}, as this model was trained for; "
                "ask for fewer steps, or train with a larger data.horizon"
            )
        return horizon

    def _asked(self, quantiles: Sequence[float] | None) -> tuple[float, ...]:
        if quantiles is None:
            return self.levels
        for level in quantiles:
            numeric = isinstance(level, int | float) and not isinstance(level, bool)
            if not self.levels or not numeric or not self.levels[0] <= level <= self.levels[-1]:
                known = f"from {self.levels[0]:g} to {self.levels[-1]:g}" if self.levels else "none"
                raise InputError(
                    f"quantiles: {level!r} is outside of what was calibrated ({known}); "
                    "ask for another level, or train with train.quantiles=[…]"
                )
        return tuple(sorted(float(level) for level in quantiles))

    def _shift(self, levels: Sequence[float]) -> Array:
        """The shifts [horizon, q] of any levels, between two that were calibrated on the line that joins them."""
        if tuple(levels) == self.levels:
            return self._shifts
        return (
            np.stack([np.interp(levels, self.levels, row) for row in self._shifts]) if levels else self._shifts[:, :0]
        )

    def _histories(self, request: Request, every: bool) -> tuple[Panel, Array]:
        """The histories of the series that are asked for, with the request's rows added to what is kept."""
        asked = list(request.keys)
        if every or (not asked and not self.needed):
            asked = [*self.panel.keys, *(key for key in asked if key not in self._positions)]
        if not asked:
            raise InputError(f"no series is named; send rows with {', '.join(self.needed)}")
        panel = self._merged(request, asked) if request.rows else self._kept(asked)
        empty = np.isnan(panel.target).all(axis=1)
        if empty.any():
            raise self._unknown(panel.keys[int(empty.argmax())], "it comes without a history")
        return panel, self.scale_of(panel)

    def _kept(self, asked: Sequence[Key]) -> Panel:
        """The kept histories; raises InputError for a series that is not among them."""
        for key in asked:
            if key not in self._positions:
                raise self._unknown(key, "it comes without a history")
        if list(asked) == list(self.panel.keys):
            return self.panel
        return self.panel.only(np.array([self._positions[key] for key in asked]))

    def _merged(self, request: Request, asked: Sequence[Key]) -> Panel:
        """The kept histories with the request's rows laid over them."""
        stored = [key for key in asked if key in self._positions]
        return request.over(self.panel.only(np.array([self._positions[key] for key in stored], dtype=np.int64)), asked)

    def ahead(self, panel: Panel, steps: int) -> Panel:
        """The panel with covariates for all steps to forecast; raises InputError naming one that is missing."""
        known = dict(panel.known)
        if self._holidays is not None:
            ordinals = np.concatenate([panel.ordinals(), panel.ahead(steps)], axis=1)
            known[holiday.NAME] = holiday.marks(self._holidays, self.frequency, ordinals)
        width = panel.steps + steps
        for name, values in known.items():
            short = width - values.shape[1]
            laid = np.pad(values, ((0, 0), (0, short)), constant_values=np.nan) if short > 0 else values[:, :width]
            missing = np.isnan(laid[:, panel.steps + self.gap :])
            if missing.any():
                series, step = np.argwhere(missing)[0]
                moment = self._moment(panel.ahead(steps)[series, self.gap + step])
                raise InputError(
                    f"{name} is not known for {moment} of {_label(panel.keys[series])}; a forecast of "
                    f"{steps - self.gap} steps needs it for each of them: add rows with the moment and {name} "
                    "(input= of predict, records of a request)"
                )
            known[name] = laid
        return dataclasses.replace(panel, known=known)

    def _columns(self, panel: Panel, forecasts: Array, steps: int, levels: Sequence[float]) -> dict[str, Array]:
        unanswered = np.isnan(forecasts).any(axis=(1, 2))
        if unanswered.any():
            raise self._unknown(
                panel.keys[int(unanswered.argmax())], f"a model of the kind {self._model} must have seen it"
            )
        found: dict[str, Array] = {}
        for position, name in enumerate(self.needed):
            found[name] = np.repeat(np.array([key[position] for key in panel.keys], dtype=object), steps)
        ahead = panel.end[:, None] + np.arange(self.gap + 1, self.gap + steps + 1)[None, :]
        found[self._time] = self.frequency.times(ahead.ravel()).astype("M8[s]")
        found["prediction"] = forecasts[:, :, 0].ravel()
        for position, level in enumerate(levels, start=1):
            found[f"quantile_{level:g}"] = forecasts[:, :, position].ravel()
        found["data_until"] = np.repeat(self.frequency.times(panel.end).astype("M8[s]"), steps)
        return found

    def _unknown(self, key: Key, why: str) -> InputError:
        shown = ", ".join(_label(known) for known in self.panel.keys[:3])
        more = f" and {len(self.panel.keys) - 3} more" if len(self.panel.keys) > 3 else ""
        return InputError(
            f"the series {_label(key)} is unknown to this model, and {why}; known are {shown}{more}: "
            "send its history along, or train with it"
        )

    def _newest(self, name: str) -> Any:
        """The newest known value of a covariate of the first series, as a request would write it."""
        values = self.panel.known[name][0]
        known = values[~np.isnan(values)]
        if name in self.panel.categories:
            levels = self.panel.categories[name]
            return levels[int(known[-1])] if known.size else levels[0]
        return float(known[-1]) if known.size else 0.0

    def _moment(self, ordinal: int) -> str:
        return self.frequency.written(np.array([ordinal]))[0]


def _label(key: Key) -> str:
    """A series for people."""
    return repr(" / ".join(key)) if key else "the series"


def forecaster(model: Predictor) -> Inference:
    """The forecaster of a predictor, with what only this use case knows of it: its panel, its frequency, its levels."""
    assert isinstance(model.inference, Inference)
    return model.inference
