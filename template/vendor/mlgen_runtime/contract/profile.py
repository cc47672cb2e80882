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
from . import dates
from .schema import MISSING_WORDS

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
    that keep a column from being what almost all of it is, `almost` (numbers or dates). Of dates, `note` is what the
    contract should say, `doubt` what must be asked.
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
    zone: str | None = None
    note: str | None = None
    doubt: str | None = None
    odd: tuple[str, ...] = ()
    almost: str = "numbers"

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


def observe(series: pd.Series, name: str, said: dates.Said | None = None) -> Observed:
    """Guess the type of a raw column and count what it holds; `said` is what the settings say of dates."""
    said = said or dates.Said()
    dtype = series.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return _numeric(name, "boolean", raw.booleans(series))
    if pd.api.types.is_integer_dtype(dtype):
        if said.format is not None and not re.search("[^%a-zA-Z]", said.format) and len(said.format) > 2:
            found = dates.find(series, name, raw.texts(series), said)
            if found is not None and found.read is not None and found.format == said.format:
                return _moment(name, found)  # 20150131, where the setting says %Y%m%d
        return _numeric(name, "integer", raw.numbers(series))
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return _numeric(name, "number", raw.numbers(series))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _moment(name, dates.typed(series, said))
    return _from_text(series, name, said)


def _from_text(series: pd.Series, name: str, said: dates.Said) -> Observed:
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
    odd: tuple[str, ...] = ()
    almost = "numbers"
    if 0 < share_bad < 0.05:
        odd = tuple(dict.fromkeys(str(cell) for cell in series[numbers.bad].iloc[:100]))[:3]
    elif (found := dates.find(series, name, texts, said)) is not None:
        if found.read is not None:
            return _moment(name, found)
        odd, almost = found.odd, "dates"
    return Observed(
        name=name,
        type="text",
        rows=len(series),
        nulls=int((texts.codes < 0).sum()),
        distinct=len(texts.levels),
        texts=texts,
        odd=odd,
        almost=almost,
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


def _moment(name: str, found: dates.Dates) -> Observed:
    assert found.read is not None
    values = found.read.values
    known = ~np.isnat(values)
    return Observed(
        name=name,
        type="datetime",
        rows=len(values),
        nulls=int((~known).sum()),
        distinct=len(pd.unique(values[known])),
        numbers=np.where(known, values.astype(np.int64).astype(np.float64), np.nan),
        format=found.format,
        zone=found.zone,
        note=found.note,
        doubt=found.doubt,
    )
