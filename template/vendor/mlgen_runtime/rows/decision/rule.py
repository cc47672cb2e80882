"""How the label of two classes follows from their probabilities; it travels in the bundle.

decision.json    {"positive": "Yes", "threshold": 0.37, "maximise": "f1", "value": null}

The positive class is predicted where its probability, as it is printed, is at least the threshold: so the label and the
probability that stand side by side in a file never contradict each other, and every reader of them decides alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...bundle import format as bundle
from ...contract.schema import Contract

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FILE = "decision.json"
#: Decimals of a threshold: those that probabilities are printed with.
DECIMALS = 6


@dataclass(frozen=True, kw_only=True)
class ValueTable:
    """What a case of each outcome is worth. Positive and negative is what was predicted."""

    true_positive: float
    false_positive: float
    true_negative: float
    false_negative: float

    @property
    def by_code(self) -> list[list[float]]:
        """[true class, predicted class], by the codes of the contract's labels."""
        return [[self.true_negative, self.false_positive], [self.false_negative, self.true_positive]]


@dataclass(frozen=True, kw_only=True)
class DecisionRule:
    """`maximise` is what the threshold was chosen for, None where it was given; `value` is None without a table."""

    threshold: float = 0.5
    maximise: str | None = None
    value: ValueTable | None = None

    def codes(self, printed: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Whether the positive class is predicted [n], from its probabilities [n] as they are printed."""
        found: npt.NDArray[np.bool_] = printed >= self.threshold
        return found

    def sentence(self, contract: Contract) -> str:
        """The rule in words."""
        other, positive = contract.labels
        chosen = f", chosen for {self.maximise}" if self.maximise else ""
        return (
            f"{positive} is predicted where its probability is at least {self.threshold:g}{chosen}; otherwise {other}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The rule as plain data."""
        return dataclasses.asdict(self)

    def write(self, folder: Path, contract: Contract) -> None:
        """Write it into a bundle's folder."""
        bundle.write_json(folder, FILE, {"positive": contract.positive, **self.to_dict()})


def load(folder: Path, contract: Contract) -> DecisionRule | None:
    """The rule of a bundle; None where there are more classes than two, or none. One without the file takes 0.5."""
    if contract.positive is None:
        return None
    entries: Mapping[str, Any] = bundle.read_json(folder, FILE)
    table = entries.get("value")
    return DecisionRule(
        threshold=float(entries.get("threshold", 0.5)),
        maximise=entries.get("maximise"),
        value=None if table is None else ValueTable(**table),
    )
