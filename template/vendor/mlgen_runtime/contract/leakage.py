"""Columns that know the answer: copies of the target, exact sums that give it, single features that nearly do.

bike_sharing's `casual + registered = count` is the classic: with both columns the error is zero, and in production
neither is known. All functions take `Seen` columns, one entry per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.figures import figure
from .profile import Seen

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Fewer rows than this prove nothing: any two short columns may agree by chance.
MIN_ROWS = 20
#: Rows used for the strength of a single feature; a sample of 10,000 tells 0.99 from 0.98 to three digits.
SAMPLE = 10_000
#: Classes whose areas are weighed up, the largest first.
MOST_CLASSES = 20
#: Longest exact sum looked for. Longer ones are found in small or synthetic tables that leak nothing.
LONGEST = 6


@dataclass(frozen=True)
class Identity:
    """target = constant + sum of weight x column, exact in every row."""

    target: str
    columns: tuple[str, ...]
    weights: tuple[float, ...]
    constant: float

    def __str__(self) -> str:
        pairs = zip(self.columns, self.weights, strict=True)
        terms = [name if weight == 1 else f"{figure(weight, 6)} x {name}" for name, weight in pairs]
        if self.constant:
            terms.append(figure(self.constant, 6))
        return f"{self.target} = {' + '.join(terms)}".replace("+ -", "- ").replace("- 1 x ", "- ")


def leaks(target: Seen, features: Sequence[Seen]) -> dict[str, str]:
    """The reason for each column that gives the target away exactly: a copy of it, or part of an exact sum."""
    reasons = dict.fromkeys(copies(target, features), f"leaks the target: a copy of {target.name} under another name")
    while True:
        found = identity(target, [feature for feature in features if feature.name not in reasons])
        if found is None:
            return reasons
        reasons |= dict.fromkeys(found.columns, f"leaks the target: {found} holds in every row")


def copies(target: Seen, features: Sequence[Seen]) -> list[str]:
    """Names of the features that are the target under other names: each value pairs with exactly one of the target's.

    Values must repeat (5 rows each on average), else any two keys would pair.
    """
    known = np.flatnonzero(target.levels() >= 0)
    truth = _order(target.rows(known))
    kinds = int(truth.max(initial=-1)) + 1
    if len(known) < MIN_ROWS or kinds < 2 or len(known) < 5 * kinds:
        return []
    few = known[:2_000]  # most columns are ruled out by the first rows
    return [
        feature.name
        for feature in features
        if np.array_equal(_order(feature.rows(few)), truth[: len(few)])
        and np.array_equal(_order(feature.rows(known)), truth)
    ]


def _order(column: Seen) -> Codes:
    """Distinct values numbered as they first appear: the same for two columns exactly where their values pair up."""
    return pd.factorize(column.levels())[0].astype(np.int64)


def twins(columns: Sequence[Seen]) -> dict[str, str]:
    """Columns that say the same as an earlier one; those with under 3 values or few repeats are passed over."""
    first: dict[bytes, str] = {}
    found = {}
    for column in columns:
        order = _order(column)
        if 2 < order.max(initial=-1) + 1 <= len(order) / 5:
            name = first.setdefault(order.tobytes(), column.name)
            if name != column.name:
                found[column.name] = name
    return found


def identity(target: Seen, features: Sequence[Seen]) -> Identity | None:
    """Find the shortest exact linear identity between numeric features and a numeric target, or None.

    Method: least squares with an intercept on a sample of complete rows; where it leaves no residual, columns are
    dropped one by one (smallest contribution first) for as long as it stays exact; then every row is checked.
    """
    truth = target.numbers
    usable = [feature for feature in features if feature.numbers is not None]
    if truth is None or not usable:
        return None
    wanted = max(4_000, 8 * len(usable))
    few = np.linspace(0, len(truth) - 1, min(len(truth), wanted)).astype(np.int64)
    sample = np.column_stack([column.numbers[few] for column in usable if column.numbers is not None])
    dense = np.isnan(sample).mean(axis=0) < 0.5
    usable = [column for column, kept in zip(usable, dense, strict=True) if kept]
    rows = _complete(sample[:, dense], truth[few])
    if not usable or len(rows) < 2 * len(usable) + MIN_ROWS:
        return None
    found = _shortest(sample[:, dense][rows], truth[few][rows])
    if found is None or len(found) > LONGEST:
        return None
    whole = np.column_stack([column.numbers for i in found if (column := usable[i]).numbers is not None])
    rows = _complete(whole, truth)
    weights = _fit(whole[rows], truth[rows])
    if weights is None:
        return None
    tidy = [float(round(weight, 6)) + 0.0 for weight in weights]
    return Identity(target.name, tuple(usable[i].name for i in found), tuple(tidy[:-1]), tidy[-1])


def _complete(table: Floats, truth: Floats) -> npt.NDArray[np.int64]:
    """Positions of the rows without a gap."""
    return np.flatnonzero(np.isfinite(table).all(axis=1) & np.isfinite(truth))


def _fit(table: Floats, truth: Floats) -> Floats | None:
    """Weights [p] and the constant of an exact fit, or None. Columns are scaled first, so that units do not matter."""
    centre, spread = table.mean(axis=0), table.std(axis=0)
    size = float(truth.std())
    if size == 0 or not (spread > 0).all():
        return None
    design = np.column_stack([(table - centre) / spread, np.ones(len(table))])
    # The normal equations tell "nowhere near" in a hundredth of the time; what passes is solved with full precision.
    rough, *_ = np.linalg.lstsq(design.T @ design, design.T @ truth, rcond=None)
    if float(np.abs(design @ rough - truth).max()) > 1e-3 * size:
        return None
    weights, *_ = np.linalg.lstsq(design, truth, rcond=None)
    if float(np.abs(design @ weights - truth).max()) > 1e-7 * size:
        return None
    scaled = weights[:-1] / spread
    return np.append(scaled, weights[-1] - scaled @ centre)


def _shortest(table: Floats, truth: Floats) -> list[int] | None:
    """Positions of the columns of an exact fit from which none can be left out."""
    kept = [i for i in range(table.shape[1]) if table[:, i].std() > 0]
    weights = _fit(table[:, kept], truth) if kept else None
    if weights is None:
        return None
    share = np.abs(weights[:-1]) * table[:, kept].std(axis=0) / truth.std()
    for position in [kept[i] for i in np.argsort(share)]:
        fewer = [i for i in kept if i != position]
        if fewer and _fit(table[:, fewer], truth) is not None:
            kept = fewer
    return kept


def sample_rows(total: int) -> npt.NDArray[np.int64]:
    """At most SAMPLE row positions, the same ones every time."""
    if total <= SAMPLE:
        return np.arange(total, dtype=np.int64)
    return np.sort(np.random.default_rng(0).choice(total, SAMPLE, replace=False)).astype(np.int64)


def strength(target: Seen, feature: Seen, task: str) -> float:
    """How well one feature alone tells the target: the area under the ROC curve, or R2 for regression.

    A feature is cut into at most 256 levels (quantiles; missing is a level). The target's mean, or each class's share,
    is learnt per level on one half of the rows and scored on the other, both ways round, so that a column with a value
    per row gains nothing. With several classes the areas one against the rest are weighted by class size.
    """
    levels, width = _quantised(feature)
    half = np.random.default_rng(0).permutation(len(levels)) % 2 == 0
    if task == "regression":
        assert target.numbers is not None
        return float(np.mean([_r2(levels, width, target.numbers, part) for part in (half, ~half)]))
    classes = target.levels()
    sizes = np.bincount(classes[classes >= 0])
    largest = np.argsort(-sizes, kind="stable")[:MOST_CLASSES]
    if len(sizes) == 2:  # both ways round it is the same area
        largest = largest[:1]
    areas = [
        np.mean([_area(levels, width, classes == label, part) for part in (half, ~half)]) for label in largest.tolist()
    ]
    area = float(np.average(areas, weights=sizes[largest])) if len(largest) else 0.5
    if task == "binary" and feature.numbers is not None:
        area = max(area, _ranked_area(feature.numbers, classes == 1))
    return area


def _quantised(feature: Seen) -> tuple[Codes, int]:
    """Codes [n] from 0 with the missing cells in the last level, and how many levels there are."""
    if feature.codes is not None:
        codes = feature.codes
    else:
        assert feature.numbers is not None
        known = ~np.isnan(feature.numbers)
        ordered = np.sort(feature.numbers[known])
        bins = min(256, max(2, len(known) // 20))
        steps = np.flatnonzero(np.diff(ordered, prepend=-np.inf)) if len(ordered) else np.arange(0)
        if len(steps) > bins:
            steps = np.linspace(0, len(ordered) - 1, bins).astype(np.int64)
        edges = np.unique(ordered[steps])
        codes = np.where(known, np.searchsorted(edges, feature.numbers), -1).astype(np.int64)
    width = int(codes.max(initial=-1)) + 2
    return np.where(codes < 0, width - 1, codes), width


def _rates(levels: Codes, width: int, values: Floats, part: npt.NDArray[np.bool_]) -> Floats:
    """The mean of `values` per level over the other part; the overall mean where a level has no rows there."""
    counts = np.bincount(levels[~part], minlength=width)
    sums = np.bincount(levels[~part], weights=values[~part], minlength=width)
    overall = float(values[~part].mean()) if counts.sum() else 0.0
    return np.where(counts > 0, sums / np.maximum(counts, 1), overall)


def _r2(levels: Codes, width: int, truth: Floats, part: npt.NDArray[np.bool_]) -> float:
    spread = float(((truth[part] - truth[part].mean()) ** 2).sum()) if part.any() else 0.0
    if spread == 0:
        return 0.0
    guess = _rates(levels, width, truth, part)[levels[part]]
    return 1 - float(((truth[part] - guess) ** 2).sum()) / spread


def _area(levels: Codes, width: int, positive: npt.NDArray[np.bool_], part: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve from counts per level: levels are sorted by rate, ties count a half."""
    rates = _rates(levels, width, positive.astype(np.float64), part)
    _, rank = np.unique(rates, return_inverse=True)
    tied = rank[levels[part]]
    hits = np.bincount(tied[positive[part]], minlength=width).astype(np.float64)
    misses = np.bincount(tied[~positive[part]], minlength=width).astype(np.float64)
    if hits.sum() == 0 or misses.sum() == 0:
        return 0.5
    below = np.cumsum(misses) - misses
    return float((hits * (below + misses / 2)).sum() / (hits.sum() * misses.sum()))


def _ranked_area(values: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve of the raw values in whichever direction is better (Mann and Whitney's U)."""
    known = ~np.isnan(values)
    hits, total = int(positive[known].sum()), int(known.sum())
    if hits == 0 or hits == total or total < 0.5 * len(values):
        return 0.5
    order = np.argsort(values[known])
    ordered, won = values[known][order], positive[known][order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
    counts = np.diff(starts, append=total)
    ranks = np.repeat(starts + (counts + 1) / 2, counts)  # tied values share the mean of their ranks
    area = (ranks[won].sum() - hits * (hits + 1) / 2) / (hits * (total - hits))
    return float(max(area, 1 - area))
