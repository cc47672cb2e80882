"""What one raw column looks like, before anybody says what it is for: its type, its gaps, its distinct values.

Types are guessed from all cells, never from the first few: telco_churn's TotalCharges is a number in 7,032 rows and a
single blank in 11.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.cells import Levels, Writing, says_none, shown
from ..core.command_line import override
from ..core.errors import InputError
from . import columns as raw
from . import dates
from .numerals import Numerals

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
    contract should say, `doubt` what must be asked. `numerals` is how numbers are written where not as programs do, and
    `cells` are the raw cells.
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
    numerals: Numerals | None = None
    cells: pd.Series | None = None

    @property
    def spellings(self) -> tuple[str, ...]:
        """The distinct cells as text, as they stand."""
        if self.texts is not None or self.cells is None:
            return self.texts.levels if self.texts is not None else ()
        return raw.texts(self.cells).levels

    @property
    def marks(self) -> dict[str, Any]:
        """The contract's entries that say how numbers are written, where not as programs write them."""
        return {} if self.numerals is None else self.numerals.entries

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


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is known of a table's cells before they are looked at.

    `missing` are words for an empty cell, `textual` whether every cell is text, whatever it holds (a CSV): only there a
    word for missing among texts is one. `decimal` and `thousands` are the user's marks, `beside` the decimal mark that
    a column of the table needs. `dates` is what the settings say of dates.
    """

    missing: tuple[str, ...] = ()
    textual: bool = True
    decimal: str | None = None
    thousands: str | None = None
    beside: str | None = None
    dates: dates.Said = field(default_factory=dates.Said)


UNTOLD = Told()


def observe_all(frame: pd.DataFrame, told: Told, dropped: Collection[str] = ()) -> list[Observed]:
    """Look at every column but those dropped; what one of them says of decimal marks holds for those that may be read
    in two ways. Raises InputError for a column that holds lists."""
    names = [str(name) for name in frame.columns]
    columns = [(frame.iloc[:, position], name) for position, name in enumerate(names) if name not in dropped]
    found = [observe(series, name, told) for series, name in columns]
    if told.decimal is None:
        marks = {column.numerals.decimal for column in found if column.numerals and column.numerals.decides}
        if marks == {","}:
            told = dataclasses.replace(told, beside=",")
            found = [observe(series, name, told) for series, name in columns]
    return found


def observe(series: pd.Series, name: str, told: Told = UNTOLD) -> Observed:
    """Guess the type of a raw column and count what it holds. Raises InputError where it holds lists."""
    return dataclasses.replace(_observe(series, name, told), cells=series)


def _observe(series: pd.Series, name: str, told: Told) -> Observed:
    dtype = series.dtype
    plain = Writing(missing=frozenset(told.missing))
    if pd.api.types.is_bool_dtype(dtype):
        return _numeric(name, "boolean", raw.booleans(series), series)
    if pd.api.types.is_integer_dtype(dtype):
        said = told.dates
        if said.format is not None and not re.search("[^%a-zA-Z]", said.format) and len(said.format) > 2:
            found = dates.find(series, name, raw.texts(series), said)
            if found is not None and found.read is not None and found.format == said.format:
                return _moment(name, found)  # 20150131, where the setting says %Y%m%d
        return _numeric(name, "integer", raw.numbers(series, plain), series)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return _numeric(name, "number", raw.numbers(series, plain), series)
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return _moment(name, dates.typed(series, told.dates))
    return _from_text(series, name, told)


def _from_text(series: pd.Series, name: str, told: Told) -> Observed:
    """Guess from cells of text (or of mixed objects): number, boolean, date or plain text."""
    plain = Writing(missing=frozenset(told.missing))
    numbers = raw.numbers(series, plain)
    share_bad = float(numbers.bad.mean()) if len(series) else 0.0
    marked = bool(told.decimal or told.thousands or told.beside)
    if not share_bad and not marked and isinstance(series.dtype, pd.StringDtype) and _begins_with_fractions(series):
        return _numeric(name, "number", numbers, series, written_as_text=numbers.blanks > 0)
    texts = raw.texts(series, Levels((), told.missing if told.textual else ()))
    if np.any(texts.bad):
        row = int(np.flatnonzero(texts.bad)[0])
        raise InputError(
            f"column {name!r} holds {shown(series.iloc[row])} in row {row + 1}, expected a text, a number or a moment; "
            f"leave it out ({override('data.drop', [name])}), or write its entries as columns of their own"
        )
    levels = [level.strip() for level in texts.levels if not says_none(level, told.missing)]
    numerals = None
    if levels and (share_bad or marked):
        numerals = Numerals.of(texts.levels, told.missing, told.decimal, told.thousands, told.beside)
    if numerals is not None and not numerals.plain:
        kind = "integer" if all(WHOLE.fullmatch(_bare(level, numerals)) for level in levels) else "number"
        read = raw.numbers(series, numerals.writing(told.missing))
        return _numeric(name, kind, read, series, written_as_text=True, numerals=numerals)
    if share_bad == 0 and not np.isnan(numbers.values).all():
        found_kind = _kind_of_numbers(levels)
        if found_kind is not None:
            mixed = series.dtype == object and series.map(lambda cell: isinstance(cell, str)).any()
            return _numeric(name, found_kind, numbers, series, written_as_text=bool(numbers.blanks or mixed))
    if levels and {level.casefold() for level in levels} <= {"true", "false"}:
        return _numeric(name, "boolean", raw.booleans(series, told.missing), series)
    odd: tuple[str, ...] = ()
    almost = "numbers"
    if 0 < share_bad < 0.05:
        odd = tuple(dict.fromkeys(str(cell) for cell in series[numbers.bad].iloc[:100]))[:3]
    elif (found := dates.find(series, name, raw.texts(series, Levels((), told.missing)), told.dates)) is not None:
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


def _begins_with_fractions(series: pd.Series) -> bool:
    """Whether the first hundred texts are numbers, and none of them is whole: the others need no look then."""
    first = [cell.strip() for cell in series.dropna().head(100) if not says_none(cell)]
    return bool(first) and not any(map(WHOLE.fullmatch, first))


def _bare(level: str, numerals: Numerals) -> str:
    """A number's text without its unit and what stands between thousands; the decimal mark stays."""
    bare = level.replace(numerals.unit, "") if numerals.unit else level
    bare = bare.replace(numerals.thousands, "") if numerals.thousands.strip() else bare
    return "".join(bare.split())


def _kind_of_numbers(levels: list[str]) -> str | None:
    """Integer or number for a column whose cells all parse; None where leading zeros (007) say that they are codes."""
    if not any(map(WHOLE.fullmatch, levels[:100])):
        return "number"  # not one of the first hundred is whole: no need to look at the rest
    if any(map(CODE.fullmatch, levels)):
        return None
    return "integer" if all(map(WHOLE.fullmatch, levels)) else "number"


def _numeric(
    name: str,
    kind: str,
    found: raw.Numbers,
    cells: pd.Series,
    written_as_text: bool = False,
    numerals: Numerals | None = None,
) -> Observed:
    values = np.where(np.isinf(found.values), np.nan, found.values)
    known = values[~np.isnan(values)]
    return Observed(
        name=name,
        type=kind,
        rows=len(values),
        nulls=len(values) - len(known),
        distinct=_distinct(known, kind, cells),
        numbers=values,
        whole=bool((known == np.floor(known)).all()),
        written_as_text=written_as_text,
        blanks=found.blanks,
        numerals=numerals,
    )


def _distinct(known: npt.NDArray[np.float64], kind: str, cells: pd.Series) -> int:
    """How many different values there are; for measured numbers the count may stop after 20,000 rows, past 1,000.

    Whole numbers that no float holds are told apart as they stand.
    """
    if kind == "integer" and len(known) and np.abs(known).max() >= 2**53:
        return len(raw.texts(cells).levels)
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
