"""Reading one raw column as what the contract says it is: numbers, moments or text.

Nothing here raises for a bad cell: each function returns the values and a mask of the cells that could not be read, so
that `checks` can report all of them and `typed` can refuse the first. Text goes through Arrow, because 200,000 cells
become float64 in about 10 ms there and are rounded exactly as a JSON reader rounds them.

    >>> numbers(pd.Series(["1.5", " ", "abc"]))
    Numbers(values=array([1.5, nan, nan]), bad=array([False, False,  True]), blanks=1)
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..core import zones
from ..core.cells import (
    BLANKS,
    LARGEST,
    MISSING_WORDS,
    PLAIN,
    Levels,
    Unreadable,
    Writing,
    boolean,
    is_blank,
    number,
    says_none,
    text,
)
from ..core.moments import FIRST_YEAR, LAST_YEAR
from . import written
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
    """Text as codes [n] into `levels` (first seen first); -1 is missing, blank or unreadable.

    `blanks` of them were blank text, and `bad` [n] tells those that are no text: lists.
    """

    codes: npt.NDArray[np.int64]
    levels: tuple[str, ...]
    blanks: int = 0
    bad: Mask | np.bool_ = np.False_

    def values(self) -> npt.NDArray[np.object_]:
        """The cells as an object array [n] of str or None."""
        table = np.empty(len(self.levels) + 1, dtype=object)
        table[:-1] = self.levels
        return table[self.codes]


def numbers(series: pd.Series, writing: Writing = PLAIN) -> Numbers:
    """Read a column as float64, as `core.cells.number` reads a cell; infinite numbers are kept, for checks to tell."""
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        truth = pd.api.types.is_bool_dtype(dtype)
        return _fitting(values, ~np.isnan(values) if truth else np.zeros(len(values), dtype=bool), writing)
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return Numbers(np.full(len(series), np.nan), series.notna().to_numpy(dtype=bool))
    if isinstance(dtype, pd.StringDtype) and writing.plain:
        fast = None if writing.whole and _has_exponents(series) else _cast(series, pa.float64(), writing.missing)
        if fast is not None:
            values = fast.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
            return _fitting(values, np.zeros(len(values), dtype=bool), writing)
    if pd.api.types.is_object_dtype(dtype):  # a number among texts is what it is, however they are written
        told = [_number(cell, writing) for cell in series.tolist()]
        words = sum(isinstance(cell, str) and bare_word(cell, writing) for cell in series.tolist())
        return Numbers(np.array([cell[0] for cell in told]), np.array([cell[1] for cell in told], dtype=bool), words)
    found = texts(series)
    read = [_number(level, writing) for level in found.levels]
    parsed, bad = (np.array([*(cell[part] for cell in read), empty]) for part, empty in ((0, math.nan), (1, False)))
    blank = np.array([*(bare_word(level, writing) for level in found.levels), False])[found.codes]
    values = parsed[found.codes]
    return Numbers(values, bad.astype(bool)[found.codes] | found.bad, found.blanks + int(blank.sum()))


def _has_exponents(series: pd.Series) -> bool:
    """Whether a text has a letter of numbers that no whole number is written with."""
    return bool(pc.any(pc.match_substring(pa.array(series), "e", ignore_case=True)).as_py())


def bare_word(level: str, writing: Writing = PLAIN) -> bool:
    """Whether a text says that there is no number, and the contract does not have it as a word for that."""
    return level.strip(BLANKS).lower() in MISSING_WORDS and level not in writing.missing


def booleans(series: pd.Series, missing: Collection[str] = ()) -> Numbers:
    """Read a column of true/false (any case) or 1/0 as 1.0 and 0.0; any other value is unreadable."""
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = np.isfinite(values) & (values != 0) & (values != 1)
        return Numbers(np.where(bad, np.nan, values), bad)
    if pd.api.types.is_object_dtype(series.dtype):
        told = [_read(boolean, cell, missing) for cell in series.tolist()]
        return Numbers(np.array([cell[0] for cell in told]), np.array([cell[1] for cell in told], dtype=bool))
    found = texts(series)
    read = [_read(boolean, level, missing) for level in found.levels]
    parsed, bad = (np.array([*(cell[part] for cell in read), empty]) for part, empty in ((0, math.nan), (1, False)))
    return Numbers(parsed[found.codes], bad.astype(bool)[found.codes] | found.bad, found.blanks)


def moments(
    series: pd.Series, format: str | None = None, zone: str | None = None, missing: Collection[str] = ()
) -> Moments:
    """Read a column as dates, cell by cell as `core.moments.cell` does.

    Text is ISO 8601, or as `format` (strptime) says; what has no offset is local time of `zone`. `missing` are words
    for an empty cell.
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return _typed_moments(series, zone)
    if pd.api.types.is_numeric_dtype(series.dtype):  # 20240131 is a number until a format says otherwise
        if format is None:
            empty = np.full(len(series), np.datetime64("NaT", "ns"))
            return Moments(empty, series.notna().to_numpy(dtype=bool), np.zeros(len(series), dtype=bool))
    elif format is None and zone in (None, "UTC") and isinstance(series.dtype, pd.StringDtype):
        fast = _cast(series, pa.timestamp("ns"), missing)
        if fast is not None and _spelt(series, missing):
            return _bounded(fast.to_numpy(zero_copy_only=False).astype("datetime64[ns]"))
    found = texts(series)
    read = written.moments([level.strip() for level in found.levels], format, zone)
    values = np.append(read.values, np.datetime64("NaT", "ns"))
    none = np.array([says_none(level, missing) for level in found.levels], dtype=bool)
    bad, far = (np.append(mask, False)[found.codes] for mask in (read.bad & ~none, read.far))
    return Moments(values[found.codes], bad | found.bad, far)


def texts(series: pd.Series, levels: Levels | None = None) -> Texts:
    """Read a column as text codes, as `core.cells.text` writes a cell; with `levels`, as the category that it is."""
    if isinstance(series.dtype, pd.StringDtype):
        cells = pa.array(series)
        whole = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
        coded = whole.dictionary_encode()
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return _merged(codes, coded.dictionary.to_pylist(), levels)
    plain = series.astype(object) if isinstance(series.dtype, pd.CategoricalDtype) else series
    if plain.dtype == object:
        told = [_read(text, cell) for cell in plain.tolist()]  # 1, 1.0 and True are one key to pandas, but not one text
        bad = np.array([cell[1] for cell in told], dtype=bool)
        codes, raw = pd.factorize(pd.Series([None if cell[1] else cell[0] for cell in told], dtype=object))
        return dataclasses.replace(_merged(codes.astype(np.int64), raw.tolist(), levels), bad=bad)
    codes, raw = pd.factorize(plain)
    return _merged(codes.astype(np.int64), [str(text(value)) for value in raw.tolist()], levels)


def _number(cell: Any, writing: Writing) -> tuple[float, bool]:
    """One cell as a number, infinite as it stands, and whether it is none."""
    if isinstance(cell, str) and cell.strip(BLANKS).lower().lstrip("+-") in ("inf", "infinity"):
        return (-math.inf if cell.strip(BLANKS)[0] == "-" else math.inf), False
    if isinstance(cell, float) and math.isinf(cell):
        return cell, False
    return _read(number, cell, writing)


def _read(reader: Callable[..., Any], cell: Any, *how: Any) -> tuple[Any, bool]:
    """What a reader makes of a cell, and whether it is unreadable: NaN then."""
    try:
        return reader(cell, *how), False
    except Unreadable:
        return math.nan, True


def _fitting(values: FloatArray, bad: Mask, writing: Writing) -> Numbers:
    """Numbers without those that mean that there is none, and with those that fit no float32, or are not whole, as
    unreadable."""
    for sentinel in writing.sentinels:
        values = np.where(values == sentinel, np.nan, values)
    if len(values) and (np.fmin.reduce(values) < -LARGEST or np.fmax.reduce(values) > LARGEST):
        bad = bad | (np.isfinite(values) & (np.abs(values) > LARGEST))
    if writing.whole:
        broken = values != np.floor(values)
        if broken.any() and (broken := broken & np.isfinite(values)).any():
            bad = bad | broken
    return Numbers(np.where(bad, np.nan, values) if bad.any() else values, bad)


def _cast(series: pd.Series, kind: Any, missing: Collection[str] = ()) -> Any:
    """Cast text with Arrow in one go, or None where a single cell does not parse (a normal outcome, not a failure)."""
    cells = pa.array(series)
    if cells.type in (pa.null(),):
        return None
    for words in ((), tuple(missing)) if missing else ((),):  # most columns have none of the words
        try:
            told = pc.if_else(pc.is_in(cells, value_set=pa.array(words, cells.type)), None, cells) if words else cells
            cast = pc.cast(told, kind)
        except pa.ArrowInvalid:
            continue
        return cast.combine_chunks() if isinstance(cast, pa.ChunkedArray) else cast
    return None


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


def _spelt(series: pd.Series, missing: Collection[str]) -> bool:
    """Whether no text is one that Arrow alone takes for a moment, such as 2024-01-31T12."""
    lengths = pc.unique(pc.utf8_length(pa.array(series))).to_pylist()
    return set(lengths) <= {None, 10, 16, 19, *map(len, missing)}


def _merged(codes: npt.NDArray[np.int64], found: list[str], levels: Levels | None) -> Texts:
    """One code for each text, or for each category that the texts are; blank texts (" ") are missing cells."""
    first: dict[str, int] = {}
    blank, new = [], []
    for level in found:
        empty = is_blank(level) and (levels is None or level not in levels.exact)
        name = None if empty else level if levels is None else levels.read(level)
        blank.append(empty)
        new.append(-1 if name is None else first.setdefault(name, len(first)))
    if not any(blank) and new == list(range(len(found))):
        return Texts(codes, tuple(first))
    blanks = int(np.isin(codes, np.flatnonzero(blank)).sum()) if any(blank) else 0
    return Texts(np.array([*new, -1], dtype=np.int64)[codes], tuple(first), blanks)
