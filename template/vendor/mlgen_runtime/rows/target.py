"""What the settings of conf/target mean for the rows and the metrics: what is refused, and what judges.

metric(None, TargetSettings(objective="quantile", quantile=0.9, …))      → "pinball_0.9"
check(settings, contract, truth, None)      → InputError: target.objective=poisson needs …, row 7 holds -3
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError
from ..core.figures import figure

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..contract.schema import Contract
    from .settings import TargetSettings

#: Objectives whose values are rates or amounts that cannot be negative: they learn the logarithm of the mean.
COUNTS = ("poisson", "tweedie")
#: Objectives by which a leaf is a quantile of its rows: no library keeps it monotone.
RANKED = ("mae", "quantile")
#: The metric that is the objective, where that is not the task's main one.
JUDGES = {
    "mae": "mae",
    "huber": "mae",
    "quantile": "pinball",
    "poisson": "poisson_deviance",
    "tweedie": "tweedie_deviance",
}
#: Standard errors beyond which a mean error is no luck.
LUCK = 4.0
#: What values a metric or a transform is defined for: from this one on, or above it.
FROM = {"poisson_deviance": 0.0, "tweedie_deviance": 0.0, "poisson": 0.0, "tweedie": 0.0}
ABOVE = {"rmsle": -1.0, "log1p": -1.0}


def metric(named: str | None, settings: TargetSettings) -> str | None:
    """The metric that decides: the named one, or the objective's; pinball and Tweedie deviance with their figure."""
    chosen = JUDGES.get(settings.objective) if named is None else named
    figures = {"pinball": settings.quantile, "tweedie_deviance": settings.tweedie_power}
    return f"{chosen}_{figures[chosen]:g}" if chosen in figures else chosen


def facts(settings: TargetSettings) -> dict[str, str]:
    """What is not as it is without a word: the objective with its figure, and the transform."""
    figures = {"quantile": settings.quantile, "tweedie": settings.tweedie_power, "huber": settings.huber_delta}
    figure = figures.get(settings.objective)
    said = settings.objective.replace("_", " ") + ("" if figure is None else f" {figure:g}")
    found = {} if settings.objective == "squared_error" else {"objective": said}
    return found if settings.transform == "none" else {**found, "transform": settings.transform}


def lean(figures: Mapping[str, float], rows: int) -> tuple[float, float]:
    """The mean error (prediction less truth) of evaluated rows and its standard error; none where it may be luck."""
    mean, size = figures.get("mean_error"), figures.get("rmse")
    if mean is None or not size or not rows:
        return 0.0, 0.0
    doubt = size / rows**0.5
    return (mean, doubt) if abs(mean) > LUCK * doubt else (0.0, 0.0)


def leaning(settings: TargetSettings, figures: Mapping[str, float], mean: float, rows: int) -> str | None:
    """How far predictions that were turned back lie from the outcomes, whose mean is known; None where they do not."""
    found, _ = lean(figures, rows)
    if settings.transform == "none" or not found or not mean:
        return None
    return (
        f"predictions lie {figure(abs(found))} {'above' if found > 0 else 'below'} the outcomes on average "
        f"({abs(found / mean):.1%} of their mean), as target.transform={settings.transform} aims at the median; for "
        "totals leave it out, or use target.objective=poisson or tweedie"
    )


def check(settings: TargetSettings, contract: Contract, truth: npt.NDArray[Any], decides: str | None) -> list[str]:
    """Return what the reader should know. Raises InputError for what makes no sense with these rows [n]."""
    changed = [
        f"target.{name}={value}"
        for name, value, usual in (
            ("objective", settings.objective, "squared_error"),
            ("transform", settings.transform, "none"),
        )
        if value != usual
    ]
    if changed and not contract.is_amount:
        raise InputError(
            f"{changed[0]} is for amounts, and {contract.target.name!r} holds classes; leave it out, or use "
            "task=regression where the labels are numbers"
        )
    if not contract.is_amount:
        return []
    if settings.objective in COUNTS and settings.transform != "none":
        raise InputError(
            f"{' with '.join(changed)}: {settings.objective} learns the logarithm of the mean already; choose one"
        )
    for setting, words in (
        (f"target.objective={settings.objective}", settings.objective),
        (f"target.transform={settings.transform}", settings.transform),
        (
            f"gate.metric={decides}",
            (decides or "").rpartition("_")[0] if decides and decides[-1].isdigit() else decides,
        ),
    ):
        _within(setting, str(words), contract.target.name, truth)
    constrained = [column.name for column in contract.columns if column.monotone]
    if constrained and settings.objective in RANKED:
        raise InputError(
            f"{constrained[0]!r} is monotone in the contract, which no tree keeps under {changed[0]} (its leaves are "
            "quantiles of their rows); use target.objective=huber, or take the entry out of the contract"
        )
    return _notes(settings, decides, changed)


def _within(setting: str, words: str, name: str, truth: npt.NDArray[Any]) -> None:
    """Refuse values for which something is not defined, with the first of them and its row."""
    import numpy as np

    wrong: npt.NDArray[np.bool_]
    if words in FROM:
        wrong, expected = truth < FROM[words], f"values of {FROM[words]:g} or more"
    elif words in ABOVE:
        wrong, expected = truth <= ABOVE[words], f"values above {ABOVE[words]:g}"
    else:
        return
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        others = int(wrong.sum()) - 1
        more = f" (and {others:,} other{'s' if others > 1 else ''})" if others else ""
        raise InputError(
            f"{setting} needs {expected}, and {name!r} is {truth[row]:g} in row {row + 1}{more}; mend the rows, or "
            "choose another"
        )
    if words in FROM and not truth.any():
        raise InputError(f"{setting} needs a value above 0, and {name!r} is 0 in every row; choose another")


def _notes(settings: TargetSettings, decides: str | None, changed: list[str]) -> list[str]:
    """What a prediction is, where it is not the mean, and what judges."""
    meant = {
        "mae": "predictions are medians (target.objective=mae)",
        "quantile": f"predictions are the value below which {settings.quantile:.4g} of the outcomes lie "
        f"(target.objective=quantile); the interval is of the outcomes",
    }
    found = [meant[settings.objective]] if settings.objective in meant else []
    if settings.transform != "none" and settings.objective not in meant:
        found.append(
            f"predictions are turned back from target.transform={settings.transform} as they are: near the median of "
            "the outcomes, below their mean where those are skewed to the right"
        )
    if changed and decides == metric(None, settings) is not None:
        found.append(f"{decides} decides, as target.objective={settings.objective} has it; gate.metric names another")
    return found
