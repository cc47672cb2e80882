"""One raw cell as the number it stands for: a number, a truth value, the code of a level, a moment.

These readers decide what a value means, for a single row from a request and for a column of a file alike. Each raises
InputError naming the column, the value and what was expected.
"""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contract.schema import MISSING_WORDS, is_blank
from ..core import moments, zones
from ..core.errors import InputError

#: Beyond it a number is infinite in float32, which the models compute in.
LARGEST = float(np.finfo(np.float32).max)
_EPOCH = datetime.date(1970, 1, 1)
#: Microseconds.
DAY = 86_400_000_000
NO_MOMENT = int(np.datetime64("NaT").astype("int64"))
_TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one column is encoded: `kind` is number, boolean, category or datetime; the rest belongs to one of them.

    `fill` (numbers) replaces a missing value; None leaves NaN. `other` and `missing` (categories) are codes; where they
    are None, NaN stands for an unseen and for a missing level. `format` (datetimes) is strptime's, None is ISO 8601;
    `zone` is the one whose clocks tell the parts.
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

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return tuple(f"{self.column}.{part}" for part in self.parts) if self.kind == "datetime" else (self.column,)

    @property
    def codes(self) -> int:
        """How many codes a category has, `other` and `missing` included; 0 for the other kinds."""
        return len(self.levels) + (self.other is not None) + (self.missing is not None)


def number(value: Any, encoding: Encoding) -> float:
    """Read one value as a number; NaN (or the fill) where it is missing."""
    read = math.nan
    if isinstance(value, str):
        read = _number_text(value, encoding)
    elif not is_missing(value):
        try:
            read = float(value)
        except (TypeError, ValueError, OverflowError):
            raise refusal(value, encoding) from None
    if not math.isfinite(read):
        return math.nan if encoding.fill is None else encoding.fill
    if not -LARGEST <= read <= LARGEST:
        raise refusal(value, encoding)
    return read


def boolean(value: Any, encoding: Encoding) -> float:
    """Read one value as 1.0 or 0.0; NaN (or the fill) where it is missing."""
    if is_missing(value) or (isinstance(value, str) and is_blank(value)):
        return math.nan if encoding.fill is None else encoding.fill
    try:
        return _TRUTHS[value.strip().casefold()] if isinstance(value, str) else {0: 0.0, 1: 1.0}[value]
    except (KeyError, TypeError):
        raise refusal(value, encoding) from None


class Levels(dict[Any, float]):
    """Codes by level; whatever is not a known level finds its code on the first look-up that misses."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__({level: float(code) for code, level in enumerate(encoding.levels)})
        self.encoding = encoding
        self.unseen = math.nan if encoding.other is None else float(encoding.other)
        self[None] = self.unseen if encoding.missing is None else float(encoding.missing)

    def __missing__(self, value: Any) -> float:
        """A number's text may be a level (3.0 is "3"); a blank is missing; the rest is unseen."""
        if is_missing(value) or (isinstance(value, str) and is_blank(value)):
            return self[None]
        if isinstance(value, str):
            return self.unseen
        if isinstance(value, int | float | np.generic | datetime.date):
            return self.get(_text(value), self.unseen)
        raise refusal(value, self.encoding)

    def read(self, value: Any) -> float:
        """Return the code of one raw value; raises InputError for a value that is no text or number."""
        try:
            return self[value]
        except TypeError:  # a list or a mapping
            raise refusal(value, self.encoding) from None


def moment(value: Any, encoding: Encoding) -> int:
    """Read one value as microseconds since 1970 in UTC; NaT's integer where it is missing, or too far to be one."""
    if is_missing(value) or (isinstance(value, str) and is_blank(value)):
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


def is_missing(value: Any) -> bool:
    """Whether a cell says that there is no value: None, NaN, NaT, pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(value != value)


def refusal(value: Any, encoding: Encoding, why: str = "") -> InputError:
    """The error for a value that cannot be read as its column's kind."""
    expected = {
        "number": "a number that fits a 32-bit float",
        "boolean": "true or false",
        "category": "a text or a number",
        "datetime": moments.expected(encoding.format, encoding.zone),
    }[encoding.kind]
    shown = repr(value)
    shown = (shown if len(shown) <= 60 else f"{shown[:57]}...") + (f" ({why})" if why else "")
    return InputError(
        f"column {encoding.column!r} holds {shown}, expected {expected}; mend the value, or leave it empty"
    )


def _number_text(value: str, encoding: Encoding) -> float:
    """Parse a number written as text; Python's 1_000 is no number in any other reader."""
    if value.strip().casefold() in MISSING_WORDS:
        return math.nan
    try:
        if "_" in value:
            raise ValueError
        return float(value)
    except ValueError:
        raise refusal(value, encoding) from None


def _text(value: Any) -> str:
    """A raw value as the contract writes a category: 3.0 is "3", True is "True"."""
    raw = value.item() if isinstance(value, np.generic) else value
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53:
        return str(int(raw))
    return raw.isoformat(sep=" ") if isinstance(raw, datetime.datetime) else str(raw)
