"""The series of a time series table: from when to when each goes, how many of its steps are there, and its course."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..view import View
from .distribution import moment

Moments = npt.NDArray[np.datetime64]

#: Series that are listed, and points of the line of each.
LISTED, POINTS = 24, 60


@dataclass(frozen=True, kw_only=True)
class SeriesProfile:
    """One series: its key, its first and last moment, rows with a target, the steps of the grid between its ends (None
    where the frequency does not say), and the target's mean in equal stretches of time, NaN for none."""

    name: str
    first: str
    last: str
    rows: int
    steps: int | None
    course: tuple[float, ...]

    @property
    def coverage(self) -> float | None:
        """The share of its steps that are there."""
        return None if not self.steps else min(1.0, self.rows / self.steps)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        named = {"name": self.name, "first": self.first, "last": self.last, "rows": self.rows, "steps": self.steps}
        return {**named, "coverage": self.coverage}


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """All series: how many, the course of the mean of their targets, and some of them, the least complete first."""

    count: int
    first: str
    last: str
    course: tuple[float, ...]
    listed: tuple[SeriesProfile, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        ends = {"count": self.count, "first": self.first, "last": self.last}
        return {**ends, "listed": [series.to_dict() for series in self.listed]}


def of(view: View) -> SeriesTable | None:
    """The series of rows whose contract forecasts; None for others, and where no row has a moment and a target."""
    contract = view.contract
    times = [column.name for column in contract.with_role("time") if column.name in view.typed]
    target = contract.target.name
    if contract.forecast is None or len(times) != 1 or target not in view.typed:
        return None
    moments = pd.to_datetime(view.typed[times[0]], utc=True).dt.tz_localize(None).to_numpy("datetime64[ns]")
    values = pd.to_numeric(view.typed[target], errors="coerce").to_numpy(np.float64)
    kept = ~np.isnat(moments) & ~np.isnan(values)
    if not kept.any():
        return None
    keys = [column.name for column in contract.with_role("series") if column.name in view.typed]
    codes, names = _groups(view.typed.loc[kept, keys]) if keys else (np.zeros(int(kept.sum()), dtype=np.int64), ["all"])
    moments, values = moments[kept], values[kept]
    whole = pd.DataFrame({"code": codes, "at": moments})
    ends = whole.groupby("code")["at"].agg(["min", "max", "nunique"])
    steps = {
        span: _steps(*span, contract.forecast.frequency) for span in set(zip(ends["min"], ends["max"], strict=True))
    }
    fine = bool((pd.DatetimeIndex(moments).normalize() != pd.DatetimeIndex(moments)).any())
    shares = [rows / (steps[first, last] or rows) for first, last, rows in ends.itertuples(index=False)]
    order = np.argsort(shares, kind="stable")[:LISTED].tolist()
    return SeriesTable(
        count=len(names),
        first=moment(moments.min().astype(np.int64), fine),
        last=moment(moments.max().astype(np.int64), fine),
        course=_course(moments, values),
        listed=tuple(
            SeriesProfile(
                name=names[at],
                first=moment(ends["min"].iloc[at].value, fine),
                last=moment(ends["max"].iloc[at].value, fine),
                rows=int(ends["nunique"].iloc[at]),
                steps=steps[ends["min"].iloc[at], ends["max"].iloc[at]],
                course=_course(moments[codes == at], values[codes == at]),
            )
            for at in order
        ),
    )


def _groups(keys: pd.DataFrame) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Codes [n] of the series and their names, in the order of first sight."""
    grouped = keys.groupby(list(keys.columns), sort=False, dropna=False)
    codes = np.asarray(grouped.ngroup(), dtype=np.int64)
    _, places = np.unique(codes, return_index=True)
    rows = keys.iloc[places].itertuples(index=False)
    return codes, [" / ".join("(missing)" if pd.isna(part) else str(part) for part in row) for row in rows]


def _steps(first: pd.Timestamp, last: pd.Timestamp, frequency: str) -> int | None:
    """How many steps of a frequency lie between two moments, both counted."""
    try:
        offset = pd.tseries.frequencies.to_offset(frequency)
        if isinstance(offset, pd.offsets.Tick):
            return int((last - first) / pd.Timedelta(offset)) + 1
        return len(pd.date_range(offset.rollback(first), offset.rollback(last), freq=offset))
    except (ValueError, OverflowError, AttributeError):
        return None


def _course(moments: Moments, values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """The mean in at most POINTS equal stretches of time, NaN where there is nothing."""
    at = moments.astype(np.int64)
    count = min(POINTS, len(np.unique(at)))
    span = max(int(at.max() - at.min()), 1)
    places = np.minimum((at - at.min()) / span * count, count - 1).astype(np.int64)
    sizes = np.bincount(places, minlength=count)
    sums = np.bincount(places, weights=values, minlength=count)
    return tuple(float(total / size) if size else float("nan") for total, size in zip(sums, sizes, strict=True))
