"""A fitted scikit-learn estimator as what computes scores: on a matrix without gaps, and as nodes of an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...onnx import scikit_learn
from ...onnx.graph import Graph, Unsupported
from ..preprocessing import Preprocessing
from .candidate import NoSafeFormat

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Design:
    """The matrix that an estimator takes: `numbers` [a] are positions among the features, `fill` [a] their values where
    missing, `levels` [b, 2] pairs of position and code. All in float32, as the served graph has it."""

    features: int
    numbers: Array
    fill: Array
    levels: Array

    @classmethod
    def of(cls, prepared: Preprocessing, matrix: Array) -> Design:
        """All numbers, their gaps filled by the median, and every level that has a code."""
        codes = prepared.categorical
        numbers = np.array([at for at in range(len(prepared.features)) if at not in codes], dtype=np.int64)
        known = [matrix[~np.isnan(matrix[:, at]), at] for at in numbers]
        fill = np.array([np.median(values) if len(values) else 0.0 for values in known], dtype=np.float32)
        levels = [(at, code) for at, encoding in codes.items() for code in range(encoding.codes)]
        return cls(len(prepared.features), numbers, fill, np.array(levels, dtype=np.int64).reshape(-1, 2))

    def columns(self, matrix: Array) -> Array:
        """The columns [n, a + b] of encoded rows [n, features]."""
        values = matrix[:, self.numbers].astype(np.float32)
        values = np.where(np.isnan(values), self.fill, values)
        levels = matrix[:, self.levels[:, 0]] == self.levels[:, 1]
        found: Array = np.concatenate([values, levels.astype(np.float32)], axis=1)
        return found

    def graph(self, graph: Graph, inputs: str) -> str:
        """The nodes that make the columns of float32 `inputs`; return the tensor's name."""
        from onnx import TensorProto

        parts = []
        if len(self.numbers):
            taken = graph.add("Gather", inputs, graph.constant(self.numbers, np.int64), axis=1)
            fill = graph.constant(self.fill[None, :], np.float32)
            parts.append(graph.add("Where", graph.add("IsNaN", taken), fill, taken))
        if len(self.levels):
            taken = graph.add("Gather", inputs, graph.constant(self.levels[:, 0], np.int64), axis=1)
            same = graph.add("Equal", taken, graph.constant(self.levels[None, :, 1], np.float32))
            parts.append(graph.add("Cast", same, to=TensorProto.FLOAT))
        return graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


@dataclass(frozen=True)
class Estimator:
    """Scores of a fitted estimator: values [n, 1], or probabilities [n, classes] in the order of the codes."""

    design: Design
    estimator: Any
    classes: int

    format = "scikit-learn"
    native = None

    def margins(self, matrix: Array) -> Array:
        """Values or probabilities of encoded rows [n, features]; a class that training had not gets 0."""
        columns = self.design.columns(matrix)
        if not self.classes:
            return np.asarray(self.estimator.predict(columns), dtype=np.float64).reshape(-1, 1)
        found = np.zeros((len(matrix), self.classes))
        found[:, np.asarray(self.estimator.classes_, dtype=np.int64)] = self.estimator.predict_proba(columns)
        return found

    def graph(self, graph: Graph, inputs: str) -> str:
        """The estimator behind the nodes that make its columns: averaged trees as they are, anything else as skl2onnx
        writes it. Raises Unsupported."""
        columns = self.design.graph(graph, inputs)
        trees = scikit_learn.forest(self.estimator)
        if trees is not None:
            found = graph.forest(columns, trees)
            if self.classes and trees.targets == 1 and len(self.estimator.classes_) == 2:
                other = graph.add("Sub", graph.constant([[1.0]]), found)
                found = graph.add("Concat", other, found, axis=1)
        else:
            found = graph.double(graph.include(self._converted(), columns))
        if self.classes and len(self.estimator.classes_) < self.classes:
            spread = np.zeros((len(self.estimator.classes_), self.classes))
            spread[np.arange(len(spread)), np.asarray(self.estimator.classes_, dtype=np.int64)] = 1.0
            found = graph.add("MatMul", found, graph.constant(spread))
        return found

    def _converted(self) -> Any:
        """The model of skl2onnx: one input of float32, the last output are the scores."""
        try:
            import skl2onnx
            from skl2onnx.common.data_types import FloatTensorType
        except ImportError as error:
            raise Unsupported(f"a scikit-learn estimator without {error.name}, which is not installed") from error
        width = len(self.design.numbers) + len(self.design.levels)
        try:
            return skl2onnx.to_onnx(
                self.estimator,
                initial_types=[("columns", FloatTensorType([None, width]))],
                options={id(self.estimator): {"zipmap": False}} if self.classes else None,
                target_opset={"": 21, "ai.onnx.ml": 3},
            )
        except Exception as reason:  # converters raise whatever they like
            name = type(self.estimator).__name__
            raise Unsupported(f"{name}: {str(reason).strip().splitlines()[0][:200]}") from reason

    def lend(self) -> None:
        """Nothing of it belongs to a library with a safe format."""

    def importance(self) -> Array | None:
        """A figure for each feature, of what the estimator says of its columns; None where it says nothing."""
        found: Any = getattr(self.estimator, "feature_importances_", None)
        if found is None and hasattr(self.estimator, "coef_"):
            found = np.abs(np.atleast_2d(np.asarray(self.estimator.coef_))).mean(axis=0)
        if found is None:
            return None
        gains = np.zeros(self.design.features)
        np.add.at(gains, np.concatenate([self.design.numbers, self.design.levels[:, 0]]), np.abs(found))
        return gains

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Refuse: an estimator's own format is a pickle, which nothing here loads."""
        raise NoSafeFormat
