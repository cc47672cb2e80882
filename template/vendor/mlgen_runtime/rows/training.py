"""What goes into a fit and what comes out: the seam between the pipeline and every model and baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ..contract.schema import Contract
from ..usecase.training_parts import Candidate as CandidateProtocol
from .decision import threshold
from .decision.acceptance import class_weights

if TYPE_CHECKING:
    import pandas as pd

    from ..usecase.parity import Parity
    from .metrics import Metric
    from .settings import DecisionSettings, TargetSettings
    from .split import Part

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training rows and how to fit them.

    `frame` holds the conformed inputs [n rows]; `target` [n] values, or codes 0..k-1 into the contract's labels;
    `weight`, `group` and `time` [n] where the contract names such a column. `learnt` says on which scale,
    and by which error, an amount is learnt; `coverage` is that of the interval; `now` is the moment that the rows are
    from (see `rows.moment`).
    `parts` hold positions [in n]: each fit of a part answers the rows that it did not learn from, and these answers
    judge the model, which is fitted again on all rows. Without parts the model is judged by rows that are not here.
    `metric` is the one that decides, `decision` how two classes are told apart (None: at one half); `kept` holds what a
    use case works out once, for baselines and candidate alike.
    """

    frame: pd.DataFrame
    contract: Contract
    target: Array
    weight: Array | None
    group: Array | None
    time: Array | None
    settings: Any
    learnt: TargetSettings
    seed: int
    threads: int
    coverage: float
    now: int = 0
    parts: tuple[Part, ...]
    metric: Metric
    kept: dict[str, Any] = field(default_factory=dict)
    decision: DecisionSettings | None = None

    @property
    def message(self) -> str:
        """How much there is to learn from, in words."""
        return f"{len(self.target):,} rows"

    @property
    def classes(self) -> int:
        """The number of classes; 0 for regression."""
        return len(self.contract.labels)

    def take(self, rows: Array) -> Training:
        """Some of the rows, by position: what a fit of a part gets."""
        chosen: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[rows]
            for name in ("target", "weight", "group", "time")
        }
        return replace(self, frame=self.frame.iloc[rows].reset_index(drop=True), parts=(), kept={}, **chosen)

    def figure(self, truth: Array, scores: Array) -> float:
        """The deciding metric of values [n], or of probabilities [n, k] by the labels that would be answered."""
        if self.classes != 2 or self.decision is None:
            return self.metric.value(truth, scores)
        rule = threshold.chosen(self.decision, truth, scores[:, 1])
        return self.metric.value(truth, threshold.answered(rule, scores))

    def weights(self) -> npt.NDArray[np.float64]:
        """The weight of each row [n], 1 on average: the contract's column, times that of its class."""
        weights = np.ones(len(self.target)) if self.weight is None else np.asarray(self.weight, dtype=np.float64)
        chosen = self.settings.class_weight
        if self.classes and chosen == "balanced":
            totals = np.bincount(self.target, weights=weights, minlength=self.classes)
            weights = weights / np.maximum(totals, 1e-300)[self.target]
        elif self.classes and chosen != "none":
            weights = weights * np.array(class_weights(chosen, self.contract))[self.target]
        scaled: npt.NDArray[np.float64] = weights / weights.mean()
        return scaled


class Candidate(CandidateProtocol, Protocol):
    """A fitted model that the gate can judge and the bundle can hold."""

    @property
    def held_out(self) -> Array | None:
        """Answers [rows of the parts, width] by fits that did not see the row, in the order of the parts: probabilities
        of the classes, or the value and the ends of its interval. None where the training has no parts."""

    @property
    def decimals(self) -> int:
        """The decimals that its answers are printed with."""

    def judges(self) -> Sequence[Candidate]:
        """The fits that answered the rows of each part, none of which saw them; the model itself where it was judged by
        rows held apart."""

    def scores(self, frame: pd.DataFrame) -> Array:
        """Values [n], or probabilities [n, k], of conformed rows."""

    def write(self, folder: Path, sample: pd.DataFrame, tolerance: float) -> Parity:
        """Write the model's files of a bundle; `sample` are conformed rows to compare on."""

    def explain(self, folder: Path, sample: pd.DataFrame) -> None:
        """Write what explains the model's predictions, or why nothing does; `sample` are conformed rows."""
