"""Answers beside the truth that arrived later, in the shape that the monitoring view of every use case hands over."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, kw_only=True)
class LabelledAnswers:
    """Cases whose truth is known, as the use case's metrics take them.

    `truth` and `scores` hold c cases; `rows` [c] are the positions of their first rows in the table that they were made
    from. `counts` [c] are how many truths each holds (None: one). `overlap` is how often one truth counts on average:
    forecasts made every hour for the same day are no independent evidence.
    """

    truth: Any
    scores: Any
    rows: np.ndarray
    counts: np.ndarray | None = None
    overlap: float = 1.0

    @property
    def outcomes(self) -> int:
        """How many truths are known."""
        return len(self.rows) if self.counts is None else int(self.counts.sum())

    def only(self, chosen: np.ndarray) -> LabelledAnswers:
        """The cases where a mask [c] is true."""
        return LabelledAnswers(
            truth=self.truth[chosen],
            scores=self.scores[chosen],
            rows=self.rows[chosen],
            counts=None if self.counts is None else self.counts[chosen],
            overlap=self.overlap,
        )


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure beside the metric of the gate. `expected` is what it should be, `error` its standard error (infinite
    where that is unknown), unless `proven` says itself whether it is more than chance. `value` is None where there is
    not enough to tell. `message` is for people."""

    metric: str
    subject: str
    value: float | None
    rows: int
    expected: float
    message: str
    error: float = math.inf
    proven: bool | None = None
