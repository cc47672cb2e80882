"""Reading one raw column as what the contract says it is: numbers, moments or text.

Nothing here raises for a bad cell: each function returns the values and a mask of the cells that could not be read, so
that `checks` can report all of them and `typed` can refuse the first. Text goes through Arrow, because 200,000 cells
become float64 in about 10 ms there and are rounded exactly as a JSON reader rounds them.

    >>> numbers(pd.Series(["1.5", " ", "abc"]))
    Numbers(values=array([1.5, nan, nan]), bad=array([False, False,  True]), blanks=1)
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..core import zones
from ..core.moments import FIRST_YEAR, LAST_YEAR
from . import written
from .schema import MISSING_WORDS, is_blank
from .written import Moments

FloatArray = npt.NDArray[np.float64]
MomentArray = npt.NDArray[np.datetime64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Numbers:
    """float64 values [n], NaN for missing or unreadable cells; the unreadable cells; how many were blank text."""

    values: FloatArray
    bad: Mask
    blanks: int = 0


@dataclass(frozen=True)
class Texts:
    """Text as codes [n] into `levels` (first seen first); -1 is missing or blank, `blanks` of them were blank text."""

    codes: npt.NDArray[np.int64]
    levels: tuple[str, ...]
    blanks: int = 0

    def values(self) -> npt.NDArray[np.object_]:
        """The cells as an object array [n] of str or None."""
        table = np.empty(len(self.levels) + 1, dtype=object)
        table[:-1] = self.levels
        return table[self.codes]


def numbers(series: pd.Series) -> Numbers:
    """Read a column as float64. Text is parsed; true and false count as 1 and 0 only in a boolean column."""
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(values, np.zeros(len(values), dtype=bool))
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return Numbers(np.full(len(series), np.nan), series.notna().to_numpy(dtype=bool))
    if isinstance(dtype, pd.StringDtype):
        fast = _cast(series, pa.float64())
        if fast is not None:
            values = fast.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
            return Numbers(values, np.zeros(len(values), dtype=bool))
    found = texts(series)
    parsed = np.array([*map(_number, found.levels), math.nan])
    missing = np.array([*(level.strip().casefold() in MISSING_WORDS for level in found.levels), False])[found.codes]
    values = parsed[found.codes]
    return Numbers(values, np.isnan(values) & ~missing & (found.codes >= 0), found.blanks + int(missing.sum()))


def booleans(series: pd.Series) -> Numbers:
    """Read a column of true/false (any case) or 1/0 as 1.0 and 0.0; any other value is unreadable."""
    if pd.api.types.is_numeric_dtype(series.dtype):
        found = numbers(series)
        bad = ~np.isnan(found.values) & (found.values != 0) & (found.values != 1)
        return Numbers(np.where(bad, np.nan, found.values), bad)
    cells = texts(series)
    words = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
    parsed = np.array([*(words.get(level.strip().casefold(), math.nan) for level in cells.levels), math.nan])
    values = parsed[cells.codes]
    return Numbers(values, np.isnan(values) & (cells.codes >= 0), cells.blanks)


def moments(series: pd.Series, format: str | None = None, zone: str | None = None) -> Moments:
    """Read a column as dates, cell by cell as `core.moments.cell` does.

    Text is ISO 8601, or as `format` (strptime) says; what has no offset is local time of `zone`.
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return _typed_moments(series, zone)
    if pd.api.types.is_numeric_dtype(series.dtype):  # 20240131 is a number until a format says otherwise
        if format is None:
            empty = np.full(len(series), np.datetime64("NaT", "ns"))
            return Moments(empty, series.notna().to_numpy(dtype=bool), np.zeros(len(series), dtype=bool))
    elif format is None and zone in (None, "UTC") and isinstance(series.dtype, pd.StringDtype):
        fast = _cast(series, pa.timestamp("ns"))
        if fast is not None and _spelt(series):
            return _bounded(fast.to_numpy(zero_copy_only=False).astype("datetime64[ns]"))
    found = texts(series)
    read = written.moments([level.strip() for level in found.levels], format, zone)
    values = np.append(read.values, np.datetime64("NaT", "ns"))
    bad, far = (np.append(mask, False)[found.codes] for mask in (read.bad, read.far))
    return Moments(values[found.codes], bad, far)


def texts(series: pd.Series) -> Texts:
    """Read a column as text codes. Whole floats lose their ".0", so that 3.0 from a column with gaps is "3" again."""
    if isinstance(series.dtype, pd.StringDtype):
        cells = pa.array(series)
        whole = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        coded = whole.dictionary_encode()
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return _blanked(codes, coded.dictionary.to_pylist())
    plain = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
    try:
        codes, raw = pd.factorize(plain)
    except TypeError:  # lists and mappings, as JSON lines can hold, are no keys: compare their text
        codes, raw = pd.factorize(plain.map(str, na_action="ignore"))
    return _merged(codes.astype(np.int64), [text(value) for value in raw.tolist()])


def text(value: Any) -> str:
    """One raw value as the text a contract writes: 3.0 is "3", True is "True", a midnight is its date, b"a" is "a"."""
    if isinstance(value, bytes):  # text of a Parquet file whose writer did not say that it is text
        return value.decode("utf8", "backslashreplace")
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def _number(level: str) -> float:
    """Parse one text as float64; NaN where it is no number. Python's 1_000 is text here, as in every other reader."""
    if "_" in level:
        return math.nan
    try:
        return float(level)
    except ValueError:
        return math.nan


def _cast(series: pd.Series, kind: Any) -> Any:
    """Cast text with Arrow in one go, or None where a single cell does not parse (a normal outcome, not a failure)."""
    cells = pa.array(series)
    if cells.type in (pa.null(),):
        return None
    try:
        cast = pc.cast(cells, kind)
    except pa.ArrowInvalid:
        return None
    return cast.combine_chunks() if isinstance(cast, pa.ChunkedArray) else cast


def _typed_moments(series: pd.Series, zone: str | None) -> Moments:
    """Moments that the file holds as such: with a zone of their own in UTC, else local time of the column's zone."""
    own = series.dt.tz is not None
    plain = series.dt.tz_convert("UTC").dt.tz_localize(None) if own else series
    coarse = plain.to_numpy(dtype="datetime64[us]")
    present = ~np.isnat(coarse)
    first, last = (np.datetime64(f"{year}-01-01", "us") for year in (FIRST_YEAR, LAST_YEAR + 1))
    fits = (coarse >= first) & (coarse < last)
    values = np.where(fits, coarse, np.datetime64("NaT", "us")).astype("datetime64[ns]")
    values[fits] = plain.to_numpy()[fits].astype("datetime64[ns]")
    bad = np.zeros(len(values), dtype=bool)
    if zone is not None and not own:
        values, kinds = zones.instants(values, zone)
        bad = kinds != zones.ONCE
    return Moments(np.where(bad, np.datetime64("NaT", "ns"), values), bad, present & ~fits)


def _bounded(values: MomentArray) -> Moments:
    """Moments of text; those of years that are no moments' are far."""
    none = np.zeros(len(values), dtype=bool)
    if not len(values) or np.isnat(values).all():
        return Moments(values, none, none)
    first, last = (np.datetime64(f"{year}-01-01", "ns") for year in (FIRST_YEAR, LAST_YEAR + 1))
    far = (values < first) | (values >= last)
    return Moments(np.where(far, np.datetime64("NaT", "ns"), values) if far.any() else values, none, far)


def _spelt(series: pd.Series) -> bool:
    """Whether no text is one that Arrow alone takes for a moment, such as 2024-01-31T12."""
    lengths = pc.unique(pc.utf8_length(pa.array(series))).to_pylist()
    return set(lengths) <= {None, 10, 16, 19}


def _merged(codes: npt.NDArray[np.int64], levels: list[str]) -> Texts:
    """Two raw values can have one text (1 and "1"): give them one code."""
    first: dict[str, int] = {}
    new = np.array([*(first.setdefault(level, len(first)) for level in levels), -1], dtype=np.int64)
    return _blanked(new[codes], list(first))


def _blanked(codes: npt.NDArray[np.int64], levels: list[str]) -> Texts:
    """Turn blank levels (" ") into missing cells."""
    blank = [is_blank(level) for level in levels]
    if not any(blank):
        return Texts(codes, tuple(levels))
    kept = [level for level, empty in zip(levels, blank, strict=True) if not empty]
    position = np.cumsum(~np.array(blank)) - 1
    new = np.append(np.where(blank, -1, position), -1).astype(np.int64)
    blanks = int(np.isin(codes, np.flatnonzero(blank)).sum())
    return Texts(new[codes], tuple(kept), blanks)
