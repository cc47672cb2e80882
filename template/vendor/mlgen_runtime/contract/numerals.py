"""How a column of text writes its numbers: the decimal mark, what stands between thousands, the unit.

    Numerals.of(["4.606,39 €", "8,55 €"])   decimal ",", thousands ".", unit "€"
    Numerals.of(["1,133", "2,004"])         thousands ",", and `other` says that the comma may be a decimal mark
    Numerals.of(["B12", "C7"])              None: no numbers

Where two ways fit as well, the one that a column beside it needs is taken, else the one of most programs, and whoever
proposes a contract says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.cells import BLANKS, Unreadable, Writing, number, says_none
from ..core.command_line import override

#: Signs of currencies and shares, the codes of currencies that are seen most, and units of measure.
_SIGNS = "$€£¥₹₽₩₺%‰°"
_CODES = ("EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "TRY", "BRL")
_UNITS = (
    *(
        "kg",
        "g",
        "mg",
        "t",
        "lb",
        "lbs",
        "oz",
        "km",
        "m",
        "cm",
        "mm",
        "mi",
        "ft",
        "in",
        "l",
        "ml",
        "h",
        "min",
        "s",
        "ms",
    ),
    *("kW", "kWh", "W", "V", "mAh", "GB", "MB", "kB", "km/h", "mph", "km²", "m²", "m2", "°C", "°F", "pcs"),
)
_UNIT = "|".join([f"[{re.escape(_SIGNS)}]", *_CODES, *sorted(map(re.escape, _UNITS), key=len, reverse=True)])
_SHAPE = re.compile(
    rf"[-+\u2212]?[{BLANKS}]*(?P<before>[{re.escape(_SIGNS)}]|{'|'.join(_CODES)})?[{BLANKS}]*[-+\u2212]?"
    rf"(?P<digits>[0-9.,][0-9.,'\u2019{BLANKS}]*?)[{BLANKS}]*(?P<behind>{_UNIT})?"
)
#: The marks that are tried, those of most programs first: decimal, thousands.
_MARKS = ((".", ""), (".", ","), (",", "."), (",", ""), (".", " "), (",", " "), (".", "'"), (",", "'"))
_MARKED = re.compile(rf"[.,]|[0-9]['\u2019{BLANKS}][0-9]")
#: Distinct texts looked at to choose among the marks; all of them are read afterwards.
_LOOKED_AT = 5_000


@dataclass(frozen=True)
class Numerals:
    """How numbers are written; `example` is a text of the column, and `other` the marks that would fit as well."""

    decimal: str
    thousands: str
    unit: str
    example: str
    other: tuple[str, str] | None = None

    @property
    def plain(self) -> bool:
        """Whether there is nothing to say: numbers as programs write them."""
        return self.decimal == "." and not self.thousands and not self.unit

    @property
    def decides(self) -> bool:
        """Whether the column can be read with its decimal mark alone, so that it speaks for those beside it."""
        return self.other is None and (self.decimal == "," or bool(self.thousands))

    def writing(self, missing: Iterable[str] = ()) -> Writing:
        """What reads the cells."""
        return Writing(decimal=self.decimal, thousands=self.thousands, unit=self.unit, missing=frozenset(missing))

    @property
    def entries(self) -> dict[str, str]:
        """What a contract says of the column: the marks that are not a program's, and the unit."""
        found = {"unit": self.unit, "thousands": self.thousands, "decimal": "" if self.decimal == "." else self.decimal}
        return {entry: value for entry, value in found.items() if value}

    @property
    def note(self) -> str:
        """How a cell is read, for the reviewer, and how to decide where another way fits as well."""
        read = number(self.example, self.writing())
        shown = f"{read:.10g}"
        text = f"numbers written as text: {self.example!r} is read as {shown}"
        if self.unit:
            text += f" {self.unit}"
        if self.other is not None:
            mark = "." if self.decimal == "," else ","
            text += (
                f"; where {mark!r} is the decimal mark, set {override('data.decimal', mark)} and contract.write=true"
            )
        return text

    @classmethod
    def of(
        cls,
        levels: Sequence[str],
        missing: Iterable[str] = (),
        decimal: str | None = None,
        thousands: str | None = None,
        beside: str | None = None,
    ) -> Numerals | None:
        """What all `levels` are written in; None where some are no numbers.

        `decimal` and `thousands` are what the user says, `beside` the decimal mark of other columns of the table.
        """
        words = frozenset(missing)
        told = [level for level in levels if not says_none(level, words)]
        shapes = [_SHAPE.fullmatch(level.strip(BLANKS)) for level in told[:_LOOKED_AT]]
        found = [shape for shape in shapes if shape is not None]
        if not told or len(found) < len(shapes):
            return None
        units = {shape["before"] or shape["behind"] for shape in found} - {None}
        if len(units) > 1:
            return None
        unit = units.pop() if units else ""
        allowed = [
            marks
            for marks in _MARKS
            if (decimal is None or marks[0] == decimal) and (thousands is None or marks[1] == thousands)
        ]
        if decimal is not None and thousands is not None and not allowed and decimal != thousands:
            allowed = [(decimal, thousands)]
        fitting = [marks for marks in allowed if _fits(told[:_LOOKED_AT], marks, unit)]
        fitting = [marks for marks in fitting if len(told) <= _LOOKED_AT or _fits(told, marks, unit)]
        if not fitting:
            return None
        marked = any(_MARKED.search(level.strip(BLANKS)) for level in told)
        chosen, other = _chosen(fitting, decimal or beside) if marked or decimal else (fitting[0], None)
        example = max(told[:200], key=lambda level: (sum(level.count(mark) for mark in ",.'"), len(level)))
        return cls(*chosen, unit, example, None if decimal else other)


def _fits(levels: Sequence[str], marks: tuple[str, str], unit: str) -> bool:
    writing = Writing(decimal=marks[0], thousands=marks[1], unit=unit)
    try:
        for level in levels:
            number(level, writing)
    except Unreadable:
        return False
    return True


def _chosen(fitting: list[tuple[str, str]], decimal: str | None) -> tuple[tuple[str, str], tuple[str, str] | None]:
    """The marks to read with, and others that give other numbers and fit as well."""
    likely = [marks for marks in fitting if decimal is None or marks[0] == decimal] or fitting
    first = likely[0]
    if first == (",", "") and (",", ".") in likely:
        first = (",", ".")  # the same numbers, and larger ones that are yet to come
    rest = [marks for marks in fitting if marks[0] != first[0]] if decimal is None else []
    return first, (rest[0] if rest and first != (".", "") else None)
