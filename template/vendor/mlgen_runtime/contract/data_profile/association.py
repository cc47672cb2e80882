"""How one column goes with the target, in the measure that is usual for the two kinds of column.

| target  | a number or a date                              | a category                                |
| amount  | Spearman's rank correlation                     | correlation ratio of the target's ranks   |
| binary  | area under the ROC curve of the column alone    | Cramér's V                                |
| classes | correlation ratio of the column's ranks         | Cramér's V                                |

Rows in which either is missing are left out. Cramér's V is corrected for chance as Bergsma (2013) does, the correlation
ratio as epsilon squared does; without that a column of many categories would seem to tell much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Each measure: what it is called, and how it is computed, for the reader of the page.
MEASURES = {
    "spearman": (
        "Spearman's ρ",
        "the correlation of the ranks of column and target, from −1 (one falls where the other rises) to 1; ties share "
        "the mean of their ranks",
    ),
    "auc": (
        "AUC",
        "the area under the ROC curve of the column alone: the chance that a row of the positive class has the larger "
        "value (ties count half). 0.5 says nothing; below 0.5 smaller values speak for it",
    ),
    "cramers_v": (
        "Cramér's V",
        "from the chi-squared statistic of the table of categories by classes, corrected for chance (Bergsma, 2013); "
        "0 is independent, 1 is determined",
    ),
    "correlation_ratio": (
        "correlation ratio η",
        "the square root of the share of the variance of ranks that lies between the groups, corrected for their "
        "number (epsilon squared); 0 is none, 1 is all",
    ),
}


@dataclass(frozen=True)
class Association:
    """A measure (a name of MEASURES), its value, its strength from 0 to 1 by which columns are ordered, and on how many
    rows it was taken."""

    measure: str
    value: float
    rows: int

    @property
    def strength(self) -> float:
        """How far it is from saying nothing: 0 to 1."""
        return abs(2 * self.value - 1) if self.measure == "auc" else abs(self.value)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"measure": self.measure, "value": self.value, "strength": self.strength, "rows": self.rows}


def spearman(values: Floats, target: Floats) -> Association | None:
    """Numbers [n] and an amount [n], NaN where missing; None where one of them does not vary."""
    both = ~np.isnan(values) & ~np.isnan(target)
    one, other = _ranks(values[both]), _ranks(target[both])
    if len(one) < 3 or one.max() == one.min() or other.max() == other.min():
        return None
    return Association("spearman", float(np.corrcoef(one, other)[0, 1]), len(one))


def auc(values: Floats, positive: Codes) -> Association | None:
    """Numbers [n], NaN where missing, and 1 where the class is the positive one, -1 where it is not known."""
    both = ~np.isnan(values) & (positive >= 0)
    ranks, hit = _ranks(values[both]), positive[both] == 1
    hits, misses = int(hit.sum()), int((~hit).sum())
    if not hits or not misses:
        return None
    return Association("auc", float((ranks[hit].sum() - hits * (hits + 1) / 2) / (hits * misses)), hits + misses)


def correlation_ratio(groups: Codes, values: Floats) -> Association | None:
    """Groups [n] from 0, -1 where missing, and numbers [n], NaN where missing, which are ranked."""
    both = (groups >= 0) & ~np.isnan(values)
    ranks, groups = _ranks(values[both]), pd.factorize(groups[both])[0]
    rows, kinds = len(ranks), int(groups.max(initial=-1)) + 1
    total = float(((ranks - ranks.mean()) ** 2).sum()) if rows else 0.0
    if kinds < 2 or rows <= kinds or total == 0:
        return None
    sizes = np.bincount(groups, minlength=kinds)
    means = np.bincount(groups, weights=ranks, minlength=kinds) / sizes
    inside = float(((ranks - means[groups]) ** 2).sum())
    share = 1 - (inside / (rows - kinds)) / (total / (rows - 1))
    return Association("correlation_ratio", float(np.sqrt(max(share, 0.0))), rows)


def cramers_v(groups: Codes, classes: Codes) -> Association | None:
    """Two columns of codes [n] from 0, -1 where missing."""
    both = (groups >= 0) & (classes >= 0)
    one, other = pd.factorize(groups[both])[0], pd.factorize(classes[both])[0]
    rows, width, height = len(one), int(one.max(initial=-1)) + 1, int(other.max(initial=-1)) + 1
    if rows < 2 or width < 2 or height < 2:
        return None
    seen = np.bincount(one * height + other, minlength=width * height).reshape(width, height)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / rows
    squared = float(((seen - expected) ** 2 / expected).sum()) / rows
    corrected = max(0.0, squared - (width - 1) * (height - 1) / (rows - 1))
    room = min(width - (width - 1) ** 2 / (rows - 1), height - (height - 1) ** 2 / (rows - 1)) - 1
    if room <= 0:
        return None
    return Association("cramers_v", float(min(1.0, np.sqrt(corrected / room))), rows)


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; ties share their mean."""
    return np.asarray(pd.Series(values).rank(), dtype=np.float64)
