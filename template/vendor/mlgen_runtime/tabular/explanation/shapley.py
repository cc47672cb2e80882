"""Exact SHAP values of a sum of trees and lines, from explanation.npz and encoded rows, with numpy alone.

    Explainer(content).values(matrix, classes)    → base [n], values [n, columns]

A tree is taken as its paths, one for each leaf: the leaf's value, and for each feature on the way which of its values
lead there and what share of the training rows did (`cover`). A path's share in the game "which features are known" is
a product, so a feature's Shapley value is an integral over that product's other factors,

    value · (leads there − cover) · ∫ Π over the others of (cover + t · (leads there − cover)) dt,   0 ≤ t ≤ 1,

which Gauss's quadrature computes exactly: it is a polynomial. This is the path-dependent TreeSHAP of LightGBM and
XGBoost (Lundberg et al. 2018) without a step for each subset. A line's value is weight · (number − its mean).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Rows explained at a time, and numbers that one step of it keeps (2 MB): what a processor's cache can hold.
ROWS, NUMBERS = 256, 250_000
#: What a share of no rows counts as, so that no factor is 0.
LEAST = 1e-30


@dataclass(frozen=True)
class Paths:
    """Paths [p] of one class that have as many features [d] each; arrays [d, p] say which values of each lead there.

    A number leads there above `low` and up to `high`; a code where its bit is set in `codes` [c, bytes], for the
    elements `coded` [c]; a missing number where `missing` is set.
    """

    feature: Array
    low: Array
    high: Array
    missing: Array
    coded: Array
    codes: Array
    cover: Array
    value: Array

    def lead(self, rows: Array) -> Array:
        """Which elements [d, p, n] lead there, of encoded rows [features, n]."""
        given = rows[self.feature]
        found: Array = (given > self.low[:, :, None]) & (given <= self.high[:, :, None])
        absent = np.isnan(given)
        if absent.any():
            found |= absent & self.missing[:, :, None]
        if len(self.coded):
            flat = found.reshape(-1, found.shape[2])
            codes = given.reshape(flat.shape)[self.coded]
            none = np.isnan(codes)
            whole = np.where(none, -1, codes).astype(np.int64)
            inside = (whole >= 0) & (whole < 8 * self.codes.shape[1])
            whole = np.where(inside, whole, 0)
            word = np.take_along_axis(self.codes, whole >> 3, axis=1)
            listed = ((word >> (whole & 7).astype(np.uint8)) & 1).astype(bool)
            # The last bit stands for every code that no node names.
            other = (self.codes[:, -1:] & 128).astype(bool)
            flat[self.coded] = np.where(none, self.missing.ravel()[self.coded, None], np.where(inside, listed, other))
        return found

    def shares(self, lead: Array) -> Array:
        """Shapley values [d, p, n] of elements that lead there or not [d, 1 or p, n]."""
        features, cover = len(self.feature), self.cover[:, :, None]
        at, weights = np.polynomial.legendre.leggauss(-(-features // 2))
        total: Any = 0.0
        for t, weight in zip((at + 1) / 2, weights / 2, strict=True):
            factors = cover * (1 - t) + t * lead
            total = total + weight * factors.prod(axis=0) / factors
        found: Array = self.value[None, :, None] * (lead - cover) * total
        return found

    def parts(self, size: int) -> Iterator[Paths]:
        """The same paths, at most `size` at a time."""
        for start in range(0, len(self.value), size):
            kept = slice(start, start + size)
            features, paths = self.feature.shape
            position = np.unravel_index(self.coded, (features, paths))
            mine = (position[1] >= start) & (position[1] < start + size)
            width = len(self.value[kept])
            yield Paths(
                feature=self.feature[:, kept],
                low=self.low[:, kept],
                high=self.high[:, kept],
                missing=self.missing[:, kept],
                coded=position[0][mine] * width + position[1][mine] - start,
                codes=self.codes[mine],
                cover=self.cover[:, kept],
                value=self.value[kept],
            )


class Explainer:
    """A model's trees and lines, ready to explain. Safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            kept = dict(file)
        self.owner = kept["owner"].astype(np.int64)
        self.columns = int(kept["columns"])
        self.base = kept["base"].astype(np.float64)
        self._paths: list[list[Paths]] = [[] for _ in self.base]
        if "leaf" in kept:
            self._paths = [_grouped(kept, target) for target in range(len(self.base))]
            for target, groups in enumerate(self._paths):
                self.base[target] += sum(float(paths.value @ paths.cover.prod(axis=0)) for paths in groups)
        self._line = {name: kept[name] for name in ("numbers", "fill", "levels", "weights", "centre") if name in kept}

    def values(self, matrix: Array, classes: Array | None = None) -> tuple[Array, Array]:
        """The base [n] and what each column adds to it [n, columns], of encoded rows [n, features].

        `classes` [n] says of which class each row's margin is explained where there are more than two.
        """
        target = np.zeros(len(matrix), dtype=np.int64) if classes is None else classes
        found = np.zeros((len(matrix), self.columns))
        for one in np.unique(target).tolist():
            mine = np.flatnonzero(target == one)
            for start in range(0, len(mine), ROWS):
                rows = mine[start : start + ROWS]
                found[rows] = self._trees(np.ascontiguousarray(matrix[rows].T), one).T + self._lines(matrix[rows], one)
        return self.base[target], found

    def _trees(self, rows: Array, target: int) -> Array:
        """What the paths of a class add [columns, n], of rows [features, n]."""
        count = rows.shape[1]
        found = np.zeros((self.columns, count))
        for paths in self._paths[target]:
            features, kinds = (
                len(paths.feature),
                2 ** len(paths.feature),
            )
            tabled = kinds <= count  # then looking up costs less than computing
            for part in paths.parts(max(1, NUMBERS // (features * (kinds + count if tabled else count)))):
                lead = part.lead(rows)
                shares = _looked_up(part, lead, kinds) if tabled else part.shares(lead)
                _add(found, self.owner[part.feature].ravel(), shares.reshape(-1, count))
        return found

    def _lines(self, matrix: Array, target: int) -> Any:
        """What weighted columns add [n, columns]; 0 where there are none."""
        if not self._line:
            return 0.0
        numbers, levels = self._line["numbers"], self._line["levels"]
        values = matrix[:, numbers].astype(np.float64)
        values = np.where(np.isnan(values), self._line["fill"], values)
        held = (matrix[:, levels[:, 0]] == levels[:, 1]).astype(np.float64)
        moved = (np.concatenate([values, held], axis=1) - self._line["centre"]) * self._line["weights"][:, target]
        found = np.zeros((self.columns, len(matrix)))
        _add(found, self.owner[np.concatenate([numbers, levels[:, 0]])], moved.T)
        return found.T


def _looked_up(part: Paths, lead: Array, kinds: int) -> Array:
    """`shares` by a table of every pattern of elements that lead there or not."""
    features = len(part.feature)
    patterns = (np.arange(kinds) >> np.arange(features)[:, None]) & 1
    table = part.shares(patterns[:, None, :].astype(bool))
    which = np.tensordot(1 << np.arange(features), lead, axes=1)
    rows = np.arange(features * len(part.value)).reshape(features, -1, 1) * kinds
    found: Array = np.take(table.ravel(), rows + which)
    return found


def _add(found: Array, owners: Array, values: Array) -> None:
    """Add values [m, n] to the columns [columns, n] that own them."""
    if values.shape[1] == 1:
        found[:, 0] += np.bincount(owners, values[:, 0], len(found))
        return
    order = np.argsort(owners, kind="stable")
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    if len(order):
        found[owners[order][starts]] += np.add.reduceat(values[order], starts, axis=0)


@dataclass(frozen=True)
class _Tokens:
    """Nodes and leaves in one numbering, level after level; of each its parent, the side it is on and its cover."""

    parent: Array
    true: Array
    cover: Array


def _tokens(leaf: Array, roots: int, covers: Array) -> _Tokens:
    """From the order in which `writing` keeps a forest: the children of a level's nodes are the next level, in pairs,
    the true one first; `covers` are those of the leaves."""
    parent, cover = np.full(len(leaf), -1), np.zeros(len(leaf))
    cover[leaf] = covers
    levels, start, size = [], 0, roots
    while size:
        nodes = start + np.flatnonzero(~leaf[start : start + size])
        levels.append(nodes)
        start, size = start + size, 2 * len(nodes)
        parent[start : start + size] = np.repeat(nodes, 2)
    below = len(leaf)
    for nodes in reversed(levels):
        children = slice(below - 2 * len(nodes), below)
        cover[nodes] = cover[children].reshape(-1, 2).sum(axis=1)
        below = children.start if len(nodes) else below
    true = np.zeros(len(leaf), dtype=bool)
    true[roots::2] = True
    return _Tokens(parent, true, cover)


def _grouped(kept: Mapping[str, Array], target: int) -> list[Paths]:
    """The paths of one class, by how many features they have."""
    leaf = np.unpackbits(kept["leaf"], count=int(kept["tokens"])).astype(bool)
    tokens = _tokens(leaf, int(kept["roots"]), kept["covers"].astype(np.float64))
    ends = np.flatnonzero(leaf)[kept["targets"] == target] if "targets" in kept else np.flatnonzero(leaf)
    values = kept["values"][kept["targets"] == target] if "targets" in kept else kept["values"]
    node = np.cumsum(~leaf) - 1
    steps, here, path = [], ends, np.arange(len(ends))
    while len(here):
        above = tokens.parent[here]
        share = np.divide(tokens.cover[here], tokens.cover[above], where=tokens.cover[above] > 0, out=here * 0 + 0.5)
        steps.append((path, node[above], tokens.true[here], share))
        more = tokens.parent[above] >= 0
        here, path = above[more], path[more]
    if not steps:
        return []
    path, node, true, share = (np.concatenate(each) for each in zip(*steps, strict=True))
    feature = kept["features"].astype(np.int64)[node]
    order = np.lexsort((feature, path))
    path, node, true, share, feature = (each[order] for each in (path, node, true, share, feature))
    first = np.flatnonzero((np.diff(path, prepend=-1) != 0) | (np.diff(feature, prepend=-1) != 0))
    member, split = kept["member"].astype(bool)[node], kept["splits"][node].astype(np.float32)
    low = np.maximum.reduceat(np.where(~member & ~true, split, np.float32(-np.inf)), first)
    high = np.minimum.reduceat(np.where(~member & true, split, np.float32(np.inf)), first)
    missing = np.logical_and.reduceat(kept["missing"].astype(bool)[node] == true, first)
    cover = np.maximum(np.multiply.reduceat(share, first), LEAST)
    element = np.cumsum(np.bincount(first, minlength=len(path))) - 1
    coded, codes = _codes(kept, node, true, element, member)
    start = np.flatnonzero(np.diff(path[first], prepend=-1))
    length = np.diff(np.append(start, len(first)))
    found = []
    for features in np.unique(length).tolist():
        chosen = np.flatnonzero(length == features)
        elements = start[chosen][None, :] + np.arange(features)[:, None]
        place = np.full(len(first), -1)
        place[elements.ravel()] = np.arange(elements.size)
        mine = place[coded] >= 0
        found.append(
            Paths(
                feature=feature[first][elements],
                low=low[elements],
                high=high[elements],
                missing=missing[elements],
                coded=place[coded][mine],
                codes=codes[mine],
                cover=cover[elements],
                value=values[path[first][start[chosen]]].astype(np.float64),
            )
        )
    return found


def _codes(kept: Mapping[str, Array], node: Array, true: Array, element: Array, member: Array) -> tuple[Array, Array]:
    """The elements of code columns, and which codes lead there, as bits [c, bytes]."""
    entries = np.flatnonzero(member)
    if not len(entries):
        return entries, np.zeros((0, 1), dtype=np.uint8)
    number = np.cumsum(kept["member"].astype(bool)) - 1
    sets = kept["sets"][number[node[entries]]]
    sets = np.where(true[entries, None], sets, ~sets)
    first = np.flatnonzero(np.diff(element[entries], prepend=-1))
    found: Array = np.bitwise_and.reduceat(sets, first, axis=0)
    return element[entries][first], found
