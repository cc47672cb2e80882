"""How the answers move with an input: partial dependence (Friedman 2001) with the spread of single rows around it.

Every row of a sample is asked again with each value of a grid in the input's place, all else as it is: what is drawn
is the mean answer, and for one curve the tenth and the ninetieth percentile of the rows'. Values that never occur
together are asked too, so what it says of two inputs that go together is the model's opinion, not the world's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.figures import figure

if TYPE_CHECKING:
    import pandas as pd

    from ...contract.schema import Column, Contract
    from ..settings import ExplanationSettings
    from ..training import Array
    from .sample import Sample

#: Rows that are asked again, values of a number's grid, levels of a category, and classes with a curve of their own.
ROWS, GRID, LEVELS, CURVES = 150, 15, 8, 4
#: Numbers that have no more values than this are drawn like levels.
FEW = 5
#: The percentiles of the rows' own curves.
BAND = (0.1, 0.9)


@dataclass(frozen=True, eq=False, kw_only=True)
class Dependence:
    """An input's `values` [g], as numbers or as words, and the mean answer at each by the name of its curve; the band
    [g] of single rows where there is one curve. `numeric` says that values lie on a line."""

    input: str
    numeric: bool
    values: Sequence[float] | Sequence[str]
    means: Mapping[str, Array]
    low: Array
    high: Array

    def figures(self) -> dict[str, Any]:
        """As plain data."""
        means = {name: [float(value) for value in mean] for name, mean in self.means.items()}
        low, high = (list(map(float, end)) for end in (self.low, self.high))
        return {"input": self.input, "values": list(self.values), "means": means, "low": low, "high": high}


def measure(
    settings: ExplanationSettings, sample: Sample, contract: Contract, inputs: Sequence[str]
) -> list[Dependence]:
    """The curves of the first inputs that have more than one value."""
    known = {column.name: column for column in contract.inputs}
    rows = sample.frame.iloc[:ROWS]
    found: list[Dependence] = []
    for name in inputs:
        if len(found) == settings.curves:
            break
        grid, words = _grid(sample.frame[name], known[name])
        if len(grid) > 1:
            found.append(_dependence(sample, contract, rows, known[name], grid, words))
    return found


def _grid(cells: pd.Series, column: Column) -> tuple[list[Any], list[str]]:
    """The values to ask for, and how those are written that do not lie on a line: levels, truth values, a handful of
    numbers. A moment has none: as hour, weekday and year at once it is no single axis."""
    given = cells.dropna()
    if column.type == "datetime" or not len(given):
        return [], []
    if column.type in ("number", "integer"):
        numbers = given.to_numpy(dtype=np.float64)
        if len(distinct := np.unique(numbers)) <= FEW:
            return distinct.tolist(), [figure(value) for value in distinct]
        values = np.quantile(numbers, np.linspace(0.02, 0.98, GRID))
        return np.unique(np.round(values) if column.type == "integer" else values).tolist(), []
    common = given.value_counts().head(LEVELS).index.tolist()
    levels = [level for level in column.categories if level in common] or sorted(common, key=str)
    words = [("yes" if level else "no") if column.type == "boolean" else str(level) for level in levels]
    return levels, words


def _dependence(
    sample: Sample, contract: Contract, rows: pd.DataFrame, column: Column, grid: list[Any], words: list[str]
) -> Dependence:
    import pandas as pd

    many = pd.concat([rows] * len(grid), ignore_index=True)
    cells = pd.Series(np.repeat(np.arange(len(grid)), len(rows))).map(dict(enumerate(grid)))
    many[column.name] = cells.astype(many[column.name].dtype)
    scores = sample.served.scores(many)
    asked = scores.reshape(len(grid), len(rows), -1)
    curves = _curves(contract, asked)
    only = next(iter(curves.values()))
    low, high = np.quantile(only, BAND, axis=1) if len(curves) == 1 else (np.zeros(0), np.zeros(0))
    return Dependence(
        input=column.name,
        numeric=not words,
        values=words or [float(value) for value in grid],
        means={name: each.mean(axis=1) for name, each in curves.items()},
        low=low,
        high=high,
    )


def _curves(contract: Contract, asked: Array) -> dict[str, Array]:
    """The answers [g, rows] that have a curve: the value; of two classes the second's probability; of more, those of
    the classes that are answered most."""
    target, labels = contract.target.name, contract.labels
    if not labels:
        return {target: asked[:, :, 0]}
    if len(labels) == 2:
        return {f"{target} = {labels[1]}": asked[:, :, 1]}
    often = np.argsort(-asked.mean(axis=(0, 1)), kind="stable")[:CURVES]
    return {labels[code]: asked[:, :, code] for code in sorted(often.tolist())}
