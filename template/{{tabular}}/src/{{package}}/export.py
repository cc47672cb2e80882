"""The whole model as one ONNX graph: float32 features in, scores out, links and intervals included.

Each library's trees are computed in its own precision and order: LightGBM's thresholds and sums are doubles, XGBoost's
are float32. So margins come out bit for bit; what follows them is in double. Nothing here may depend on how many rows
come together: ONNX Runtime's vectorised Exp and Sigmoid treat the last elements of a tensor unlike the others,
so exponentials are taken of rows padded to whole vectors (`LANES`), where no element is ever among the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .export_forest import Forest

Array = npt.NDArray[Any]

#: Doubles in the widest vector register (AVX-512).
LANES = 8
#: Operator sets: 21 of ONNX, 5 of ai.onnx.ml, which brought TreeEnsemble with doubles and sets of categories.
OPSETS = {"": 21, "ai.onnx.ml": 5}
IR_VERSION = 10


class Unsupported(Exception):
    """A model that this module cannot express exactly; the message says what it is about it."""


class Scorer(Protocol):
    """What a model must offer to be exported: it adds its margins to a graph."""

    def graph(self, graph: Graph, inputs: str) -> str:
        """Add the nodes that compute margins [n, 1 or k] of doubles from float32 `inputs`; return the tensor's name."""


@dataclass
class Graph:
    """A graph under construction: nodes and constants, with names given in order (the same model, the same bytes)."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def add(self, operator: str, *inputs: str, output: str | None = None, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        from onnx import helper

        name = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], domain=domain, **attributes))
        return name

    def constant(self, values: npt.ArrayLike, dtype: Any = np.float64) -> str:
        """Add a constant tensor and return its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def double(self, tensor: str) -> str:
        """Cast to double."""
        from onnx import TensorProto

        return self.add("Cast", tensor, to=TensorProto.DOUBLE)

    def forest(self, inputs: str, forest: Forest, dtype: Any = np.float64) -> str:
        """Add trees: margins [n, targets] as sums of the leaves that a row falls into, compared and added in `dtype`.

        `inputs` are the float32 features; the margins are doubles.
        """
        from onnx import numpy_helper

        def tensor(values: Array) -> Any:
            return numpy_helper.from_array(values.astype(dtype))

        exact = dtype is np.float64
        members = {"membership_values": tensor(forest.members)} if len(forest.members) else {}
        margins = self.add(
            "TreeEnsemble",
            self.double(inputs) if exact else inputs,
            domain="ai.onnx.ml",
            aggregate_function=1,  # sum
            post_transform=0,  # none
            n_targets=forest.targets,
            tree_roots=forest.roots.tolist(),
            nodes_modes=numpy_helper.from_array(forest.modes),
            nodes_featureids=forest.features.tolist(),
            nodes_splits=tensor(forest.splits),
            nodes_truenodeids=forest.true.tolist(),
            nodes_trueleafs=forest.true_leaf.tolist(),
            nodes_falsenodeids=forest.false.tolist(),
            nodes_falseleafs=forest.false_leaf.tolist(),
            nodes_missing_value_tracks_true=forest.missing_true.tolist(),
            leaf_targetids=forest.leaf_targets.tolist(),
            leaf_weights=tensor(forest.leaf_weights),
            **members,
        )
        return margins if exact else self.double(margins)


def build(scorer: Scorer, features: int, link: str, classes: int, interval: Sequence[float] | None) -> bytes:
    """Return the serialised model: input `features` [n, features] float32, output `scores` [n, width] double.

    The scores are the probabilities [n, k], or for regression the value, followed by the interval's ends where there is
    one. Raises Unsupported naming what cannot be expressed.
    """
    from onnx import TensorProto, checker, helper

    graph = Graph()
    margins = scorer.graph(graph, "features")
    width = _LINKS[link](graph, margins, link, interval, classes)
    proto = helper.make_graph(
        graph.nodes,
        "model",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", features])],
        [helper.make_tensor_value_info("scores", TensorProto.DOUBLE, ["rows", width])],
        graph.constants,
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model = helper.make_model(proto, opset_imports=opsets, ir_version=IR_VERSION, producer_name="")
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _values(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """Regression: the value and the ends of its interval, each through the link."""
    offsets = [0.0, *(interval or ())]
    if link == "identity":
        graph.add("Add", margins, graph.constant([offsets]), output="scores")
    else:
        padded = graph.add("Add", margins, graph.constant([offsets + [0.0] * (LANES - len(offsets))]))
        powers = _first(graph, graph.add("Exp", padded), len(offsets))
        graph.add("Sub", powers, graph.constant([[1.0]]), output="scores")
    return len(offsets)


def _logistic(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """Two classes: 1 / (1 + e^m) and 1 / (1 + e^-m)."""
    padded = graph.add("Mul", margins, graph.constant([[1.0, -1.0] + [0.0] * (LANES - 2)]))
    powers = _first(graph, graph.add("Exp", padded), 2)
    one = graph.constant([[1.0]])
    graph.add("Div", one, graph.add("Add", powers, one), output="scores")
    return 2


def _softmax(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """k classes: exponentials of the distance from the largest margin, over their sum.

    Products with constant matrices pad to whole vectors and add up: they treat every row alike, as ReduceSum may not.
    """
    padded = -(-classes // LANES) * LANES
    largest = graph.add("ReduceMax", margins, graph.constant([1], np.int64), keepdims=1)
    distance = graph.add("MatMul", graph.add("Sub", margins, largest), graph.constant(np.eye(classes, padded)))
    powers = graph.add("Exp", distance)
    total = graph.add(
        "MatMul", powers, graph.constant(np.ones((padded, classes)) * (np.arange(padded) < classes)[:, None])
    )
    graph.add("Div", _first(graph, powers, classes), total, output="scores")
    return classes


def _first(graph: Graph, tensor: str, count: int) -> str:
    """The first columns of a tensor."""
    ends = [graph.constant([value], np.int64) for value in (0, count, 1)]
    return graph.add("Slice", tensor, *ends)


_LINKS = {"identity": _values, "log1p": _values, "logistic": _logistic, "softmax": _softmax}
