"""How much a model leans on each input: permutation importance of the deciding metric, and the mean size of its SHAP
values.

An input is shuffled among the rows that one fit judges; how much worse the metric gets is what the input was worth
beside all others (Breiman 2001). Inputs that say the same share their worth: each alone may look like nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...core import cpu_quota as quota
from ...usecase.loading import load
from ..answers import EXPLAIN, SHAP

if TYPE_CHECKING:
    from ...contract.schema import Contract
    from ..metrics import Metric
    from ..settings import RowsConfig
    from .sample import Sample

#: Rows whose SHAP values are averaged: their mean size is steady long before a metric's difference is.
EXPLAINED = 300


@dataclass(frozen=True, kw_only=True)
class Importance:
    """An input: how much worse the metric gets, in its units, with the least and the most of the shuffles; and the mean
    |SHAP| in the units of the margin, None where the model cannot be explained."""

    input: str
    worse: float
    least: float
    most: float
    shap: float | None

    def figures(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self)}


def measure(config: RowsConfig, sample: Sample, contract: Contract, folder: Path, metric: Metric) -> list[Importance]:
    """The inputs that the model uses at all, the most important first; `folder` holds its bundle."""
    settings = config.explanation
    used = _used(sample, [column.name for column in contract.inputs])[: settings.inputs]
    if not used:
        return []
    sign = 1.0 if metric.greater_is_better else -1.0
    whole = metric.value(sample.truth, sample.scores()[0])
    random = np.random.default_rng(config.seed)
    orders = [_shuffled(sample, random) for _ in range(settings.repeats)]
    shap = _shap(sample, contract, folder, quota.threads(config.train.threads))
    found = []
    for name in used:
        drops = [sign * (whole - metric.value(sample.truth, scores)) for scores in sample.scores(name, orders)]
        known = [drop for drop in drops if drop == drop] or [0.0]  # a metric may not be defined of few rows
        worse, least, most = float(np.mean(known)), float(min(known)), float(max(known))
        found.append(Importance(input=name, worse=worse, least=least, most=most, shap=shap.get(name)))
    return sorted(found, key=lambda each: (-each.worse, -(each.shap or 0.0), each.input))


def _used(sample: Sample, names: list[str]) -> list[str]:
    """The inputs by what the model says of the features that they become, without those that it does not use; all of
    them where it says nothing or uses derived features, and none where its answers are all alike."""
    shares = sample.served.importance()
    if not shares:
        return names if np.ptp(sample.served.scores(sample.frame), axis=0).max() > 0 else []
    total, derived = dict.fromkeys(names, 0.0), 0.0
    longest = sorted(names, key=len, reverse=True)
    for feature, share in shares.items():
        name = feature if feature in total else next((name for name in longest if feature.startswith(name)), None)
        if name is not None:
            total[name] += share
        else:
            derived += share
    ordered = sorted(names, key=lambda name: -total[name])
    return [name for name in ordered if total[name] > 0 or derived > 0]


def _shuffled(sample: Sample, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Positions [n] of the rows, each moved to another of the rows that the same fit judges."""
    order = np.arange(len(sample.truth))
    for positions in sample.parts:
        order[positions] = random.permutation(positions)
    return order


def _shap(sample: Sample, contract: Contract, folder: Path, threads: int) -> dict[str, float]:
    """The mean |SHAP| of each input by the served model; nothing where it cannot be explained."""
    model = load(folder, threads)
    option = model.options.get(EXPLAIN)
    if option is None or option.refused is not None:
        return {}
    rows = sample.frame.iloc[:EXPLAINED]
    found = model.predict({c.name: rows[c.name].to_numpy() for c in contract.inputs}, **{EXPLAIN: True})
    return {
        name.removeprefix(SHAP): float(np.abs(values).mean()) for name, values in found.items() if name.startswith(SHAP)
    }
