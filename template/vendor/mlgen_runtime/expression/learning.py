"""What the functions that learn take from the training rows: tables by group, put into the tree as plain data.

    learn(tree with group_mean(income, site), columns, rows, now, target)
    → the tree with {"op": "lookup", "args": [site], "table": {"Dayton": 11200.5, …}, "otherwise": 9800.1} in its place

After that nothing in a tree needs anything but the row itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .evaluation import Array, Tree, evaluate
from .functions import LEARNT

#: Rows with the target's mean over all rows that every group is given beside its own: few rows prove little.
BESIDE = 10.0


def learn(tree: Tree, columns: Mapping[str, Array], rows: int, now: int, target: Array) -> dict[str, Any]:
    """Return the tree with tables learnt from rows [rows]; `target` [rows] are values, or 1 where the last label is."""
    found = dict(tree)
    if "args" in tree:
        found["args"] = [learn(arg, columns, rows, now, target) for arg in tree["args"]]
    if tree["op"] not in LEARNT:
        return found
    *values, by = [evaluate(arg, columns, rows, now) for arg in found["args"]]
    groups = sorted({group for group in by.tolist() if group is not None})
    codes = {group: code for code, group in enumerate(groups)}
    places = np.array([codes.get(group, -1) for group in by.tolist()], dtype=np.int64)
    counts = {"group_count": np.ones(rows), "group_mean": values[0] if values else None, "target_mean": target}
    table, otherwise = _table(tree["op"], np.asarray(counts[tree["op"]], dtype=np.float64), places, len(groups))
    known = {group: value for group, value in zip(groups, table.tolist(), strict=True) if value == value}
    return {"op": "lookup", "args": found["args"][-1:], "table": known, "otherwise": otherwise}


def _table(op: str, values: Array, places: Array, groups: int) -> tuple[Array, float | None]:
    """The value of each group [groups], and that of a group that is not there (or missing)."""
    there = ~np.isnan(values)
    grouped = there & (places >= 0)
    sums = np.bincount(places[grouped], weights=values[grouped], minlength=groups)
    counts = np.bincount(places[grouped], minlength=groups)
    if op == "group_count":
        return sums, 0.0
    mean = float(values[there].mean()) if there.any() else None
    if op == "target_mean":
        beside = BESIDE * (mean or 0.0)
        return (sums + beside) / (counts + BESIDE), mean
    with np.errstate(invalid="ignore"):
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), mean
