"""Exponential smoothing: per series, a few forms that forecast its own past best, weighted by how well they did.

Forms are trends (none, Theta's, damped, lasting) x seasons (such as 24 hours, alone and with 168) x scales (the
series' own, and a logarithm or its like). Effects of the calendar and of known covariates are taken out before.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from ...config.schema import Amount, Bound, Count
from ...usecase.parity import Parity
from ..forecast import ets
from ..forecast.ets import TRENDS, Effects, Group, Smoother, seasoned
from ..forecast.ets_effects import Columns, Curve
from ..forecast.ets_filter import Coefficients, start
from ..panel import Panel
from . import ets_effects
from .ets_search import Effort, Trial, judge, search
from .training import Size, Training

Array = npt.NDArray[Any]

#: A season is used where the history looked at could hold it this many times.
CYCLES = 2
#: Forms with less than this part of the best form's weight are left out.
FAINT = 0.05
#: Series and candidates that run together: few enough for a processor's cache.
TOGETHER = 8000


@dataclass(frozen=True, kw_only=True)
class EtsSettings:
    """conf/model/ets.yaml."""

    name: str
    history: Annotated[int, Bound(at_least=10)]
    rounds: Count
    candidates: Count
    origins: Count
    sharpness: Amount
    ridge: Amount


@dataclass(frozen=True)
class FittedEts:
    """A fitted smoother; it forecasts with the code that serves."""

    smoother: Smoother
    settings: EtsSettings
    name: str = "ets"

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon]; NaN for a series it was not fitted to."""
        return self.smoother.points(panel, horizon)

    def parameters(self) -> dict[str, object]:
        """The settings, and of how many series each form is the main one."""
        values: dict[str, object] = {name: value for name, value in vars(self.settings).items() if name != "name"}
        return values | {f"mostly {form}": count for form, count in sorted(self._mostly().items())}

    def importance(self) -> dict[str, float]:
        """Nothing: a series' own past is all there is, but for its effects."""
        return {}

    def write(self, folder: Path, probe: Panel, horizon: int, tolerance: float) -> Parity:
        """Write the bundle's files, and compare what is read back with what was fitted."""
        ets.write(self.smoother, folder)
        kept, read = self.points(probe, horizon), ets.load(folder, self.entry()).points(probe, horizon)
        same = np.isclose(kept, read, rtol=0, atol=0, equal_nan=True)
        size = np.maximum(np.nanmean(np.abs(kept), axis=1, keepdims=True), 1e-12) if kept.size else 1.0
        away = np.where(same, 0.0, np.abs(kept - read) / size)
        return Parity(
            format="npz",
            largest=float(away.max(initial=0.0)),
            rows=kept.size,
            reason="the recursion needs no graph: the same numpy code trains and serves",
        )

    def entry(self) -> dict[str, Any]:
        """The family's name; its files hold the rest."""
        return {"name": self.name}

    def _mostly(self) -> Counter[str]:
        weights = np.concatenate([group.weights * (1e-9 if group.reserve else 1.0) for group in self.smoother.groups])
        names = [_name(group, trend) for group in self.smoother.groups for trend in TRENDS]
        return Counter(names[form] for form in weights.argmax(axis=0))


def fit(training: Training, settings: EtsSettings) -> FittedEts:
    """Fit every series of the panel by itself; series run together in parts, the parts on `training.threads`."""
    panel = training.panel
    columns = Columns.of(panel, training.frequency)
    size = max(1, TOGETHER // (len(TRENDS) * settings.candidates))
    rows = [np.arange(begin, min(begin + size, panel.series)) for begin in range(0, panel.series, size)]
    with ThreadPoolExecutor(max(1, training.threads)) as pool:
        parts = list(pool.map(lambda part: _fit_part(training, settings, columns, panel.only(part)), rows))
    smoother = Smoother(
        keys=panel.keys,
        frequency=training.frequency,
        columns=columns,
        needs=settings.history,
        curves=_both([part.curves for part in parts], Curve),
        effects=_both([part.effects for part in parts], Effects),
        groups=tuple(_joined([part.groups[number] for part in parts]) for number in range(len(parts[0].groups))),
    )
    return FittedEts(smoother, settings)


def cost(size: Size, settings: EtsSettings) -> float:
    """Seconds of one fit and its forecasts on two cores, roughly."""
    columns = min(size.values / max(size.series, 1), settings.history)
    together = len(TRENDS) * settings.candidates
    sweeps = 5 * settings.rounds * columns
    parts = np.ceil(size.series * together / TOGETHER)
    return float(sweeps * (parts * 10e-6 + size.series * together * 9e-9))


def seasons(training: Training, settings: EtsSettings) -> tuple[int, ...]:
    """The seasons of the forms, the shortest first: the frequency's, or the one that was asked for."""
    found = training.frequency.seasons if training.season == training.frequency.season else (training.season,)
    columns = min(training.panel.steps, settings.history)
    daily = training.frequency.unit in ("D", "B")
    return tuple(season for season in found if 1 < season <= columns / CYCLES and not (daily and season > 200))


def _fit_part(training: Training, settings: EtsSettings, columns: Columns, panel: Panel) -> Smoother:
    """A smoother for a part of the series."""
    lengths = np.minimum(panel.lengths(), settings.history)
    wanted = seasons(training, settings)
    blocks = columns.build(panel, training.frequency, 0)
    newest = slice(max(0, panel.steps - settings.history), None)
    effort = Effort(settings.rounds, settings.candidates, settings.origins)
    short = ~seasoned(lengths, wanted[:1])
    curves, effects, groups, means = [], [], [], []
    for bent in (False, True):
        curve = Curve.of(panel.target[:, newest], bent)
        values = curve.bend(panel.target)
        effect = ets_effects.fit(values, blocks, training.season, settings.history, settings.ridge)
        parts = [np.zeros((*values.shape, 0)), *blocks.values()]
        total = effect.totals(np.concatenate(parts, axis=2))[:, newest]
        curves.append(curve)
        effects.append(effect)
        chosen = [wanted[:count] for count in range(1, len(wanted) + 1)] or [()]
        for form in [*chosen, *([()] if wanted and not bent else [])]:
            reserve = bool(wanted) and not form
            spent = effort if not reserve or short.any() else Effort(2, effort.candidates, effort.origins)
            task = _Task(values[:, newest] - total, panel.target[:, newest], total, curve, wanted, training)
            found, mean = _form(task, form, spent)
            groups.append(Group(bent, form, reserve, found, np.zeros_like(mean)))
            means.append(np.where(seasoned(lengths, form), mean, np.inf))
    weighted = _weighted(groups, means, settings.sharpness)
    weighted.sort(key=lambda group: group.reserve)
    both = (curves[0], curves[1]), (effects[0], effects[1])
    return Smoother(panel.keys, training.frequency, columns, settings.history, *both, tuple(weighted))


@dataclass(frozen=True)
class _Task:
    """One scale's histories [s, T]: what is smoothed, the target, and the effects that were taken out."""

    values: Array
    target: Array
    total: Array
    curve: Curve
    seasons: tuple[int, ...]
    training: Training


def _form(task: _Task, form: tuple[int, ...], effort: Effort) -> tuple[Coefficients, Array]:
    """The best coefficients [f, s] with some seasons, and their mean absolute errors on the target's scale."""
    horizon = task.training.horizon
    trial = Trial.of(task.values, task.seasons, horizon, effort.origins)
    found = search(task.values, form, trial, effort, task.training.seed)
    padded = np.pad(task.total, ((0, 0), (0, int(trial.steps.max()))))

    def back(bent: Array, columns: Array) -> Array:
        whole = np.moveaxis(bent + padded[:, columns].T[:, None, :], 0, 2)
        return np.moveaxis(task.curve.back(whole), 2, 0)

    return found, judge(task.values, task.target, start(task.values, form), found, trial, back)


def _weighted(groups: list[Group], means: list[Array], sharpness: float) -> list[Group]:
    """The groups with weights (best error / own error) ^ sharpness; the reserve's stand by themselves."""
    regular = np.stack([mean for mean, group in zip(means, groups, strict=True) if not group.reserve])
    best = regular.min(axis=(0, 1))
    weighted = []
    for group, mean in zip(groups, means, strict=True):
        least = mean.min(axis=0) if group.reserve else best
        tiny = 1e-12 + 1e-9 * np.where(np.isfinite(least), least, 0.0)
        with np.errstate(invalid="ignore"):
            ratio = np.where(np.isfinite(mean), (least + tiny) / (mean + tiny), 0.0)
        weight = np.where(ratio**sharpness >= FAINT, ratio**sharpness, 0.0)
        weighted.append(Group(group.bent, group.seasons, group.reserve, group.coefficients, weight))
    return weighted


def _joined(parts: list[Group]) -> Group:
    """One group of the parts' series."""
    fields = [vars(part.coefficients) for part in parts]
    coefficients = {
        name: np.concatenate([field[name] for field in fields], axis=1) for name in fields[0] if name != "seasons"
    }
    each = zip(*(field["seasons"] for field in fields), strict=True)
    together = tuple(np.concatenate(season, axis=1) for season in each)
    weights = np.concatenate([part.weights for part in parts], axis=1)
    first = parts[0]
    return Group(first.bent, first.seasons, first.reserve, Coefficients(**coefficients, seasons=together), weights)


def _both(parts: list[tuple[Any, Any]], kind: type[Any]) -> tuple[Any, Any]:
    """The parts' curves or effects, joined for each of the two scales."""
    joined = []
    for scale in range(2):
        fields = [vars(part[scale]) for part in parts]
        joined.append(kind(**{name: np.concatenate([field[name] for field in fields]) for name in fields[0]}))
    return joined[0], joined[1]


def _name(group: Group, trend: str) -> str:
    seasons = "+".join(map(str, group.seasons)) or "none"
    return f"{trend}, season {seasons}{', bent' if group.bent else ''}"
