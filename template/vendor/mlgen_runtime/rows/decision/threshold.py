"""The threshold of a binary classifier: from which probability on the positive class is predicted.

    choose(truth, printed, "f1", None)                      → 0.318204
    rule, codes = settle(settings, truth, printed, fold)    the rule to serve, and the labels to judge

It is chosen on answers to rows that the model did not learn from. A figure must not come from rows that chose what it
measures: so the rows of a fold are judged by the threshold that the other folds choose. The one that is served is
chosen by all of them, and differs from those as little as they do from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..label_metrics import SUMMARIES, confusion, per_class, valued
from .decided import Decided, Scores
from .rule import DECIMALS, DecisionRule, ValueTable

if TYPE_CHECKING:
    from ..settings import DecisionSettings

Array = npt.NDArray[Any]
Index = npt.NDArray[np.int64]

#: Parts of judged rows that are one holdout, so that each is judged by a threshold of the others.
PARTS = 5
#: Figures that differ by less are equal: among equals the threshold nearest to one half is the plainest.
SAME = 1e-12


@dataclass(frozen=True, eq=False)
class Curve:
    """What each threshold [m] would give, from the highest down: tables [m, true, predicted] of counts."""

    thresholds: Array
    tables: Array

    @property
    def precision(self) -> Array:
        """Of the rows called positive, the share that is [m]."""
        return per_class(self.tables)["precision"][:, 1]

    @property
    def recall(self) -> Array:
        """Of the positive rows, the share that is called so [m]."""
        return per_class(self.tables)["recall"][:, 1]

    def figure(self, name: str, value: ValueTable | None) -> Array:
        """A metric of labels [m]; `value` needs the table."""
        if name != "value":
            return SUMMARIES[name](self.tables)
        assert value is not None
        return valued(np.array(value.by_code))(self.tables)


def curve(truth: Array, printed: Array) -> Curve:
    """What every threshold that tells rows apart would give: halfway between the probabilities of two rows, so that
    it does not hang on one of them. `truth` [n] is 0 or 1, `printed` [n] the probabilities of the positive class."""
    levels, level = np.unique(-printed, return_inverse=True)
    positives, rows = (np.bincount(level, weights=weights, minlength=len(levels)) for weights in (truth, None))
    # what is called positive: no row, those of the highest level, those of the highest two, …, every row
    true, called = (np.append(0.0, np.cumsum(counts)) for counts in (positives, rows))
    tables = np.array([[len(truth) - called - true[-1] + true, called - true], [true[-1] - true, true]])
    above, below = np.append(1.0, -levels), np.append(-levels, 0.0)
    thresholds = above.copy()  # of neighbours in the last decimal, the upper one
    for decimals in range(DECIMALS, 1, -1):  # the roundest of those that call the same rows positive
        halfway = np.round((above + below) / 2, decimals)
        thresholds = np.where((below < halfway) & (halfway <= above), halfway, thresholds)
    possible = (below < thresholds) & (thresholds > 0) & (thresholds < 1)
    return Curve(thresholds[possible], np.moveaxis(tables, -1, 0)[possible])


def choose(truth: Array, printed: Array, maximise: str, value: ValueTable | None) -> float:
    """The threshold whose figure is the highest on these rows; of equal ones that nearest to one half."""
    found = curve(truth, printed)
    if not len(found.thresholds):
        return 0.5
    figures = found.figure(maximise, value)
    best = np.flatnonzero(figures >= figures.max() - SAME)
    return float(found.thresholds[best[np.argmin(np.abs(found.thresholds[best] - 0.5))]])


def crossed(truth: Array, printed: Array, fold: Index, maximise: str, value: ValueTable | None) -> Array:
    """The threshold [n] by which each row is judged: the one that the rows of the other folds choose."""
    thresholds = np.empty(len(truth))
    for part in np.unique(fold):
        held = fold == part
        thresholds[held] = choose(truth[~held], printed[~held], maximise, value)
    return thresholds


def dealt(truth: Array, seed: int, parts: int = PARTS) -> Index:
    """The part 0..parts-1 of each row [n], drawn by the seed with equal shares of the classes."""
    shuffled = np.random.default_rng(seed).permutation(len(truth))
    shuffled = shuffled[np.argsort(truth[shuffled], kind="stable")]
    fold = np.empty(len(truth), dtype=np.int64)
    fold[shuffled] = np.arange(len(truth)) % parts
    return fold


def table(settings: DecisionSettings) -> ValueTable | None:
    """The table of values that the settings give, None where they give none; what they leave out is worth nothing."""
    if not settings.value.given:
        return None
    return ValueTable(**{name: value or 0.0 for name, value in vars(settings.value).items()})


def aim(settings: DecisionSettings) -> str:
    """What an automatic choice maximises."""
    return settings.maximise or ("value" if settings.value.given else "f1")


def chosen(settings: DecisionSettings, truth: Array, printed: Array) -> DecisionRule:
    """The rule that the settings give, or that these rows choose."""
    value = table(settings)
    if settings.threshold != "auto":
        return DecisionRule(threshold=0.5 if settings.threshold is None else settings.threshold, value=value)
    maximise = aim(settings)
    return DecisionRule(threshold=choose(truth, printed, maximise, value), maximise=maximise, value=value)


def answered(rule: DecisionRule, probabilities: Array, thresholds: Array | None = None) -> Decided:
    """What is answered by a rule, or by a threshold for each row, and what that is worth."""
    printed = probabilities[:, 1]
    codes = rule.codes(printed) if thresholds is None else printed >= thresholds
    return Decided(probabilities, codes.astype(np.int64), rule)


def answers(rule: DecisionRule | None, scores: Array) -> Scores:
    """What metrics take of scores [n, …]: with the labels of a rule, where there is one."""
    return scores if rule is None else answered(rule, scores)


def settle(settings: DecisionSettings, truth: Array, probabilities: Array, fold: Index) -> tuple[DecisionRule, Decided]:
    """The rule to serve, and the answers by which the model is judged.

    `probabilities` [n, 2] are printed ones of rows that were not learnt from; `fold` [n] says which rows were held out
    together.

    Where all rows of a fold have the same probability there is nothing to choose but all or none, and only a table says
    what that is worth: else the majority stays the majority, though an F1 would have it call every row positive.
    """
    printed = probabilities[:, 1]
    rule = chosen(settings, truth, printed)
    if rule.maximise not in (None, "value") and not _ranks(printed, fold):
        rule = DecisionRule(value=rule.value)
    if rule.maximise is None:
        return rule, answered(rule, probabilities)
    thresholds = crossed(truth, printed, fold, rule.maximise, rule.value)
    return rule, answered(rule, probabilities, thresholds)


def _ranks(printed: Array, fold: Index) -> bool:
    """Whether rows that were answered by the same fit are told apart."""
    return any(np.ptp(printed[fold == part]) > 0 for part in np.unique(fold))


def outcomes(truth: Array, decided: Decided) -> dict[str, int]:
    """How many rows were true and false positives and negatives."""
    (negative, false_positive), (false_negative, positive) = confusion(truth, decided.codes, 2).astype(int).tolist()
    return {
        "true_positive": positive,
        "false_positive": false_positive,
        "true_negative": negative,
        "false_negative": false_negative,
    }
