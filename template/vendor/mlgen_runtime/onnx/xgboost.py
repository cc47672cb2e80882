"""XGBoost's JSON model, read into a Forest.

A row goes left where its float32 value is below the split, so the split becomes the largest float32 below it. A
category in a node's set goes right; missing values go where `default_left` says.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .forest import Forest, constant, join, tree
from .graph import Unsupported

Array = npt.NDArray[Any]

#: Objectives whose base score is kept as a probability, and as a mean whose logarithm is the margin.
_LOGISTIC = ("binary:logistic", "reg:logistic", "binary:logitraw")
_LOGARITHM = ("count:poisson", "reg:tweedie", "reg:gamma")


def forest(text: str | bytes, targets: int) -> Forest:
    """Return the trees of a model written as JSON; in float32 its margins [n, targets] are XGBoost's, bit for bit.

    Raises Unsupported for boosters that are not plain trees and for trees with more than one target each.
    """
    learner = json.loads(text)["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise Unsupported(f"the booster {booster['name']}")
    model = booster["model"]
    trees = [_tree(entry, target, targets) for entry, target in zip(model["trees"], model["tree_info"], strict=True)]
    base = base_margins(learner, targets)
    return join([*(constant(value, target, targets) for target, value in enumerate(base)), *trees])


def base_margins(learner: dict[str, Any], targets: int) -> list[float]:
    """What every margin starts from: the base score, which a logistic objective keeps as a probability, one of
    counts as a mean."""
    text = learner["learner_model_param"]["base_score"]
    values = np.atleast_1d(np.array(json.loads(text), dtype=np.float32))
    if learner["objective"]["name"] in _LOGISTIC:
        odds = [float(np.float32(1) / value - np.float32(1)) for value in values]
        values = np.array([-math.log(value) for value in odds], dtype=np.float32)
    if learner["objective"]["name"] in _LOGARITHM:
        values = np.array([math.log(value) for value in values], dtype=np.float32)
    return [float(value) for value in np.broadcast_to(values, (targets,))]


def _tree(entries: dict[str, Any], target: int, targets: int) -> Forest:
    if int(entries["tree_param"].get("size_leaf_vector", "1")) > 1:
        raise Unsupported("trees with more than one target each (multi_strategy=multi_output_tree)")
    left, right = np.array(entries["left_children"]), np.array(entries["right_children"])
    values = np.array(entries["split_conditions"], dtype=np.float32)
    inner = left >= 0
    if not inner.any():
        return constant(float(values[0]), target, targets)
    # Nodes and leaves share one numbering in the file; here each kind has its own, leaves as ~number.
    number = np.where(inner, np.cumsum(inner) - 1, ~(np.cumsum(~inner) - 1))
    sets = _sets(entries, number)
    category = np.isin(np.flatnonzero(inner), _category_nodes(entries))
    low, high = number[left[inner]], number[right[inner]]
    default_left = np.array(entries["default_left"], dtype=bool)[inner]
    return tree(
        features=np.array(entries["split_indices"])[inner],
        splits=np.nextafter(values[inner], np.float32(-np.inf)),
        left=np.where(category, high, low),
        right=np.where(category, low, high),
        missing_left=default_left ^ category,
        leaves=values[~inner],
        target=target,
        targets=targets,
        members=sets,
        covers=np.array(entries["sum_hessian"], dtype=np.float64)[~inner],
    )


def _category_nodes(entries: dict[str, Any]) -> Array:
    return np.array(entries["categories_nodes"], dtype=np.int64)


def _sets(entries: dict[str, Any], number: Array) -> dict[int, Array]:
    """The categories that go right, of each category node."""
    sets = {}
    categories = np.array(entries["categories"], dtype=np.int64)
    segments, sizes = entries["categories_segments"], entries["categories_sizes"]
    for node, start, size in zip(entries["categories_nodes"], segments, sizes, strict=True):
        sets[int(number[node])] = categories[start : start + size]
    return sets
