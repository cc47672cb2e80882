"""`model=auto`: LightGBM, XGBoost, a linear model or a blend of them, whichever the held-out rows favour.

For the answers of one part the other parts' rows choose, so the figure is that of the choosing, too; all of them choose
what serves. A blend is taken only where it is better than its best member: it costs the time of several. Of several
classes a blend without the linear model is tried, too: what makes its probabilities better can make its labels worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.figures import figure
from ...rows.training import Training
from .. import link as links
from . import blend, cross_fitting
from .candidate import Fitted
from .cross_fitting import Crossed, Parted

Array = npt.NDArray[Any]

#: The options, the simplest (and quickest in service) first.
SIMPLEST = (blend.LINE, "lightgbm_small", "lightgbm", "xgboost", "blend_of_trees", "blend")


@dataclass(frozen=True, kw_only=True)
class AutoSettings(blend.BlendSettings):
    """conf/model/auto.yaml."""


def fit(training: Training, settings: AutoSettings) -> Fitted:
    """Fit all of them, and keep the best."""
    parted = cross_fitting.parted(training)
    members = blend.members(parted, settings)
    options = {**members, "blend": blend.blended(parted, members)}
    if training.classes > 2:
        trees = {name: member for name, member in members.items() if name != blend.LINE}
        options["blend_of_trees"] = blend.blended(parted, trees)
    figures = {name: _figures(parted, option) for name, option in options.items()}
    margins = np.empty_like(options["blend"].margins)
    judging = []
    for number, (mine, _) in enumerate(parted.others()):
        judging.append(_best(parted, figures, number))
        margins[mine] = options[judging[-1]].margins[mine]
    name = _best(parted, figures, None)
    if len(parted.folds) != len(judging):
        judging = [name] * len(parted.folds)
    judges = tuple(options[each].judges[part] for part, each in enumerate(judging))
    chosen = replace(options[name], margins=margins, judges=judges)
    shown = ", ".join(f"{option} {figure(found[-1])}" for option, found in figures.items())
    metric = training.metric.name
    note = f"model=auto chose {name} by the {metric} of rows held out: {shown}"
    record = blend.record(settings) | {"chosen": name}
    return cross_fitting.finished(name, parted, chosen, record, notes=(note,))


def _figures(parted: Parted, option: Crossed) -> list[float]:
    """The deciding metric without each share's rows, and of all rows."""
    training = parted.training
    scores = links.scores(option.margins, parted.whole.task.link)
    truth = training.target[parted.index]
    masks = [rest for _, rest in parted.others()]
    return [training.figure(truth[mask], scores[mask]) for mask in [*masks, np.ones(len(truth), dtype=bool)]]


def _best(parted: Parted, figures: dict[str, list[float]], without: int | None) -> str:
    """The best option by the metric without one share's rows, or of all; the simplest of equals."""
    sign = 1.0 if parted.training.metric.greater_is_better else -1.0
    at = -1 if without is None else without
    order = [name for name in SIMPLEST if name in figures]
    return max(order, key=lambda name: (sign * figures[name][at], -order.index(name)))
