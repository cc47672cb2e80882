"""The whole model as one ONNX graph: float32 features in, scores out, links and intervals included.

Margins come out bit for bit (`trees`); what follows them is in double. Nothing here may depend on how many rows come
together: ONNX Runtime's vectorised Exp and Sigmoid treat the last elements of a tensor unlike the others,
so exponentials are taken of rows padded to whole vectors (`LANES`), where no element is ever among the last ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..onnx.graph import Graph
from .link import named

Array = npt.NDArray[Any]

#: Doubles in the widest vector register (AVX-512).
LANES = 8


class Scorer(Protocol):
    """What a model must offer to be exported: it adds its margins to a graph."""

    def graph(self, graph: Graph, inputs: str) -> str:
        """Add the nodes that compute margins [n, 1 or k] of doubles from float32 `inputs`; return the tensor's name."""


def build(scorer: Scorer, features: int, link: str, classes: int, interval: Sequence[float] | None) -> bytes:
    """Return the serialised model: input `features` [n, features] float32, output `scores` [n, width] double.

    The scores are the probabilities [n, k], or for regression the value, followed by the interval's ends where there is
    one. Raises Unsupported naming what cannot be expressed.
    """
    graph = Graph()
    margins = scorer.graph(graph, "features")
    width = _LINKS[named(link)[0]](graph, margins, link, interval, classes)
    return graph.finish(("features", features), ("scores", width))


def _values(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """Regression: the value and the ends of its interval, each through the link."""
    offsets = [0.0, *(interval or ())]
    word, power = named(link)
    if word == "log":
        return _means(graph, margins, power, offsets)
    if word == "identity":
        graph.add("Add", margins, graph.constant([offsets]), output="scores")
        return len(offsets)
    padded = graph.add("Add", margins, graph.constant([offsets + [0.0] * (LANES - len(offsets))]))
    if word == "yeo_johnson":
        zero = graph.constant([[0.0]])
        above, below = graph.add("Max", padded, zero), graph.add("Max", graph.add("Neg", padded), zero)
        raised, taken = _grown(graph, above, power), _grown(graph, below, 2.0 - power)
        _columns(graph, graph.add("Sub", raised, taken), 0, len(offsets), output="scores")
    else:
        raised = _columns(graph, _grown(graph, padded, 0.0 if word == "log1p" else power), 0, len(offsets))
        graph.add("Sub", raised, graph.constant([[1.0 if word == "log1p" else 0.0]]), output="scores")
    return len(offsets)


def _means(graph: Graph, margins: str, power: float, offsets: Sequence[float]) -> int:
    """The mean e^m, and the ends of its interval: so many times e^(mP/2) away, and never below 0."""
    shares = [1.0, power / 2]
    powers = graph.add("Exp", graph.add("Mul", margins, graph.constant([shares + [0.0] * (LANES - 2)])))
    mean, deviation = _columns(graph, powers, 0, 1), _columns(graph, powers, 1, 2)
    away = graph.add("Mul", deviation, graph.constant([list(offsets)]))
    graph.add("Max", graph.add("Add", away, mean), graph.constant([[0.0]]), output="scores")
    return len(offsets)


def _grown(graph: Graph, margins: str, power: float) -> str:
    """(Pm + 1)^(1/P), of no less than 0; at P = 0 that is e^m."""
    if power == 0:
        return graph.add("Exp", margins)
    grown = graph.add("Add", graph.add("Mul", margins, graph.constant([[power]])), graph.constant([[1.0]]))
    return graph.add("Pow", graph.add("Max", grown, graph.constant([[0.0]])), graph.constant([[1.0 / power]]))


def _logistic(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """Two classes: 1 / (1 + e^m) and 1 / (1 + e^-m)."""
    padded = graph.add("Mul", margins, graph.constant([[1.0, -1.0] + [0.0] * (LANES - 2)]))
    powers = _columns(graph, graph.add("Exp", padded), 0, 2)
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
    graph.add("Div", _columns(graph, powers, 0, classes), total, output="scores")
    return classes


def _probabilities(graph: Graph, margins: str, link: str, interval: Sequence[float] | None, classes: int) -> int:
    """What came is what is meant."""
    graph.add("Identity", margins, output="scores")
    return classes


def _columns(graph: Graph, tensor: str, start: int, stop: int, output: str | None = None) -> str:
    """Some columns of a tensor, side by side."""
    ends = [graph.constant([value], np.int64) for value in (start, stop, 1)]
    return graph.add("Slice", tensor, *ends, output=output)


_LINKS = {
    **dict.fromkeys(("identity", "log", "log1p", "box_cox", "yeo_johnson"), _values),
    "logistic": _logistic,
    "softmax": _softmax,
    "probabilities": _probabilities,
}
