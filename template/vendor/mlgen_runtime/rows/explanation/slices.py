"""Where a model is weak: the levels and ranges of inputs in which the deciding metric is worst.

Every level of a category and every quarter of a number is a slice, if it holds enough judged rows. So many are looked
at that some look bad by chance: their intervals are widened for all of them together (Bonferroni), and one whose
interval still lies on the worse side of the whole's figure is weak beyond luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...core.figures import figure

if TYPE_CHECKING:
    import pandas as pd

    from ...contract.schema import Column
    from ...usecase.evaluated import EvaluatedModel
    from ..metrics import Metric
    from ..preparation import Prepared
    from ..settings import ExplanationSettings

#: Judged rows that are looked at, levels of a category, resamples behind a standard error, and the chance of a mistake
#: among all slices.
ROWS, LEVELS, RESAMPLES, CHANCE = 20_000, 20, 100, 0.05
#: Parts that a number is cut into.
PARTS = 4


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some rows in words, how many, and the metric of them with its interval; `weak` says that this is beyond luck."""

    input: str
    words: str
    rows: int
    value: float
    low: float
    high: float
    weak: bool

    @property
    def name(self) -> str:
        """The input and which of its values."""
        return f"{self.input} {self.words}"

    def figures(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self)}


def measure(
    settings: ExplanationSettings, prepared: Prepared, chosen: EvaluatedModel, metric: Metric, seed: int
) -> list[Slice]:
    """The slices in which the model is worst, the worst first."""
    random = np.random.default_rng(seed)
    count = len(prepared.truth)
    kept = np.arange(count) if count <= ROWS else np.sort(random.choice(count, ROWS, replace=False))
    frame, truth, scores = prepared.test.iloc[kept], prepared.truth[kept], chosen.scores[kept]
    sign = 1.0 if metric.greater_is_better else -1.0
    found: list[tuple[float, str, str, npt.NDArray[np.int64]]] = []
    for column in prepared.contract.inputs:
        for words, mask in _masks(frame[column.name], column):
            rows = np.flatnonzero(mask)
            if settings.slice_rows <= len(rows) < len(frame):
                value = metric.value(truth[rows], scores[rows])
                if value == value:
                    found.append((value, column.name, words, rows))
    found.sort(key=lambda each: (sign * each[0], each[1], each[2]))
    whole = metric.value(truth, scores)
    width = NormalDist().inv_cdf(1 - CHANCE / (2 * max(1, len(found))))
    shown = []
    for value, name, words, rows in found[: settings.slices]:
        resample = metric.prepare(truth[rows], scores[rows])
        drawn = [
            resample(np.bincount(random.integers(len(rows), size=len(rows)), minlength=len(rows)))
            for _ in range(RESAMPLES)
        ]
        if not np.isfinite(drawn).any():
            continue
        error = width * float(np.nanstd(drawn))
        best = value + sign * error
        shown.append(
            Slice(
                input=name,
                words=words,
                rows=len(rows),
                value=value,
                low=value - error,
                high=value + error,
                weak=bool(sign * best < sign * whole),
            )
        )
    return shown


def _masks(cells: pd.Series, column: Column) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """The slices of one input: in words, and which rows [n] they hold."""
    empty = cells.isna().to_numpy()
    if empty.any():
        yield "is missing", empty
    if column.type in ("number", "integer"):
        yield from _ranges(cells.to_numpy(dtype=np.float64))
        return
    if column.type == "datetime":
        return
    for level in cells.dropna().value_counts().head(LEVELS).index.tolist():
        shown = ("yes" if level else "no") if column.type == "boolean" else str(level)
        yield f"= {shown}", (cells == level).to_numpy(dtype=bool, na_value=False)


def _ranges(values: npt.NDArray[np.float64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """A number's values, or its quarters where it has more of them than that."""
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= PARTS:
        for value in distinct.tolist():
            yield f"= {figure(value)}", values == value
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PARTS + 1)[1:-1], method="nearest"))
    for low, high in zip([-np.inf, *edges], [*edges, np.inf], strict=True):
        words = f"≤ {figure(high)}" if low == -np.inf else f"> {figure(low)}"
        if low != -np.inf and high != np.inf:
            words = f"{figure(low)} to {figure(high)}"
        yield words, (values > low) & (values <= high)
