"""Classes that a model never, or hardly ever, predicts: said after the evaluation, with what to do about it.

Where 3 rows in 100 are "yes", the answer "no" is right 97 times, and a model that is fitted to be right learns just
that: its ranking may be good, and its accuracy looks it, while nobody is ever told "yes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..contract.catalogue import percent
from .decision.decided import decide, served

if TYPE_CHECKING:
    from ..contract.schema import Contract
    from ..usecase.evaluated import EvaluatedModel
    from .metrics import Array

#: A class of which no more than this share is recognised is told, where the test rows hold so many of it.
HARDLY, ENOUGH = 0.1, 5
#: Labels that a sentence shows at most.
SHOWN = 3
#: What helps where one of two classes is rare: a threshold of its own, judged by the labels that come of it.
THRESHOLD = "decision.threshold=auto gate.metric=f1"
#: What weighs rare classes like common ones, and what judges by them: ranking alone (ROC AUC) is not moved by either.
WEIGHTS = "train.class_weight=balanced gate.metric=balanced_accuracy"


def remedy(contract: Contract) -> str:
    """The settings to try first."""
    return THRESHOLD if contract.positive is not None else WEIGHTS


def note(contract: Contract, truth: Array, chosen: EvaluatedModel, *, weighted: bool = False) -> str | None:
    """Say which classes of the test rows `chosen` does not recognise; None where there are none.

    `truth` is [n] codes into the contract's labels; `weighted` tells whether classes have weights.
    """
    if not contract.labels:
        return None
    predicted, rule = decide(chosen.scores), served(chosen.scores)
    there = np.bincount(truth, minlength=len(contract.labels))
    found = np.bincount(truth[predicted == truth], minlength=len(contract.labels))
    said = np.bincount(predicted, minlength=len(contract.labels))
    missed = [
        code
        for code in np.argsort(-there, kind="stable").tolist()
        if there[code] and (not said[code] or (there[code] >= ENOUGH and found[code] <= HARDLY * there[code]))
    ]
    if not missed:
        return None
    parts = [
        f"{contract.labels[code]!r} ({found[code]:,} of {there[code]:,} found, "
        f"{percent(there[code] / len(truth))} of the test rows)"
        for code in missed[:SHOWN]
    ]
    more = f" and {len(missed) - SHOWN} more classes" if len(missed) > SHOWN else ""
    often = "hardly ever" if any(said[code] for code in missed) else "never"
    told = f"{', '.join(parts)}{more}"
    advice = _advice(contract, missed, weighted, rule.maximise if rule else None)
    return f"{chosen.name} {often} predicts {told}: {advice}"


def _advice(contract: Contract, missed: list[int], weighted: bool, chosen_for: str | None) -> str:
    """What has not been tried yet; where all has, what else there is."""
    binary = contract.positive is not None
    if binary and chosen_for is None:
        return f"try {THRESHOLD} (the label then follows the threshold that does best), or {WEIGHTS}"
    if not weighted:
        tried = f" (the threshold is chosen for {chosen_for} already)" if binary else ""
        return f"train with {WEIGHTS}, which fits and judges rare classes as common ones{tried}"
    done = f" and the threshold is chosen for {chosen_for}" if binary else ""
    column = f"probability_{contract.labels[missed[0]]}"
    return (
        f"the classes are weighted already (train.class_weight){done}, so collect more rows of it, merge it with "
        f"another class, or rank by {column}"
    )
