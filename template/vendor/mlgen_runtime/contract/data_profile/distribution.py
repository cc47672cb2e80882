"""How the values of one column are spread: a histogram of numbers and dates, or the most frequent categories.

    Distribution(kind="histogram", edges=(-0.5, 2.5, ...), names=("0 to 2", ...), counts=(862, ...), codes=array([0]))

Bins of a histogram are equally wide between the 1st and the 99th percentile where a few values lie far out; the first
and the last bin then reach to the smallest and the largest value.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Bars of a histogram at most, whole numbers that get one each, and categories that are named.
BINS, WHOLE, NAMED = 24, 24, 10
#: The range is cut where it is so many times as wide as that of the middle 98 %.
FAR = 3.0
DAY = 86_400e9
#: Whole numbers beyond this are not told apart any more.
EXACT = 1e15


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """One column's values. `codes` [n] say in which bin or category each row is, -1 where missing; those of categories
    that are not named are all `len(names)`, and `others` tells how many there are.

    `edges` [bins + 1] are of a histogram, in nanoseconds since 1970 where `kind` is dates.
    """

    kind: str
    names: tuple[str, ...]
    counts: tuple[int, ...]
    codes: Codes = field(repr=False, compare=False)
    edges: tuple[float, ...] = ()
    others: int = 0
    cut: bool = False

    @property
    def rest(self) -> int:
        """Rows of categories that are not named."""
        return int((self.codes == len(self.names)).sum()) if self.others else 0


def of_numbers(values: Floats, *, whole: bool = False) -> Distribution:
    """The histogram of numbers [n], NaN where missing; `whole` numbers get bins that hold as many of them each."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Distribution(kind="histogram", names=(), counts=(), codes=np.full(len(values), -1, dtype=np.int64))
    low, high, cut = _range(known)
    if max(abs(low), abs(high)) < EXACT and (whole or (known == np.floor(known)).all()):
        edges = _whole_edges(math.floor(low), math.ceil(high))
        inner = [(math.ceil(start), math.ceil(end) - 1) for start, end in itertools.pairwise(edges)]
        names = tuple(f"{start:,}" if start == end else f"{start:,} to {end:,}" for start, end in inner)
    else:
        edges = _even_edges(low, high, len(known))
        names = tuple(f"{short(start)} to {short(end)}" for start, end in itertools.pairwise(edges))
    return _histogram(values, edges, names, "histogram", cut)


def of_dates(values: npt.NDArray[np.datetime64]) -> Distribution:
    """The histogram of moments [n], NaT where missing."""
    numbers = np.where(np.isnat(values), np.nan, values.astype("datetime64[ns]").astype(np.int64).astype(np.float64))
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return Distribution(kind="dates", names=(), counts=(), codes=np.full(len(values), -1, dtype=np.int64))
    edges = _even_edges(float(known.min()), float(known.max()), len(known))
    fine = edges[-1] - edges[0] < 4 * DAY
    names = tuple(f"{moment(start, fine)} to {moment(end, fine)}" for start, end in itertools.pairwise(edges))
    return _histogram(numbers, edges, names, "dates", cut=False)


def of_categories(cells: pd.Series, order: tuple[str, ...] = ()) -> Distribution:
    """The most frequent categories of text cells [n], None where missing; all of `order` where they are few."""
    codes, levels = pd.factorize(cells)
    counts = np.bincount(codes[codes >= 0], minlength=len(levels))
    names = [str(level) for level in levels]
    if 0 < len(order) <= NAMED and set(names) <= set(order):
        chosen = [names.index(name) if name in names else -1 for name in order]
        kept = tuple(order)
    else:
        chosen = np.argsort(-counts, kind="stable")[:NAMED].tolist()
        kept = tuple(names[at] for at in chosen)
    place = np.full(len(levels) + 1, len(kept), dtype=np.int64)
    place[-1] = -1
    for new, old in enumerate(chosen):
        if old >= 0:
            place[old] = new
    return Distribution(
        kind="categories",
        names=kept,
        counts=tuple(int(counts[at]) if at >= 0 else 0 for at in chosen),
        codes=place[codes].astype(np.int64),
        others=len(set(names) - set(kept)),
    )


def short(value: float) -> str:
    """A number as a person writes it: 47,170 and 0.3125."""
    return f"{value:,.0f}" if abs(value) >= 1_000 or value == 0 else f"{value:.4g}"


def moment(value: float, fine: bool = False) -> str:
    """Nanoseconds since 1970 as a day, or as a minute."""
    return pd.Timestamp(int(value)).strftime("%Y-%m-%d %H:%M" if fine else "%Y-%m-%d")


def _range(known: Floats) -> tuple[float, float, bool]:
    """Between which values bins are equally wide, and whether values lie beyond."""
    low, high = float(known.min()), float(known.max())
    first, last = (float(value) for value in np.quantile(known, (0.01, 0.99)))
    if last > first and high - low > FAR * (last - first):
        return first, last, True
    return low, high, False


def _whole_edges(low: int, high: int) -> Floats:
    """Edges half way between whole numbers, each bin holding as many of them."""
    width = 1 if high - low < WHOLE else math.ceil((high - low + 1) / BINS)
    count = math.ceil((high - low + 1) / width)
    return low - 0.5 + width * np.arange(count + 1, dtype=np.float64)


def _even_edges(low: float, high: float, rows: int) -> Floats:
    """Equally wide bins, fewer of them for few rows."""
    if not high > low:
        room = abs(low) * 0.05 or 0.5
        return np.array([low - room, high + room])
    return np.linspace(low, high, min(BINS, max(5, round(2 * rows ** (1 / 3)))) + 1)


def _histogram(values: Floats, edges: Floats, names: tuple[str, ...], kind: str, cut: bool) -> Distribution:
    missing = np.isnan(values)
    codes = np.searchsorted(edges, np.where(missing, edges[0], values), side="right") - 1
    codes = np.where(missing, -1, np.clip(codes, 0, len(names) - 1)).astype(np.int64)
    counts = np.bincount(codes[~missing], minlength=len(names))
    known = values[~missing]
    if cut:  # the outer bins hold what lies beyond
        edges = np.array([min(float(known.min()), edges[0]), *edges[1:-1], max(float(known.max()), edges[-1])])
    return Distribution(
        kind=kind,
        names=names,
        counts=tuple(int(count) for count in counts),
        codes=codes,
        edges=tuple(float(edge) for edge in edges),
        cut=cut,
    )
