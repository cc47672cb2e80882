"""A linear model on encoded rows: numbers filled and weighted, codes looked up; a constant is one without features.

    margin = intercept + Σ weight · number + Σ effect of the row's level

Scaling is folded into the weights, so the model is plain data and needs numpy alone. Levels that were not in training,
and missing ones where training had none, add nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..onnx.graph import Graph

Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """The weighted columns are `numbers`, then `levels`.

    `numbers` [a] are positions in the matrix of `features` columns, `fill` [a] their values where missing; `levels`
    [b, 2] pairs of position and code; `weights` [a + b, k] and `intercept` [k] give the margins; `spread` [a + b] is
    the standard deviation of each column in training.
    """

    features: int
    numbers: Array
    fill: Array
    levels: Array
    weights: Array
    intercept: Array
    spread: Array

    format = "linear"
    native = None

    def design(self, matrix: Array) -> Array:
        """Return the columns [n, a + b] that are weighted: filled numbers, then 1 for each level that the row has."""
        values = self.filled(matrix)
        levels = matrix[:, self.levels[:, 0]] == self.levels[:, 1]
        return np.concatenate([values, levels.astype(np.float64)], axis=1)

    def filled(self, matrix: Array) -> Array:
        """The numbers [n, a] of encoded rows, filled where they are missing."""
        values = matrix[:, self.numbers].astype(np.float64)
        missing = np.isnan(values)
        if missing.any():
            values[missing] = np.broadcast_to(self.fill, values.shape)[missing]
        return values

    def margins(self, matrix: Array) -> Array:
        """Margins [n, k] of encoded rows [n, features]."""
        design = self.design(matrix)
        # A sum for each row by itself: a matrix product may add up in an order that depends on the number of rows.
        columns = [(design * weights).sum(axis=1) for weights in self.weights.T]
        return np.stack(columns, axis=1) + self.intercept

    def graph(self, graph: Graph, inputs: str) -> str:
        """Add its nodes to an ONNX graph and return the name of its margins."""
        from ..onnx.forest import constant, join

        targets = len(self.intercept)
        if not len(self.weights):
            return graph.forest(
                inputs, join([constant(float(value), k, targets) for k, value in enumerate(self.intercept)])
            )
        parts = []
        if len(self.numbers):
            taken = graph.double(graph.add("Gather", inputs, graph.constant(self.numbers, np.int64), axis=1))
            filled = graph.add("Where", graph.add("IsNaN", taken), graph.constant(self.fill[None, :]), taken)
            parts.append(filled)
        if len(self.levels):
            taken = graph.add("Gather", inputs, graph.constant(self.levels[:, 0], np.int64), axis=1)
            same = graph.add("Equal", taken, graph.constant(self.levels[None, :, 1], np.float32))
            parts.append(graph.double(same))
        design = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        # [n, 1, columns] by [1, columns, k]: one product for each row, so that its bits cannot depend on the others.
        rows = graph.add("Unsqueeze", design, graph.constant([1], np.int64))
        summed = graph.add("MatMul", rows, graph.constant(self.weights[None, :, :]))
        margins = graph.add("Squeeze", summed, graph.constant([1], np.int64))
        return graph.add("Add", margins, graph.constant(self.intercept[None, :]))

    def lend(self) -> None:
        """Nothing of it belongs to a library."""

    def importance(self) -> Array | None:
        """How far each feature moves the margins: weights times the spread of their columns."""
        if not len(self.weights):
            return None
        moves = np.abs(self.weights).mean(axis=1) * self.spread
        found = np.zeros(self.features)
        np.add.at(found, np.concatenate([self.numbers, self.levels[:, 0]]), moves)
        return found

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Write model.json."""
        entries = {name: value if name == "features" else value.tolist() for name, value in vars(self).items()}
        (folder / "model.json").write_text(json.dumps(entries) + "\n", "utf8")
        return [{"kind": "linear", "weight": 1.0, "file": "model.json"}]

    @classmethod
    def constant(cls, features: int, intercept: Array) -> Linear:
        """The same margins [k] for every row."""
        none, whole = np.zeros(0), np.zeros(0, dtype=np.int64)
        return cls(
            features=features,
            numbers=whole,
            fill=none,
            levels=whole.reshape(0, 2),
            weights=np.zeros((0, len(intercept))),
            intercept=intercept,
            spread=none,
        )

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Linear:
        """From what `write` wrote."""
        return cls(
            features=entries["features"],
            numbers=np.array(entries["numbers"], dtype=np.int64),
            fill=np.array(entries["fill"], dtype=np.float64),
            levels=np.array(entries["levels"], dtype=np.int64).reshape(-1, 2),
            weights=np.array(entries["weights"], dtype=np.float64).reshape(-1, len(entries["intercept"])),
            intercept=np.array(entries["intercept"], dtype=np.float64),
            spread=np.array(entries["spread"], dtype=np.float64),
        )
