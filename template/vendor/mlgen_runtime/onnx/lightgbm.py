"""LightGBM's model text, read into a Forest. The text is what the bundle would keep: nothing else needs to be trusted.
A tree is a block of lines `name=values`, one value for each inner node or leaf:

    split_feature     3 7 1 …
    threshold         0.5000000000000001 2 …    a category node holds the number of its set here
    decision_type     10 1 2 …                  bit 0: category; bit 1: missing goes left; bits 2-3: what is missing
    left_child        1 -1 …                    below 0: ~leaf
    leaf_value        0.013 …
    leaf_count        211 …                     the training rows that fell into it
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .forest import Forest, constant, join, tree
from .graph import Unsupported

Array = npt.NDArray[Any]

_CATEGORY, _MISSING_LEFT, _MISSING_KIND = 1, 2, 12
#: What counts as missing: nothing (a NaN is read as 0), zeros, or NaN.
_NONE, _ZERO, _NAN = 0, 4, 8


def forest(text: str, targets: int) -> Forest:
    """Return the trees of a model text; its margins [n, targets] are LightGBM's raw scores, bit for bit.

    Raises Unsupported for linear leaves, zeros that count as missing, and random forests.
    """
    head, *blocks = text.split("\nTree=")
    if "\naverage_output" in head:
        raise Unsupported("a random forest (boosting=rf) averages its trees")
    trees = [_tree(_entries(block), number % targets, targets) for number, block in enumerate(blocks)]
    return join(trees) if trees else join([constant(0.0, target, targets) for target in range(targets)])


def _entries(block: str) -> dict[str, str]:
    lines = block.split("\n\n", 1)[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def _numbers(text: str, dtype: Any) -> Array:
    return np.array(text.split(), dtype=dtype)


def _tree(entries: dict[str, str], target: int, targets: int) -> Forest:
    if entries.get("is_linear", "0") != "0":
        raise Unsupported("linear models in the leaves (linear_tree)")
    leaves = _numbers(entries["leaf_value"], np.float64)
    if len(leaves) == 1:
        return constant(float(leaves[0]), target, targets)
    decision = _numbers(entries["decision_type"], np.int64)
    splits = _numbers(entries["threshold"], np.float64)
    missing = decision & _MISSING_KIND
    numeric = decision & _CATEGORY == 0
    if (numeric & (missing == _ZERO)).any():
        raise Unsupported("zeros that count as missing (zero_as_missing)")
    return tree(
        features=_numbers(entries["split_feature"], np.int64),
        splits=splits,
        left=_numbers(entries["left_child"], np.int64),
        right=_numbers(entries["right_child"], np.int64),
        # A category that is missing or unseen goes right; a number that is missing where none was in training is 0.
        missing_left=numeric & np.where(missing == _NAN, decision & _MISSING_LEFT != 0, splits >= 0),
        leaves=leaves,
        target=target,
        targets=targets,
        members=_sets(entries, splits, np.flatnonzero(~numeric)),
        covers=_numbers(entries["leaf_count"], np.float64),
    )


def _sets(entries: dict[str, str], splits: Array, nodes: Array) -> dict[int, Array]:
    """The categories that go left, of each category node: bits of 32-bit words."""
    if not len(nodes):
        return {}
    bounds = _numbers(entries["cat_boundaries"], np.int64)
    words = _numbers(entries["cat_threshold"], np.uint32)
    sets = {}
    for node in nodes.tolist():
        which = int(splits[node])
        bits = np.unpackbits(words[bounds[which] : bounds[which + 1]].astype("<u4").view(np.uint8), bitorder="little")
        sets[node] = np.flatnonzero(bits)
    return sets
