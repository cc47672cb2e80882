"""What goes into a fit and what comes out: the seam between the pipeline and every model and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ..contract.schema import Contract
from ..usecase.parity import Bulk, Parity

if TYPE_CHECKING:
    import pandas as pd


Array = npt.NDArray[Any]

__all__ = ["Bulk", "Candidate", "Parity", "Training"]


class TrainingSettings(Protocol):
    """What rows need to know of how models are fitted."""

    @property
    def imbalance(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training rows and how to fit them.

    `frame` holds the conformed inputs [n rows]; `target` [n] values, or codes 0..k-1 into the contract's labels;
    `weight`, `group` and `time` [n] where the contract names such a column. `coverage` is that of the interval.
    """

    frame: pd.DataFrame
    contract: Contract
    target: Array
    weight: Array | None
    group: Array | None
    time: Array | None
    settings: Any
    seed: int
    threads: int
    coverage: float

    @property
    def message(self) -> str:
        """How much there is to learn from, in words."""
        return f"{len(self.target):,} rows"

    @property
    def classes(self) -> int:
        """The number of classes; 0 for regression."""
        return len(self.contract.labels)

    def weights(self) -> npt.NDArray[np.float64]:
        """The weight of each row [n], 1 on average: the contract's column, times the balance of the classes."""
        weights = np.ones(len(self.target)) if self.weight is None else np.asarray(self.weight, dtype=np.float64)
        if self.classes and self.settings.imbalance == "balanced":
            totals = np.bincount(self.target, weights=weights, minlength=self.classes)
            weights = weights / np.maximum(totals, 1e-300)[self.target]
        scaled: npt.NDArray[np.float64] = weights / weights.mean()
        return scaled


class Candidate(Protocol):
    """A fitted model that the gate can judge and the bundle can hold."""

    @property
    def name(self) -> str:
        """The model's name in the registry, or the baseline's."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know of how it was fitted."""

    @property
    def native(self) -> Any:
        """The library's own booster, or None where the model is not one booster."""

    def scores(self, frame: pd.DataFrame) -> Array:
        """Values [n], or probabilities [n, k], of conformed rows."""

    def importance(self) -> dict[str, float]:
        """What each feature contributes, as shares that sum to 1; empty where that means nothing."""

    def parameters(self) -> dict[str, object]:
        """Settings and findings (such as the number of trees) for the run's record."""

    def write(self, folder: Path, sample: pd.DataFrame, tolerance: float) -> Parity:
        """Write the model's files of a bundle; `sample` are conformed rows to compare on."""
