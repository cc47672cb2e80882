"""The figures of one column in words: its gaps, its spread, what it may hold, and how it goes with the target."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.page import escape, limits
from ..schema import Column
from .association import MEASURES
from .distribution import short
from .profile import ColumnProfile

#: Figures of a column's spread that are shown, and what they are called.
SPREAD = {"minimum": "min", "median": "median", "mean": "mean", "maximum": "max"}


def gaps(one: ColumnProfile) -> list[str]:
    """How many cells are missing or cannot be read."""
    told = [f"{share(one.missing, one.rows)} missing" + (f" ({one.missing:,})" if one.missing else "")]
    return [*told, f"{one.unreadable:,} unreadable"] if one.unreadable else told


def spread(one: ColumnProfile) -> list[str]:
    """Where numbers lie."""
    return [f"{word} {short(one.summary[name])}" for name, word in SPREAD.items() if name in one.summary]


def facts(told: Sequence[str]) -> str:
    """Short facts beside each other."""
    return f'<p class="facts soft">{"".join(f"<span>{escape(fact)}</span>" for fact in told)}</p>'


def kind(column: Column) -> str:
    """The type, and the unit where there is one."""
    return f"{column.type} ({column.unit})" if column.unit else column.type


def remarks(one: ColumnProfile) -> str:
    """What the contract allows, where the drawing does not say it, and its note."""
    column, parts = one.column, []
    if column.categories and set(column.categories) != set(one.distribution.names):
        more = len(column.categories) - 12
        parts.append(", ".join(column.categories[:12]) + (f" and {more} more" if more > 0 else ""))
    parts += [words for words in [limits(column.minimum, column.maximum)] if words]
    parts += [f"written as {column.format}"] if column.format else []
    parts += [f"by the clocks of {column.zone}"] if column.zone else []
    if column.decimal or column.thousands:
        between = f" and {column.thousands!r} between thousands" if column.thousands else ""
        parts.append(f"written with {(column.decimal or '.')!r} as decimal mark{between}")
    parts += ["may be empty"] if column.nullable else []
    told = [f"Allowed: {'; '.join(parts)}." if parts else "", column.note or ""]
    return "".join(f'<p class="sub">{escape(line)}</p>' for line in told if line)


def relation(one: ColumnProfile, classes: Sequence[str] = ()) -> str:
    """The measure in words, behind a bar of its strength, with its direction where the `classes` are given."""
    known = one.association
    if known is None:
        return ""
    bar = f'<span class="meter" style="width:{max(2, 60 * known.strength):.0f}px"></span>'
    text = f"{MEASURES[known.measure][0]} {round(known.value, 2) + 0.0:.2f}"  # no minus before zero
    if classes and known.measure == "auc" and known.strength >= 0.02:
        text += f": {'larger' if known.value > 0.5 else 'smaller'} values speak for {classes[1]}"
    return f"<span>{bar}{escape(text)}</span>"


def share(part: int, whole: int) -> str:
    """A share in words; what is there is never 0 %."""
    if not part:
        return "0%"
    return f"{part / whole:.1%}" if part / whole >= 0.001 else "under 0.1%"
