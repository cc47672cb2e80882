"""Stretches of time and of rows in words: "15min", "1d", "365d"; 100000 rows; 0.2 of them.

seconds("1d", "retrain.cooldown")    →  86400.0
read("365d", "retrain.window")       →  Span(seconds=31536000.0)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import InputError

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")


@dataclass(frozen=True)
class Span:
    """The newest part of some rows: a share of them, a number of rows, or a stretch of time. One of them is set."""

    share: float | None = None
    rows: int | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        if self.share is not None:
            return f"{self.share:.0%}"
        return f"{self.rows:,} rows" if self.rows is not None else words(self.seconds or 0.0)


def seconds(text: str, key: str) -> float:
    """Return a duration in seconds; raises InputError naming the key where it is none."""
    found = _WRITTEN.fullmatch(text.strip())
    if not found or not (value := float(found[1]) * UNITS[found[2]]):
        raise InputError(f"{key}: {text!r} is no duration; expected such as 30min, 12h, 1d or 4w")
    return value


def read(value: str | float | None, key: str) -> Span | None:
    """Return what a setting names; null is all of it. Raises InputError naming the key and what is possible."""
    if value is None:
        return None
    if isinstance(value, str) and not re.fullmatch(r"\d+(\.\d+)?", value):
        return Span(seconds=seconds(value, key))
    number = float(value)
    if 0 < number < 1:
        return Span(share=number)
    if number >= 1 and number == int(number):
        return Span(rows=int(number))
    raise InputError(
        f"{key}: {value!r} is no part of the rows; expected a share (0.2), a number of rows (5000) or a duration (30d)"
    )


def words(length: float) -> str:
    """A duration for people: "3 days", "5 hours", "40 s"."""
    for name, unit in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if length >= unit:
            count = length / unit
            shown = f"{count:.0f}" if count >= 10 or abs(count - round(count)) < 0.05 else f"{count:.1f}"
            return f"{shown} {name}{'' if shown == '1' else 's'}"
    return f"{length:.0f} s"
