"""What a bundle keeps so that its predictions can be explained: explanation.npz, or explanation.json with the reason.

Trees are kept level by level, all of them at once: the children of a level's nodes are the next level, in pairs. So one
bit for each node or leaf is all that their shape takes; splits are what float32 rows are compared with, and the rows
that went through a node are the sum of its leaves'. That is a tenth to a third of model.onnx (benchmarks/RESULTS.md).
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...onnx.forest import MEMBER, Forest, join
from ...onnx.graph import Unsupported
from ..linear import Linear
from ..model.boosting import Ensemble
from ..preprocessing import Preprocessing
from .serving import FILE, REASON

Array = npt.NDArray[Any]


def write(folder: Path, scorer: object, preprocessing: Preprocessing, rows: Array) -> None:
    """Keep beside a model what explains its predictions, or why they cannot be.

    `rows` [n, features] are encoded: what a linear model's numbers are compared with is their mean.
    """
    try:
        entries = _entries(scorer, rows)
    except Unsupported as reason:
        (folder / REASON).write_text(json.dumps({"refused": str(reason)}) + "\n", "utf8")
        return
    owner = [at for at, encoding in enumerate(preprocessing.encodings) for _ in encoding.features]
    entries |= {"owner": _small(owner), "columns": np.int64(len(preprocessing.encodings))}
    content = io.BytesIO()
    np.savez_compressed(content, **entries)
    (folder / FILE).write_bytes(content.getvalue())


def _entries(scorer: object, rows: Array) -> dict[str, Any]:
    """The arrays of a model; raises Unsupported for one that is no sum of trees or columns."""
    if isinstance(scorer, Linear):
        return _lines([(1.0, scorer)], rows)
    if isinstance(scorer, Ensemble):
        forests = [trees.forest().scaled(weight) for weight, trees in scorer.members]
        found = _lines(scorer.linear, rows) if scorer.linear else {"base": np.zeros(forests[0].targets)}
        return found | (_forest(join(forests)) if forests else {})
    raise Unsupported(
        "it is an estimator of the project's own; LightGBM, XGBoost, their blend and linear models are explained"
    )


def _lines(models: Sequence[tuple[float, Linear]], rows: Array) -> dict[str, Any]:
    """Linear models of weights as one: the columns of all that are numbers, then those that are levels."""
    parts: dict[str, list[Array]] = {name: [] for name in ("numbers", "fill", "levels")}
    columns: dict[str, list[list[Array]]] = {"weights": [[], []], "centre": [[], []]}
    base = np.zeros(len(models[0][1].intercept))
    for weight, model in models:
        centre = model.design(rows).mean(axis=0) if len(rows) else np.zeros(len(model.weights))
        base += weight * (model.intercept + centre @ model.weights)
        for name, found in parts.items():
            found.append(getattr(model, name))
        for name, values in (("weights", weight * model.weights), ("centre", centre)):
            for place, some in zip(columns[name], np.split(values, [len(model.numbers)]), strict=True):
                place.append(some)
    joined = {name: np.concatenate([*numbers, *levels]) for name, (numbers, levels) in columns.items()}
    return {"base": base, **{name: np.concatenate(found) for name, found in parts.items()}, **joined}


def _forest(forest: Forest) -> dict[str, Any]:
    """The arrays that `shapley` reads."""
    number, leaf = forest.roots, np.zeros(len(forest.roots), dtype=np.int64)
    flags, nodes, leaves = [], [], []
    while len(number):
        inner, ends = number[leaf == 0], number[leaf == 1]
        flags.append(leaf == 1)
        nodes.append(inner)
        leaves.append(ends)
        number = np.stack([forest.true[inner], forest.false[inner]], axis=1).ravel()
        leaf = np.stack([forest.true_leaf[inner], forest.false_leaf[inner]], axis=1).ravel()
    node, end, flag = np.concatenate(nodes), np.concatenate(leaves), np.concatenate(flags)
    member = forest.modes[node] == MEMBER
    found = {
        "roots": np.int64(len(forest.roots)),
        "tokens": np.int64(len(flag)),
        "leaf": np.packbits(flag),
        "features": _small(forest.features[node]),
        "splits": np.where(member, np.float32(0), _floored(forest.splits[node])),
        "missing": forest.missing_true[node].astype(bool),
        "member": member,
        "values": _shortest(forest.leaf_weights[end]),
        "covers": _shortest(forest.covers[end]),
    }
    if forest.targets > 1:
        found["targets"] = _small(forest.leaf_targets[end])
    if member.any():
        found["sets"] = _sets(forest, node[member])
    return found


def _sets(forest: Forest, nodes: Array) -> Array:
    """The codes that go to the true side, as bits [nodes, bytes]; the last bit is no code's."""
    ends = np.flatnonzero(np.isnan(forest.members))
    starts = np.concatenate([[0], ends[:-1] + 1])
    rank = np.cumsum(forest.modes == MEMBER) - 1
    width = -(-(int(np.nanmax(forest.members, initial=0)) + 2) // 8)
    bits = np.zeros((len(nodes), 8 * width), dtype=bool)
    for row, at in enumerate(rank[nodes].tolist()):
        bits[row, forest.members[starts[at] : ends[at]].astype(np.int64)] = True
    # Of each byte the lowest bit comes first, as a code's bit is looked up.
    return np.packbits(bits, axis=1, bitorder="little")


def _floored(splits: Array) -> Array:
    """The largest float32 that is not above each split: float32 rows are compared alike with both."""
    near = splits.astype(np.float32)
    found: Array = np.where(near.astype(np.float64) > splits, np.nextafter(near, np.float32(-np.inf)), near)
    return found


def _shortest(values: Array) -> Array:
    """As float32 where that loses nothing."""
    short = values.astype(np.float32)
    return short if np.array_equal(short.astype(np.float64), values) else values


def _small(values: Array | Sequence[int]) -> Array:
    """Whole numbers from 0 as the shortest type that holds them."""
    given = np.asarray(values, dtype=np.int64)
    return given.astype(np.min_scalar_type(int(given.max(initial=0))))
