"""What chance alone would do: every difference is held against it before anybody is told.

With hundreds of rows and dozens of columns something always looks different. So a figure counts as proven only where
chance would bring it once in `1 / ALPHA` windows, shared among all columns that are looked at (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: False alarms that a window of one metric may expect, over all of its subjects together.
ALPHA = 1e-5
#: Share of quiet windows in which a figure lies above its `usual`.
SELDOM = 0.01
#: A bin is merged with another where the smaller sample is expected to have fewer rows in it.
RARE = 5.0


def psi(current: Sequence[float], reference: Sequence[float], ordered: bool, subjects: int = 1) -> tuple[float, float]:
    """Return the population stability index of two histograms [bins] and the value that chance stays below.

    Without drift it is about a chi-square of B - 1 degrees of freedom, times 1/n + 1/m.
    """
    value, bins = stability_index(current, reference, ordered)
    return value, bound(ALPHA / max(subjects, 1), bins, sum(current), sum(reference))


def bound(share: float, bins: int, rows: float, rows_then: float) -> float:
    """The index of so many bins that chance exceeds in a share of windows only."""
    from scipy import stats

    if bins < 2:
        return float("inf")
    return float(stats.chi2.isf(share, bins - 1)) * (1 / rows + 1 / rows_then)


def stability_index(current: Sequence[float], reference: Sequence[float], ordered: bool) -> tuple[float, int]:
    """Return the population stability index of two histograms [bins], and of how many bins it is; 0 of 0 without rows.

    The sum of (p - q) ln(p / q) over the bins: p and q are the shares. Rare bins are merged first: neighbours where
    they are `ordered`, else all into one. Half a row is added to each bin, so that an empty one counts much, but not
    endlessly. It needs numpy alone: servers compute it, too.
    """
    import numpy as np

    now, then = np.asarray(current, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    n, m = now.sum(), then.sum()
    if not n or not m:
        return 0.0, 0
    expected = (now + then) / (n + m) * min(n, m)
    groups = _neighbours(expected) if ordered else _rare(expected)
    merged = [np.bincount(groups, weights=counts) + 0.5 for counts in (now, then)]
    p, q = (counts / counts.sum() for counts in merged)
    return float(((p - q) * np.log(p / q)).sum()), len(p)


def above(count: int, rows: int, then: float, rows_then: int, subjects: int = 1) -> bool:
    """Whether `count` of `rows` are more than a share of `then` among `rows_then` rows explains."""
    from scipy import stats

    if not rows or count / rows <= then:
        return False
    hits = then * rows_then
    usual = float(stats.beta.ppf(0.999, hits + 1, max(rows_then - hits, 0) + 1e-9)) if rows_then else 0.0
    return bool(stats.binom.sf(count - 1, rows, min(usual, 1.0)) < ALPHA / max(subjects, 1))


def differs(count: int, rows: int, then: float, rows_then: int, subjects: int = 1) -> bool:
    """Whether `count` of `rows` are more, or fewer, than a share of `then` among `rows_then` rows explains."""
    return above(count, rows, then, rows_then, subjects) or above(rows - count, rows, 1 - then, rows_then, subjects)


def critical_value(subjects: int = 1, cases: int | None = None) -> float:
    """How many standard errors a difference must be away from nothing: more if they come from few cases (Student)."""
    from scipy import stats

    share = ALPHA / max(subjects, 1)
    if cases is None:
        return float(stats.norm.isf(share))
    return float(stats.t.isf(share, cases - 1)) if cases > 1 else float("inf")


def _neighbours(expected: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The group [bins] of each bin: neighbours together until they are expected often enough."""
    import numpy as np

    groups = np.zeros(len(expected), dtype=np.int64)
    group, held = 0, 0.0
    for position, size in enumerate(expected.tolist()):
        groups[position] = group
        held += size
        if held >= RARE:
            group, held = group + 1, 0.0
    groups[groups == group] = max(group - 1, 0)  # what is left at the end joins the last group
    return groups


def _rare(expected: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The group [bins] of each bin: its own where it is expected often enough, else one with all other rare ones."""
    import numpy as np

    often = expected >= RARE
    groups = np.where(often, np.cumsum(often) - 1, int(often.sum()))
    if not often.all() and expected[~often].sum() < RARE and often.any():  # too few even together: join the rarest
        groups[~often] = groups[int(np.where(often, expected, np.inf).argmin())]
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
