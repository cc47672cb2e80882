"""What a classifier says of judged rows: probabilities, and the label that it answers, which need not be the likeliest.

Metrics take it in the place of plain probabilities: those of a ranking look at the one, those of labels at the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .rule import DecisionRule

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Decided:
    """`probabilities` [n, k], the `codes` [n] of the labels answered, and the rule that is served, if there is one.

    Where its threshold was chosen, rows that helped to choose it are answered by another.
    """

    probabilities: Array
    codes: npt.NDArray[np.int64]
    rule: DecisionRule | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Decided:
        """The answers to some rows, chosen by positions or a mask."""
        return Decided(self.probabilities[rows], self.codes[rows], self.rule)


#: Probabilities [n, k] or values [n] alone, or with the labels answered.
Scores = Array | Decided


def probabilities(scores: Scores) -> Array:
    """The probabilities [n, k], or values [n]."""
    return scores.probabilities if isinstance(scores, Decided) else scores


def decide(scores: Scores) -> npt.NDArray[np.int64]:
    """The answered codes [n]: as decided; of plain probabilities the likeliest class, the last of two equals."""
    if isinstance(scores, Decided):
        return scores.codes
    likeliest = scores[:, 1] >= 0.5 if scores.shape[1] == 2 else scores.argmax(axis=1)
    return likeliest.astype(np.int64)


def served(scores: Scores) -> DecisionRule | None:
    """The rule that is served, where two classes were told apart."""
    return scores.rule if isinstance(scores, Decided) else None


def worth(scores: Scores) -> npt.NDArray[np.float64] | None:
    """What each answer is worth [true, answered]; None where nobody said."""
    rule = served(scores)
    return None if rule is None or rule.value is None else np.array(rule.value.by_code)
