"""THE reader of a cell: what a cell of a file, a query, a request or a log means, as its column says.

    number(" 4.606,39 €", Writing(decimal=",", thousands=".", unit="€"))   → 4606.39
    number("n/a", PLAIN)                                                   → nan
    number("abc", PLAIN)                                                   Unreadable
    Levels(("NA", "0.50", "TRUE")).read("NA")                              → "NA", listed and so no word for missing

Whoever reads a whole column does it with numpy or Arrow where that gives the same, and asks here for the rest. `export`
copies this module beside `reader.py`, and `reader.mjs` says the same in JavaScript; a property test holds all of them
together. The standard library is all it needs.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: What is cut from both ends of a cell before it is read, in every language alike: all kinds of blanks.
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
#: What a number, a truth value or a moment may say instead of being empty (lower case, without blanks around it).
MISSING_WORDS = frozenset({"", "?", "-", "--", ".", "na", "n/a", "#n/a", "nan", "null", "none", "<na>"})
#: Beyond it a number is infinite in float32, which the models compute in.
LARGEST = 3.4028234663852886e38

TRUTHS = {"true": 1.0, "false": 0.0}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: A whole number, as a program writes it that holds floats.
_INTEGRAL = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_TRUTH = re.compile(r"[01](?:\.0+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
#: A number as a program writes it: no superfluous digit but the 0 of a whole float.
_MACHINE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.(?:0|[0-9]*[1-9]))?(?:e[+-]?[0-9]+)?")
_WHOLE = re.compile(r"^\+?(-?[0-9]+)(?:\.0*)?$")
_BLANK = re.compile(f"[{BLANKS}]")
_EXACT = 2**53


class Unreadable(ValueError):
    """A cell that is not what its column holds."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a column writes its numbers, and what it writes where there is none.

    `thousands` stands between groups of three digits, a blank for any blank; `unit` (EUR, $, %) before or behind.
    `missing` are words beside MISSING_WORDS, as they stand; one that is a number, such as -999, is missing as a number,
    too. `whole` is for columns of whole numbers.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""
    missing: frozenset[str] = frozenset()
    whole: bool = False

    @cached_property
    def sentinels(self) -> frozenset[float]:
        """The numbers that say that there is none."""
        return frozenset(float(word) for word in self.missing if _NUMBER.fullmatch(word))

    @property
    def plain(self) -> bool:
        """Whether numbers are written as programs write them."""
        return self.decimal == "." and not self.thousands and not self.unit


PLAIN = Writing()


def is_blank(cell: str) -> bool:
    """Whether a text cell holds nothing but blanks, which every type reads as missing."""
    return not cell.strip(BLANKS)


def says_none(cell: str, missing: Collection[str] = ()) -> bool:
    """Whether a text says that there is no number, truth value or moment: MISSING_WORDS, or the column's own words."""
    return cell in missing or cell.strip(BLANKS).lower() in MISSING_WORDS


def is_missing(value: Any) -> bool:
    """Whether a cell says that there is no value: None, NaN, NaT, pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # an array, whose cells differ
        return False


def number(value: Any, writing: Writing = PLAIN) -> float:
    """One cell as a number; NaN where it is missing or infinite. Raises Unreadable.

    True and false are no numbers here.
    """
    if isinstance(value, str):
        found = _number_text(value, writing)
    elif isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        raise Unreadable
    elif is_missing(value):
        return math.nan
    else:
        if isinstance(value, datetime.date | list | tuple | dict | bytes) or not hasattr(value, "__float__"):
            raise Unreadable
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            raise Unreadable from None
    if not math.isfinite(found) or found in writing.sentinels:
        return math.nan
    if not -LARGEST <= found <= LARGEST or (writing.whole and not found.is_integer()):
        raise Unreadable
    return found


def boolean(value: Any, missing: Collection[str] = ()) -> float:
    """One cell as 1.0 or 0.0: true and false in any case, 1 and 0; NaN where it is missing. Raises Unreadable."""
    if isinstance(value, str):
        if says_none(value, missing):
            return math.nan
        if (bare := value.strip(BLANKS).lower()) in TRUTHS:
            return TRUTHS[bare]
        if not _TRUTH.fullmatch(bare):
            raise Unreadable
        found = float(bare)
    elif is_missing(value):
        return math.nan
    else:
        found = float(value) if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool") else number(value)
    if found not in (0.0, 1.0):
        raise Unreadable
    return found


def text(value: Any) -> str | None:
    """One cell as text as it stands, None where it is missing: 3 is "3", 3.0 is "3.0", True is "True".

    A moment is written with a blank before its time. Raises Unreadable for a list or an object.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | dict | set):
        raise Unreadable
    if is_missing(value):
        return None
    if isinstance(value, bytes | bytearray):  # text of a file whose writer did not say that it is text
        return bytes(value).decode("utf8", "backslashreplace")
    plain = value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value
    if isinstance(plain, list | tuple | dict | set):
        raise Unreadable
    if isinstance(plain, float):
        return repr(plain + 0.0)  # -0.0 is 0.0
    return plain.isoformat(sep=" ") if isinstance(plain, datetime.datetime) else str(plain)


class Levels:
    """The categories of a column, and which of them a cell is. `missing` are words for an empty cell.

    A cell is the category that is written as it is. What several programs write differently finds the one category that
    it can be: 3 and 3.0, true and TRUE, "basic" and "basic ". Everything else is a category of its own, as it stands.
    A word for missing that is a category is a category.
    """

    def __init__(self, levels: Iterable[str], missing: Collection[str] = ()) -> None:
        self.exact = frozenset(levels)
        self.missing = frozenset(missing) - self.exact
        self._loose: dict[Hashable, str] = {}
        double = set()
        for level in self.exact:
            key = same(level)
            if key in self._loose:
                double.add(key)
            self._loose[key] = level
        for key in double:
            del self._loose[key]

    def read(self, value: Any) -> str | None:
        """The category of a cell, None where it is missing. Raises Unreadable for a list or an object."""
        found = value if type(value) is str else text(value)
        if found is None or found in self.exact:
            return found
        if found in self.missing or not found.strip(BLANKS):
            return None
        return self._loose.get(same(found), found)


class Keys(Levels):
    """The names of rows or groups: text as it stands, also a word that means missing elsewhere.

    In a column of whole numbers 3, 3.0 and "3" are one name, exact to the last digit; in one of numbers 3 and 3.0.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(())
        self.kind = kind

    def read(self, value: Any) -> str | None:
        """The name in a cell, None where there is none. Raises Unreadable for a list or an object."""
        found = value if type(value) is str else text(value)
        if found is None or not (bare := found.strip(BLANKS)):
            return None
        if self.kind == "integer":
            return _WHOLE.sub(r"\1", bare)
        if self.kind == "number" and _MACHINE.fullmatch(bare):
            return str(float(bare))
        return found


def same(level: str) -> Hashable:
    """What two spellings of one value have in common: a number's value, the truth value, the text without blanks around
    it. 0.50 and 007 are texts: no program writes a number so."""
    bare = level.strip(BLANKS)
    lower = bare.lower()
    if lower in TRUTHS:
        return ("truth", lower)
    if _MACHINE.fullmatch(bare):
        whole = bare.lstrip("-").isdigit()
        if not (whole and abs(int(bare)) > _EXACT):
            return float(bare)
    return bare


def _number_text(value: str, writing: Writing) -> float:
    """A text as a number, possibly infinite."""
    if says_none(value, writing.missing):
        return math.nan
    bare = value.strip(BLANKS)
    if not writing.plain:
        bare = _unmarked(bare, writing)
    if (_INTEGRAL if writing.whole else _NUMBER).fullmatch(bare):
        return float(bare)
    if _INFINITE.fullmatch(bare):
        return math.inf
    raise Unreadable


def _unmarked(bare: str, writing: Writing) -> str:
    """A number without its unit and its marks, as a program writes it. Raises Unreadable."""
    sign, bare = _sign(bare)
    if writing.unit:
        if bare.startswith(writing.unit):
            bare = bare[len(writing.unit) :]
        elif bare.endswith(writing.unit):
            bare = bare[: -len(writing.unit)]
        bare = bare.strip(BLANKS)
        if not sign:
            sign, bare = _sign(bare)
    whole, mark, fraction = bare.partition(writing.decimal)
    if writing.thousands:
        groups = _BLANK.sub(" ", whole).replace("\u2019", "'").split(writing.thousands)
        if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
            raise Unreadable
        whole = "".join(groups)
    if writing.decimal != "." and ("." in whole or "." in fraction):
        raise Unreadable
    return f"{sign}{whole}{'.' if mark else ''}{fraction}"


def _sign(bare: str) -> tuple[str, str]:
    """The sign of a number, and the rest of it."""
    if bare[:1] in ("-", "\u2212"):
        return "-", bare[1:].strip(BLANKS)
    return ("+", bare[1:].strip(BLANKS)) if bare[:1] == "+" else ("", bare)


def spread(row: Mapping[str, Any]) -> dict[str, Any]:
    """An object with the entries of the objects in it beside its own, under dotted names; an empty one is no entry."""
    if dict not in map(type, row.values()):
        return row if isinstance(row, dict) else dict(row)
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": inner for key, inner in spread(value).items()}
        else:
            found[name] = value
    return found


def shown(value: Any) -> str:
    """A cell for a message, cut to a length that a line bears."""
    found = repr(value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value)
    return found if len(found) <= 60 else f"{found[:57]}..."
