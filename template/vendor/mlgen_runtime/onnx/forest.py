"""Trees as arrays, whichever library grew them: LightGBM's and XGBoost's files go in, ONNX comes out.

A row goes to a node's true child where its feature is at most the split, or is in the node's set of categories.
Children are numbers of nodes, or of leaves where the `…_leaf` flag is 1. Several forests join into one, leaves scaled
by weights: a blend of models is one forest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: The modes of nodes in ONNX's TreeEnsemble that are used here.
AT_MOST, MEMBER = 0, 6


@dataclass(frozen=True, kw_only=True)
class Forest:
    """Nodes [n], leaves [l] and roots [trees]; `members` holds the sets of MEMBER nodes in order, a NaN after each.

    `covers` [l] says how many of the rows that the library learnt from, or how much of their weight, fell into a leaf.
    """

    targets: int
    roots: Array
    features: Array
    modes: Array
    splits: Array
    members: Array
    true: Array
    true_leaf: Array
    false: Array
    false_leaf: Array
    missing_true: Array
    leaf_targets: Array
    leaf_weights: Array
    covers: Array

    def scaled(self, weight: float) -> Forest:
        """The same trees with their leaves multiplied."""
        return replace(self, leaf_weights=self.leaf_weights * weight)


def tree(
    features: Array,
    splits: Array,
    left: Array,
    right: Array,
    missing_left: Array,
    leaves: Array,
    target: int,
    targets: int,
    members: dict[int, Array] | None = None,
    covers: Array | None = None,
) -> Forest:
    """One tree whose left child is the true one. Children below 0 are leaves: -1 is leaf 0, -2 is leaf 1, …

    `members` maps a node to its set of categories; nodes that are not in it compare with `splits`. `covers` are the
    leaves' where the library tells, else all are alike.
    """
    sets = members or {}
    modes = np.full(len(features), AT_MOST, dtype=np.uint8)
    modes[list(sets)] = MEMBER
    flat = [np.append(np.asarray(sets[node], dtype=np.float64), np.nan) for node in sorted(sets)]
    return Forest(
        targets=targets,
        roots=np.zeros(1, dtype=np.int64),
        features=np.asarray(features, dtype=np.int64),
        modes=modes,
        splits=np.where(modes == MEMBER, 0.0, np.asarray(splits, dtype=np.float64)),
        members=np.concatenate(flat) if flat else np.zeros(0),
        true=np.where(left < 0, ~left, left).astype(np.int64),
        true_leaf=(left < 0).astype(np.int64),
        false=np.where(right < 0, ~right, right).astype(np.int64),
        false_leaf=(right < 0).astype(np.int64),
        missing_true=np.asarray(missing_left, dtype=np.int64),
        leaf_targets=np.full(len(leaves), target, dtype=np.int64),
        leaf_weights=np.asarray(leaves, dtype=np.float64),
        covers=np.ones(len(leaves)) if covers is None else np.asarray(covers, dtype=np.float64),
    )


def constant(value: float, target: int, targets: int) -> Forest:
    """A tree that says the same of every row: both children of its only node hold the value."""
    one = np.zeros(1)
    return tree(one, one, np.array([-1]), np.array([-2]), one, np.array([value, value]), target, targets)


def join(forests: Sequence[Forest]) -> Forest:
    """All trees of the forests, in order."""

    def joined(name: str) -> Array:
        return np.concatenate([getattr(forest, name) for forest in forests])

    nodes = np.cumsum([0, *(len(forest.features) for forest in forests[:-1])])
    leaves = np.cumsum([0, *(len(forest.leaf_weights) for forest in forests[:-1])])

    def shifted(name: str) -> Array:
        """Children move by the nodes, or by the leaves, that stand before their forest."""
        return np.concatenate(
            [
                getattr(forest, name) + np.where(getattr(forest, f"{name}_leaf") == 1, leaf, node)
                for forest, node, leaf in zip(forests, nodes, leaves, strict=True)
            ]
        )

    return Forest(
        targets=forests[0].targets,
        roots=np.concatenate([forest.roots + node for forest, node in zip(forests, nodes, strict=True)]),
        true=shifted("true"),
        false=shifted("false"),
        **{
            name: joined(name)
            for name in (
                "features",
                "modes",
                "splits",
                "members",
                "true_leaf",
                "false_leaf",
                "missing_true",
                "leaf_targets",
                "leaf_weights",
                "covers",
            )
        },
    )
