"""The labels that a judged model answers: a champion's by the rule that it serves with, another's by the rule that is
settled here and goes into its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import rule, threshold
from .decided import Decided, Scores

if TYPE_CHECKING:
    from ...bundle.predictor import Predictor
    from ...contract.schema import Contract
    from ..settings import DecisionSettings

Array = npt.NDArray[Any]
Outputs = Mapping[str, Array]


def probabilities(outputs: Outputs, contract: Contract) -> Array:
    """The predictor's probabilities [n, k], as they are printed."""
    return np.stack([outputs[f"probability_{label}"] for label in contract.labels], axis=1)


def standing(settings: DecisionSettings, served: Predictor, outputs: Outputs) -> Scores:
    """What a champion answers, by its own threshold; what that is worth says the run's table."""
    found, own = probabilities(outputs, served.contract), rule.load(served.folder, served.contract)
    if own is None:
        return found
    value = threshold.table(settings)
    worth = None if value is None else np.array(value.by_code)
    return Decided(found, own.codes(found[:, 1]).astype(np.int64), worth)


def settled(
    settings: DecisionSettings, served: Predictor, outputs: Outputs, truth: Array, fold: threshold.Index
) -> tuple[Scores, Outputs]:
    """Settle the rule of a model that is no champion yet, write it into its bundle, and answer by it.

    `fold` [n] says which of the rows were held out together. The predictor's columns are those that it will serve.
    """
    found, contract = probabilities(outputs, served.contract), served.contract
    if contract.positive is None:
        return found, outputs
    chosen, decided = threshold.settle(settings, truth, found, fold)
    chosen.write(served.folder, contract)
    labels = np.array(contract.label_values, dtype=outputs["prediction"].dtype)
    return decided, {**outputs, "prediction": labels[chosen.codes(found[:, 1]).astype(np.int64)]}
