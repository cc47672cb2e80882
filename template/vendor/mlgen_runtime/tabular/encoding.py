"""One raw cell as the number it stands for: a number, a truth value, the code of a level, a moment.

These readers decide what a value means, for a single row from a request and for a column of a file alike. Each raises
InputError naming the column, the value and what was expected.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..core import cells, moments, zones
from ..core.cells import LARGEST, Unreadable, Writing, is_missing
from ..core.errors import InputError
from ..core.words import Weights

__all__ = ["LARGEST", "NO_MOMENT", "Encoding", "Levels", "boolean", "moment", "number", "parts", "refusal"]

_EPOCH = datetime.date(1970, 1, 1)
#: Microseconds.
DAY = 86_400_000_000
NO_MOMENT = int(np.datetime64("NaT").astype("int64"))


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one column is encoded: `kind` is number, boolean, category, datetime or text; the rest belongs to one kind.

    `fill` (numbers) replaces a missing value; None leaves NaN. `other` and `missing` (categories) are codes; where they
    are None, NaN stands for an unseen and for a missing level. `format` (datetimes) is strptime's, None is ISO 8601;
    `zone` is the one whose clocks tell the parts. `words` say that there is none; `decimal`, `thousands`, `unit` and
    `whole` say how numbers are written, as in a contract. `vocabulary` (texts) are words, `idf` how much each counts.
    """

    column: str
    kind: str
    fill: float | None = None
    levels: tuple[str, ...] = ()
    other: int | None = None
    missing: int | None = None
    parts: tuple[str, ...] = ()
    format: str | None = None
    zone: str | None = None
    words: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    whole: bool = False
    vocabulary: tuple[str, ...] = ()
    idf: tuple[float, ...] = ()

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Encoding:
        """From plain data; JSON knows lists only."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
        }
        return cls(**given)

    @cached_property
    def writing(self) -> Writing:
        """How numbers are written."""
        return Writing(
            decimal=self.decimal,
            thousands=self.thousands,
            unit=self.unit,
            missing=frozenset(self.words),
            whole=self.whole,
        )

    @cached_property
    def known(self) -> cells.Levels:
        """Which of the levels a cell is."""
        return cells.Levels(self.levels, self.words)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        if self.kind == "text":
            return tuple(f"{self.column}: {word}" for word in self.vocabulary)
        return tuple(f"{self.column}.{part}" for part in self.parts) if self.kind == "datetime" else (self.column,)

    @cached_property
    def weights(self) -> Weights:
        """How much the words of a text count."""
        return Weights(self.vocabulary, self.idf)

    def text(self, value: Any) -> str | None:
        """Read one value as a text; None where it is missing."""
        try:
            return self.known.read(value)
        except Unreadable:
            raise refusal(value, self) from None

    @property
    def codes(self) -> int:
        """How many codes a category has, `other` and `missing` included; 0 for the other kinds."""
        return len(self.levels) + (self.other is not None) + (self.missing is not None)


def number(value: Any, encoding: Encoding) -> float:
    """Read one value as a number; NaN (or the fill) where it is missing."""
    try:
        read = cells.number(value, encoding.writing)
    except Unreadable:
        raise refusal(value, encoding) from None
    return encoding.fill if encoding.fill is not None and math.isnan(read) else read


def boolean(value: Any, encoding: Encoding) -> float:
    """Read one value as 1.0 or 0.0; NaN (or the fill) where it is missing."""
    try:
        read = cells.boolean(value, encoding.words)
    except Unreadable:
        raise refusal(value, encoding) from None
    return encoding.fill if encoding.fill is not None and math.isnan(read) else read


class Levels(dict[Any, float]):
    """Codes by level; whatever is not a known level finds its code on the first look-up that misses."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__({level: float(code) for code, level in enumerate(encoding.levels)})
        self.encoding = encoding
        self.unseen = math.nan if encoding.other is None else float(encoding.other)
        self[None] = self.unseen if encoding.missing is None else float(encoding.missing)
        self.levels = encoding.known

    def __missing__(self, value: Any) -> float:
        """The code of the level that a cell is (3.0 may be "3"), of a missing one, or of one that training had not."""
        try:
            return self.get(self.levels.read(value), self.unseen)
        except Unreadable:
            raise refusal(value, self.encoding) from None

    def read(self, value: Any) -> float:
        """Return the code of one raw value; raises InputError for a value that is no text or number."""
        try:
            return self[value]  # 1, 1.0 and True would be one key, but only texts are kept as keys
        except TypeError:  # a list or a mapping
            raise refusal(value, self.encoding) from None


def moment(value: Any, encoding: Encoding) -> int:
    """Read one value as microseconds since 1970 in UTC; NaT's integer where it is missing, or too far to be one."""
    if is_missing(value) or (isinstance(value, str) and cells.says_none(value, encoding.words)):
        return NO_MOMENT
    try:
        found = moments.cell(value, encoding.format, encoding.zone)
    except moments.Unread as why:
        raise refusal(value, encoding, str(why)) from None
    return NO_MOMENT if found is None else found // 1000


def parts(stamp: int, wanted: tuple[str, ...], zone: str | None = None) -> list[float]:
    """The parts of one moment (microseconds since 1970), as `preprocessing` computes them of many."""
    if stamp == NO_MOMENT:
        return [math.nan] * len(wanted)
    ahead = 0 if zone is None else zones.ahead(stamp // 1_000_000, zone) * 1_000_000
    days, within = divmod(stamp + ahead, DAY)
    date = datetime.date.fromordinal(_EPOCH.toordinal() + days)
    found = {
        "year": date.year,
        "month": date.month,
        "day": date.day,
        "weekday": date.weekday(),
        "hour": within // 3_600_000_000,
        "minute": within // 60_000_000 % 60,
        "elapsed": stamp // DAY + stamp % DAY / DAY,
    }
    return [found[name] for name in wanted]


def refusal(value: Any, encoding: Encoding, why: str = "") -> InputError:
    """The error for a value that cannot be read as its column's kind."""
    expected = {
        "number": f"a {'whole ' if encoding.whole else ''}number that fits a 32-bit float",
        "boolean": "true or false",
        "category": "a text or a number",
        "text": "a text",
        "datetime": moments.expected(encoding.format, encoding.zone),
    }[encoding.kind]
    shown = cells.shown(value) + (f" ({why})" if why else "")
    return InputError(
        f"column {encoding.column!r} holds {shown}, expected {expected}; mend the value, or leave it empty"
    )
