"""What one raw column looks like, before anybody says what it is for: its type, its gaps, its distinct values.

Types are guessed from all cells, never from the first few: telco_churn's TotalCharges is a number in 7,032 rows and a
single blank in 11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import columns as raw
from .schema import MISSING_WORDS

ISO_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?")
#: Other ways to write a date, tried in this order; 03/04/2024 is read as the first that fits every cell.
DATE_FORMATS = tuple(
    day + time
    for day in ("%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%d %b %Y", "%d-%b-%Y")
    for time in ("", " %H:%M", " %H:%M:%S")
)
CODE = re.compile(r"[+-]?0\d+")
WHOLE = re.compile(r"[+-]?\d+")

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """One column as checks that compare columns see it: numbers [n] (NaN is missing) or codes [n] (-1 is missing)."""

    name: str
    numbers: Floats | None
    codes: Codes | None = None

    def levels(self) -> Codes:
        """Codes [n] of the distinct values, -1 where missing."""
        if self.codes is not None:
            return self.codes
        assert self.numbers is not None
        return pd.factorize(self.numbers)[0].astype(np.int64)

    def rows(self, chosen: npt.NDArray[np.int64]) -> Seen:
        """The column at some rows."""
        return Seen(
            self.name,
            None if self.numbers is None else self.numbers[chosen],
            None if self.codes is None else self.codes[chosen],
        )


@dataclass(frozen=True, kw_only=True)
class Observed:
    """One column. `numbers` [n] is set for number, integer and boolean, `texts` for text; `whole`: all integral.

    `distinct` is a lower bound for numbers with more than 1,000 values in a long table.
    `blanks` counts cells of a number column that hold blank text or a word for missing, `odd` gives examples of cells
    that keep an almost numeric column from being numbers.
    """

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    numbers: npt.NDArray[np.float64] | None = None
    texts: raw.Texts | None = None
    whole: bool = False
    written_as_text: bool = False
    blanks: int = 0
    format: str | None = None
    odd: tuple[str, ...] = ()

    @property
    def seen(self) -> Seen:
        """The column as the leakage tests want it."""
        return Seen(self.name, self.numbers, self.texts.codes if self.texts is not None else None)

    @property
    def unique(self) -> bool:
        """Whether no value repeats and none is missing."""
        return self.distinct == self.rows

    def counts(self) -> dict[str, int]:
        """Rows per text level, in sorted order."""
        assert self.texts is not None
        found = np.bincount(self.texts.codes[self.texts.codes >= 0], minlength=len(self.texts.levels))
        return dict(sorted(zip(self.texts.levels, found.tolist(), strict=True)))


def observe(series: pd.Series, name: str) -> Observed:
    """Guess the type of a raw column and count what it holds."""
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return _numeric(name, "boolean", raw.booleans(series))
    if pd.api.types.is_integer_dtype(dtype):
        return _numeric(name, "integer", raw.numbers(series))
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return _numeric(name, "number", raw.numbers(series))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        read = raw.moments(series)
        if not read.bad.any():
            return _moment(name, read, None)  # else a year such as 9999 is there: it is looked at as text is
    return _from_text(series, name)


def _from_text(series: pd.Series, name: str) -> Observed:
    """Guess from cells of text (or of mixed objects): number, boolean, date or plain text."""
    numbers = raw.numbers(series)
    share_bad = float(numbers.bad.mean()) if len(series) else 0.0
    if share_bad == 0 and not np.isnan(numbers.values).all():
        kind = _kind_of_numbers(series)
        if kind is not None:
            as_text = numbers.blanks > 0 or (
                series.dtype == object and series.map(lambda cell: isinstance(cell, str)).any()
            )
            return _numeric(name, kind, numbers, written_as_text=bool(as_text))
    texts = raw.texts(series)
    levels = [level.strip() for level in texts.levels]
    if levels and {level.casefold() for level in levels} <= {"true", "false"}:
        return _numeric(name, "boolean", raw.booleans(series))
    found = _date_format(levels)
    if found is not None:
        moments = raw.moments(series, found or None)
        if not moments.bad.any():
            return _moment(name, moments, found or None)
    odd: tuple[str, ...] = ()
    if 0 < share_bad < 0.05:
        odd = tuple(dict.fromkeys(str(cell) for cell in series[numbers.bad].iloc[:100]))[:3]
    return Observed(
        name=name,
        type="text",
        rows=len(series),
        nulls=int((texts.codes < 0).sum()),
        distinct=len(texts.levels),
        texts=texts,
        odd=odd,
    )


def _kind_of_numbers(series: pd.Series) -> str | None:
    """Integer or number for a column whose cells all parse; None where leading zeros (007) say that they are codes."""
    first = [str(cell).strip() for cell in series.dropna().head(100)]
    if not any(WHOLE.fullmatch(cell) or cell.casefold() in MISSING_WORDS for cell in first):
        return "number"  # not one of the first hundred is whole: no need to look at the rest
    levels = [level.strip() for level in raw.texts(series).levels]
    if any(CODE.fullmatch(level) for level in levels):
        return None
    words = [level for level in levels if level.casefold() not in MISSING_WORDS]
    return "integer" if all(WHOLE.fullmatch(level) for level in words) else "number"


def _date_format(levels: list[str]) -> str | None:
    """The strptime format of all levels, "" for ISO 8601, None where they are no dates."""
    if not levels:
        return None
    if all(ISO_DATE.fullmatch(level) for level in levels):
        return ""
    if not (levels[0][:1].isdigit() and len(levels[0]) <= 20):
        return None
    first = pd.Series(levels[:1_000], dtype="str")
    for format in DATE_FORMATS:
        if all(pd.to_datetime(some, format=format, errors="coerce").notna().all() for some in (first.head(3), first)):
            return format
    return None


def _numeric(name: str, kind: str, found: raw.Numbers, written_as_text: bool = False) -> Observed:
    values = np.where(np.isinf(found.values), np.nan, found.values)
    known = values[~np.isnan(values)]
    return Observed(
        name=name,
        type=kind,
        rows=len(values),
        nulls=len(values) - len(known),
        distinct=_distinct(known, kind),
        numbers=values,
        whole=bool((known == np.floor(known)).all()),
        written_as_text=written_as_text,
        blanks=found.blanks,
    )


def _distinct(known: npt.NDArray[np.float64], kind: str) -> int:
    """How many different values there are; for measured numbers the count may stop after 20,000 rows, past 1,000."""
    if kind == "number" and len(known) > 20_000:
        first = len(pd.unique(known[:20_000]))
        if first > 1_000:
            return first
    return len(pd.unique(known))


def _moment(name: str, found: raw.Moments, format: str | None) -> Observed:
    missing = int(np.isnat(found.values).sum())
    return Observed(
        name=name,
        type="datetime",
        rows=len(found.values),
        nulls=missing,
        distinct=len(pd.unique(found.values[~np.isnat(found.values)])),
        numbers=np.where(np.isnat(found.values), np.nan, found.values.astype(np.int64).astype(np.float64)),
        format=format,
    )
