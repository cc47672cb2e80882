"""The figures of a data profile, worked out from rows that checks have parsed already.

Missing and unreadable cells are counted in all rows. Everything else is taken from at most 100,000 rows drawn at random
(always the same ones), of a very wide table from fewer, so that the time is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..schema import Column
from ..typed import parse
from ..view import View
from . import association, distribution, series
from .association import Association
from .distribution import Codes, Distribution, Floats
from .series import SeriesTable

#: Rows that are drawn at most, cells of all columns together, and rows that are drawn however wide a table is.
SAMPLE, CELLS, LEAST = 100_000, 20_000_000, 10_000
#: Roles of columns that are not held against the target: every value is another, or it is the target.
ALONE = ("id", "target")


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """One column. `rows` and the missing and unreadable cells are of all rows, the rest of those that were drawn.

    `summary` holds minimum, quartiles, mean, maximum and standard deviation of numbers. `target` [bins + others] is
    the mean of an amount, or the share of the positive class, in each bin; with more classes it is [bins + others,
    classes]. `target_missing` [1] or [1, classes] is the same for rows without a value. NaN: no row.
    """

    column: Column
    rows: int
    missing: int
    unreadable: int
    distinct: int
    distribution: Distribution
    summary: dict[str, float]
    association: Association | None
    target: npt.NDArray[np.float64] | None
    target_missing: npt.NDArray[np.float64] | None

    @property
    def missing_share(self) -> float:
        """The share of empty cells."""
        return self.missing / self.rows if self.rows else 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        shape = self.distribution
        edges = [distribution.moment(edge, fine=True) if shape.kind == "dates" else edge for edge in shape.edges]
        spread: dict[str, Any] = {"kind": shape.kind, **({"edges": edges} if edges else {"names": list(shape.names)})}
        if shape.others:
            spread |= {"other_categories": shape.others, "other_rows": shape.rest}
        return {
            "role": self.column.role,
            "type": self.column.type,
            "missing": self.missing,
            "missing_share": self.missing_share,
            "unreadable": self.unreadable,
            "distinct": self.distinct,
            **({"summary": self.summary} if self.summary else {}),
            "distribution": {**spread, "counts": list(shape.counts)},
            **({"association": self.association.to_dict()} if self.association else {}),
            **({"target": self.target.tolist()} if self.target is not None else {}),
        }


@dataclass(frozen=True, kw_only=True)
class DataProfile:
    """All columns, in the contract's order; `drawn` of `rows` rows were looked at. `series` is of time series."""

    rows: int
    drawn: int
    classes: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]
    series: SeriesTable | None

    @property
    def target(self) -> ColumnProfile | None:
        """The column to predict; None where the rows lack it."""
        return next((found for found in self.columns if found.column.role == "target"), None)

    @property
    def overall(self) -> npt.NDArray[np.float64] | None:
        """The mean of an amount or the share of the positive class in all drawn rows; shares [classes] of several."""
        if self.target is None:
            return None
        if not self.classes:
            return np.array(self.target.summary.get("mean", np.nan))
        counts = np.array(self.target.distribution.counts, dtype=np.float64)
        shares = counts / max(counts.sum(), 1.0)
        return np.asarray(shares[1] if len(shares) == 2 else shares, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "rows": self.rows,
            "rows_drawn": self.drawn,
            **({"classes": list(self.classes)} if self.classes else {}),
            **({"series": self.series.to_dict()} if self.series else {}),
            "columns": {found.column.name: found.to_dict() for found in self.columns},
        }


def profile(view: View) -> DataProfile:
    """The profile of some rows; columns of the contract that the rows lack are not in it."""
    chosen = drawn(view.rows, len(view.contract.columns))
    truth = _truth(view, chosen)
    there = [column for column in view.contract.columns if column.name in view.frame.columns]
    return DataProfile(
        rows=view.rows,
        drawn=len(chosen),
        classes=view.contract.labels,
        columns=tuple(_column(view, column, chosen, truth) for column in there),
        series=series.of(view),
    )


def drawn(rows: int, columns: int) -> npt.NDArray[np.int64]:
    """Positions of the rows that are looked at, the same ones every time."""
    most = min(SAMPLE, max(LEAST, CELLS // max(columns, 1)))
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False)).astype(np.int64)


@dataclass(frozen=True)
class _Truth:
    """The target of the drawn rows: an amount [n] (NaN is missing), or codes [n] (-1) of so many classes."""

    amount: Floats | None
    codes: Codes | None
    classes: int


def _truth(view: View, chosen: npt.NDArray[np.int64]) -> _Truth:
    if view.labels is not None:
        return _Truth(None, view.labels[chosen], len(view.contract.labels))
    if view.target is None:
        return _Truth(None, None, 0)
    cells = view.typed[view.contract.target.name].iloc[chosen]
    return _Truth(pd.to_numeric(cells, errors="coerce").to_numpy(np.float64), None, 0)


def _column(view: View, column: Column, chosen: npt.NDArray[np.int64], truth: _Truth) -> ColumnProfile:
    if column.name in view.typed:
        cells, bad = view.typed[column.name], view.bad[column.name]
    else:  # a column without a part in the contract: nobody has parsed it
        values, bad = parse(view.frame[column.name], column)
        cells = pd.Series(values)
    empty = cells.isna().to_numpy() & ~bad
    some = cells.iloc[chosen]
    if column.role == "target" and truth.codes is not None:
        names = np.array([*view.contract.labels, None], dtype=object)
        some = pd.Series(names[truth.codes])
        found = _labels(truth.codes, view.contract.labels)
    elif column.is_number and column.type != "boolean":
        found = distribution.of_numbers(some.to_numpy(np.float64), whole=column.type == "integer")
    elif column.type == "boolean":
        words = {1.0: "true", 0.0: "false"}
        found = distribution.of_categories(some.map(words).astype(object).where(some.notna(), None), ("false", "true"))
    elif column.type == "datetime":
        some = pd.to_datetime(some, utc=True).dt.tz_localize(None)
        found = distribution.of_dates(some.to_numpy("datetime64[ns]"))
    else:
        found = distribution.of_categories(some, column.categories)
    related = column.role not in ALONE and (truth.amount is not None or truth.codes is not None)
    bins = len(found.names) + bool(found.others)
    return ColumnProfile(
        column=column,
        rows=view.rows,
        missing=int(empty.sum()),
        unreadable=int(bad.sum()),
        distinct=_distinct(some, view.frame[column.name].iloc[chosen]),
        distribution=found,
        summary=_summary(some.to_numpy(np.float64)) if column.type in ("number", "integer") and found.edges else {},
        association=_association(some, found, column, truth) if related else None,
        target=_by_bin(found.codes, bins, truth) if related else None,
        target_missing=_by_bin(-1 - found.codes, 1, truth) if related and empty.any() else None,
    )


def _distinct(some: pd.Series, raw: pd.Series) -> int:
    """How many values there are. Whole numbers that floats do not tell apart are told apart as they were written."""
    if some.dtype == np.float64 and bool((some.abs() >= 2**53).any()):
        return int(raw[some.notna().to_numpy()].astype(str).nunique())
    return int(some.nunique())


def _labels(codes: Codes, labels: tuple[str, ...]) -> Distribution:
    """Every class, in the contract's order."""
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    return Distribution(kind="categories", names=labels, counts=tuple(int(count) for count in counts), codes=codes)


def _summary(values: Floats) -> dict[str, float]:
    known = values[~np.isnan(values)]
    with np.errstate(over="ignore"):  # the spread of numbers about 1e300 is infinite, which JSON says as null
        deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
    first, middle, last = (float(value) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    return {
        "minimum": float(known.min()),
        "first_quartile": first,
        "median": middle,
        "mean": float(known.mean()),
        "third_quartile": last,
        "maximum": float(known.max()),
        "standard_deviation": deviation,
    }


def _association(cells: pd.Series, found: Distribution, column: Column, truth: _Truth) -> Association | None:
    if found.kind == "categories":
        groups = pd.factorize(cells)[0].astype(np.int64)
        if truth.codes is not None:
            return association.cramers_v(groups, truth.codes)
        return None if truth.amount is None else association.correlation_ratio(groups, truth.amount)
    if column.type == "datetime":
        stamps = cells.to_numpy("datetime64[ns]")
        values = np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64).astype(np.float64))
    else:
        values = cells.to_numpy(np.float64)
    if truth.amount is not None:
        return association.spearman(values, truth.amount)
    assert truth.codes is not None
    return (
        association.auc(values, truth.codes)
        if truth.classes == 2
        else association.correlation_ratio(truth.codes, values)
    )


def _by_bin(codes: Codes, bins: int, truth: _Truth) -> npt.NDArray[np.float64]:
    """What the target does in each bin: [bins], or [bins, classes] of more than two classes; NaN where no row is."""
    if truth.amount is not None:
        inside = (codes >= 0) & (codes < bins) & ~np.isnan(truth.amount)
        sums = np.bincount(codes[inside], weights=truth.amount[inside], minlength=bins)
        sizes = np.bincount(codes[inside], minlength=bins)
        return _shares(sums, sizes)
    assert truth.codes is not None
    inside = (codes >= 0) & (codes < bins) & (truth.codes >= 0)
    width = max(truth.classes, 1)
    table = np.bincount(codes[inside] * width + truth.codes[inside], minlength=bins * width).reshape(bins, width)
    sizes = table.sum(axis=1, keepdims=True)
    shares = _shares(table, sizes)
    return shares[:, 1] if width == 2 else shares


def _shares(parts: npt.NDArray[Any], sizes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Parts over sizes, NaN where a size is none."""
    divided = np.full(parts.shape, np.nan)
    np.divide(parts, sizes, out=divided, where=sizes > 0)
    return divided
