"""The race: every member on the same windows, and the best of them, or their blend, is the candidate.

Whoever wins does so by its figures; the blend also where a single member is hardly better, because a mean is the safer
bet (Bates & Granger, 1969, "The combination of forecasts"). The figures stay honest: in each window the choice is the
one that the windows before it suggest, so the candidate's score is that of choosing this way, not that of the luckiest
member.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from ...config.schema import Count, OneOf
from ...core.errors import InputError
from ..cases import Cases
from ..forecast.blend import mean
from . import bands, blend, candidate
from .backtest import Backtest
from .candidate import Candidate
from .ets import EtsSettings
from .lightgbm import LightGBMSettings
from .prophet import ProphetSettings
from .tft import TftSettings
from .training import Fitted, Training

Array = npt.NDArray[Any]
#: fit, cost of a fit in seconds, and how many fits a backtest takes: see `fits_of`.
Family = tuple[Callable[[Training, Any], Fitted], Callable[[Any, Any], float], Literal["each", "some", "one"]]

BLEND = "blend"
#: A member that is better than the blend by less than this is hardly better.
HARDLY = 1.02


@dataclass(frozen=True, kw_only=True)
class RaceSettings:
    """Who takes part, with each member's own settings; `rounds` are those of the blend's weights."""

    name: str
    members: list[Annotated[str, OneOf(("lightgbm", "ets", "prophet", "tft"))]]
    rounds: Count
    lightgbm: LightGBMSettings
    ets: EtsSettings
    prophet: ProphetSettings
    tft: TftSettings


def fit(backtest: Backtest, settings: RaceSettings, families: Mapping[str, Family]) -> Candidate:
    """Backtest the members that the budget allows; the winner is fitted to everything."""
    allowed, dear = affordable(backtest, settings, families)
    points, unable = _backtests(backtest, settings, families, allowed)
    truth = backtest.cases
    winner, weights = pick(truth, points, settings.rounds)
    raced = dict(points)
    if len(points) > 1:
        raced[BLEND] = blend.honest(truth, points, settings.rounds)
    found = candidate.of(
        winner,
        backtest,
        chosen(truth, points, settings.rounds) if len(points) > 1 and len(truth.windows) > 1 else raced[winner],
        _final(backtest, settings, families, weights),
        record={"winner": winner, **{f"backtest.{name}": _shown(blend.loss(truth, p)) for name, p in raced.items()}},
        raced={name: _banded(backtest, values) for name, values in raced.items()} if len(points) > 1 else {},
        notes=(*_told(winner, weights, raced), *dear, *unable),
    )
    # the bands that are served belong to the winner, not to the way it was chosen
    errors = (truth.actual - raced[winner]) / truth.scale[:, None]
    return dataclasses.replace(found, shifts=bands.offsets(errors, truth.quantiles))


def blended(backtest: Backtest, settings: RaceSettings, families: Mapping[str, Family]) -> Candidate:
    """Backtest all members, whatever they cost, and fit their blend."""
    points, unable = _backtests(backtest, settings, families, settings.members)
    truth = backtest.cases
    mixed = blend.honest(truth, points, settings.rounds)
    weights = blend.weigh(truth, points, settings.rounds)
    fitted = _final(backtest, settings, families, weights)
    raced = {name: _banded(backtest, values) for name, values in points.items()}
    return candidate.of(BLEND, backtest, mixed, fitted, raced=raced, notes=tuple(unable))


def affordable(
    backtest: Backtest, settings: RaceSettings, families: Mapping[str, Family]
) -> tuple[list[str], tuple[str, ...]]:
    """The members that the budget allows, in their order, and a note on each other one. The first always runs."""
    members: list[str] = []
    notes: list[str] = []
    spent, budget = 0.0, 60 * backtest.settings.minutes
    for name in settings.members:
        _, cost, often = families[name]
        seconds = (1 + fits_of(backtest, often)) * cost(backtest.size, getattr(settings, name))
        if members and spent + seconds > budget:
            notes.append(
                f"{name} did not race: it would take about {seconds / 60:.2g} minutes, and train.minutes="
                f"{backtest.settings.minutes:g} has {max(0.0, budget - spent) / 60:.2g} left; "
                f"raise it, or train with model={name}"
            )
            continue
        members.append(name)
        spent += seconds
    return members, tuple(notes)


def fits_of(backtest: Backtest, often: Literal["each", "some", "one"]) -> int:
    """The fits of a backtest: at each origin for a model that looks at no newer history, at some for one that does,
    one alone for one that is dear."""
    return {"each": len(backtest.cuts), "some": min(backtest.fits, len(backtest.cuts)), "one": 1}[often]


def pick(truth: Cases, points: Mapping[str, Array], rounds: int) -> tuple[str, dict[str, float]]:
    """The winner by the mean absolute scaled error of these cases, and the weights of the members that make it up: the
    blend, unless a member alone is better by more than a little."""
    weights = blend.weigh(truth, points, rounds)
    losses = {name: blend.loss(truth, values) for name, values in points.items()}
    least = min(losses, key=lambda name: losses[name])
    mixed = blend.loss(truth, mean([(weight, points[name]) for name, weight in weights.items()]))
    if len(weights) > 1 and mixed <= HARDLY * losses[least]:
        return BLEND, weights
    return least, {least: 1.0}


def chosen(truth: Cases, points: Mapping[str, Array], rounds: int) -> Array:
    """The forecasts [cases, horizon] of the winner that the windows before would pick, window by window; the oldest has
    none before it and takes the mean of all."""
    forecast = np.empty_like(truth.actual)
    for window in truth.windows:
        mine, before = truth.window == window, truth.window > window
        weights = dict.fromkeys(points, 1.0)
        if before.any():
            weights = pick(truth[before], {name: found[before] for name, found in points.items()}, rounds)[1]
        forecast[mine] = mean([(weight, points[name][mine]) for name, weight in weights.items()])
    return forecast


def _backtests(
    backtest: Backtest, settings: RaceSettings, families: Mapping[str, Family], members: Sequence[str]
) -> tuple[dict[str, Array], list[str]]:
    """The forecasts [cases, horizon] of each member; one that cannot learn from so little is left out, and says so."""
    found, notes = {}, []
    for name in members:
        make, _, often = families[name]
        fit_one = partial(_make, make, getattr(settings, name))
        try:
            found[name] = candidate.points(backtest, fit_one, fits_of(backtest, often))
        except InputError as unable:
            notes.append(f"{name} did not race: {unable}")
    if not found:
        raise InputError("; ".join(notes))
    return found, notes


def _final(
    backtest: Backtest, settings: RaceSettings, families: Mapping[str, Family], weights: Mapping[str, float]
) -> Fitted:
    """The winner, or the blend of weighted members, fitted to everything."""
    training = backtest.training(backtest.panel)
    return blend.assemble(weights, [families[name][0](training, getattr(settings, name)) for name in weights])


def _told(winner: str, weights: Mapping[str, float], points: Mapping[str, Array]) -> tuple[str, ...]:
    """Who won, and why its figures are not quite those of its own line."""
    if len(points) < 2:
        return ()
    parts = " and ".join(f"{weight:.0%} {name}" for name, weight in weights.items())
    mixed = f" ({parts})" if winner == BLEND else ""
    return (
        f"the race chose {winner}{mixed} out of {', '.join(points)}; the candidate's figures are those of choosing "
        "in each window by the windows before it",
    )


def _banded(backtest: Backtest, points: Array) -> Array:
    return bands.honest(backtest.cases, points)


def _make(make: Callable[[Training, Any], Fitted], settings: Any, training: Training) -> Fitted:
    return make(training, settings)


def _shown(value: float) -> float:
    return float(f"{value:.6g}")
