"""The labels that a judged model answers: a champion's by the rule that it serves with, another's by the rule that is
settled here and goes into its bundle."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import label_metrics, metrics
from . import rule, threshold
from .decided import Scores

if TYPE_CHECKING:
    from ...bundle.predictor import Predictor
    from ...contract.schema import Contract
    from ..settings import DecisionSettings

Array = npt.NDArray[Any]
Index = npt.NDArray[np.int64]
Outputs = Mapping[str, Array]

#: The fold of a row that had no part in choosing a threshold.
NEW = -1


def probabilities(outputs: Outputs, contract: Contract) -> Array:
    """The predictor's probabilities [n, k], as they are printed."""
    return np.stack([outputs[f"probability_{label}"] for label in contract.labels], axis=1)


def standing(settings: DecisionSettings, served: Predictor, outputs: Outputs, truth: Array, fold: Index) -> Scores:
    """What a champion answers by its own rule; what that is worth says the run's table.

    `fold` [n] says which rows were held out together, NEW for those that the champion has not met, which its own
    threshold judges. Rows that may have chosen it are judged by what the other folds choose.
    """
    if served.contract.is_amount:
        return np.asarray(outputs["prediction"], dtype=np.float64)
    found, own = probabilities(outputs, served.contract), rule.load(served.folder, served.contract)
    if own is None:
        return found
    printed = found[:, 1]
    thresholds = np.full(len(truth), own.threshold)
    if own.maximise is not None:
        met = fold != NEW
        thresholds[met] = threshold.crossed(truth[met], printed[met], fold[met], own.maximise, own.value)
    return threshold.answered(dataclasses.replace(own, value=threshold.table(settings)), found, thresholds)


def settled(
    settings: DecisionSettings, served: Predictor, outputs: Outputs, truth: Array, fold: Index
) -> tuple[Scores, Outputs]:
    """Settle the rule of a model that is no champion yet, write it into its bundle, and answer by it.

    `fold` [n] says which of the rows were held out together. The predictor's columns are those that it will serve.
    """
    contract = served.contract
    if contract.is_amount:
        return np.asarray(outputs["prediction"], dtype=np.float64), outputs
    found = probabilities(outputs, contract)
    if contract.positive is None:
        return found, outputs
    chosen, decided = threshold.settle(settings, truth, found, fold)
    chosen.write(served.folder, contract)
    labels = np.array(contract.label_values, dtype=outputs["prediction"].dtype)
    return decided, {**outputs, "prediction": labels[chosen.codes(found[:, 1]).astype(np.int64)]}


def unmoved(settings: DecisionSettings, metric: str | None, contract: Contract, champion: str) -> str | None:
    """Where the run is about a threshold, and the gate looks at what none moves: that, and what it could look at."""
    decisive = metrics.metric(metric, contract.task)
    of_labels = decisive.name in (*label_metrics.SUMMARIES, metrics.VALUE) or decisive.name not in metrics.METRICS
    if settings.threshold is None or of_labels:
        return None
    other = "value" if settings.value.given else "f1"
    return (
        f"{decisive.name} is of the probabilities, which no threshold moves; gate.metric={other} compares the labels "
        f"of the candidate with those of the champion (version {champion})"
    )
