"""scikit-learn's averaged trees (decision trees, random forests, extra trees), read into a Forest.

They compare float32 columns with thresholds that are doubles, and add up in doubles: so the graph does, and its scores
are theirs to the last digits, where a converter to float32 is off wherever a probability is near 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .forest import Forest, constant, join, tree

Array = npt.NDArray[Any]

KINDS = (
    "DecisionTreeClassifier",
    "DecisionTreeRegressor",
    "ExtraTreeClassifier",
    "ExtraTreeRegressor",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor",
    "RandomForestClassifier",
    "RandomForestRegressor",
)


def forest(estimator: Any) -> Forest | None:
    """The trees of a fitted estimator, or None where it is no average of trees.

    Its margins are the mean value [n, 1]; of two classes the second one's probability [n, 1]; of more, each one's.
    """
    if type(estimator).__name__ not in KINDS or not type(estimator).__module__.startswith("sklearn."):
        return None
    members = list(getattr(estimator, "estimators_", [estimator]))
    classes = len(getattr(estimator, "classes_", ()))
    targets = classes if classes > 2 else 1
    trees = [
        _tree(member.tree_, _values(member.tree_, classes, target), target, targets)
        for member in members
        for target in range(targets)
    ]
    return join(trees).scaled(1.0 / len(members))


def _values(grown: Any, classes: int, target: int) -> Array:
    """What each node [n] says: its mean, or the share of a class (of two, the second)."""
    values: Array = grown.value[:, 0, :]
    if not classes:
        return values[:, 0]
    shares: Array = values / values.sum(axis=1, keepdims=True)
    return shares[:, 1 if classes == 2 else target] if classes > 1 else np.ones(len(values))


def _tree(grown: Any, values: Array, target: int, targets: int) -> Forest:
    inner = np.flatnonzero(grown.children_left != -1)
    if not len(inner):
        return constant(float(values[0]), target, targets)
    leaves = np.flatnonzero(grown.children_left == -1)
    number = np.empty(len(values), dtype=np.int64)
    number[inner], number[leaves] = np.arange(len(inner)), ~np.arange(len(leaves))
    return tree(
        features=grown.feature[inner],
        splits=grown.threshold[inner],
        left=number[grown.children_left[inner]],
        right=number[grown.children_right[inner]],
        missing_left=np.zeros(len(inner), dtype=np.int64),  # its columns have no gaps
        leaves=values[leaves],
        target=target,
        targets=targets,
    )
