"""The catalogue of checks, and what they hand back.

A check is a small generator with an id (its name) and a title; its docstring is the message, filled in from what it
yields:

    CHECKS: dict[str, Check] = {}

    @entered(CHECKS, "Features that are mostly empty")
    def mostly_null(view: View) -> Iterator[Finding]:
        \"""{column} is empty in {share} of the rows; find out why, or give it the role ignore\"""
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .view import View


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong. `figure` is the number behind it (a share, a count or an area), for machines."""

    check: str
    title: str
    severity: str
    column: str | None
    message: str
    figure: float | None

    def to_dict(self) -> dict[str, Any]:
        """The problem as plain data for JSON."""
        return dataclasses.asdict(self)


class Finding:
    """What a check yields: the column, the figure, the words for its message, and whether it passed its threshold."""

    def __init__(self, column: str | None, figure: float | None = None, *, grave: bool = True, **words: object) -> None:
        self.column, self.figure, self.grave, self.words = column, figure, grave, words


@dataclass(frozen=True)
class Check:
    """A check: its id, its title, its message, and the function that finds what is wrong."""

    id: str
    title: str
    message: str
    find: Callable[[View], Iterator[Finding]]


Find = Callable[[View], Iterator[Finding]]


def entered(table: dict[str, Check], title: str) -> Callable[[Find], Find]:
    """Enter a function in a table of checks under its own name, with its docstring as the message."""

    def register(find: Find) -> Find:
        message = " ".join((find.__doc__ or "").split())
        table[find.__name__] = Check(find.__name__, title, message, find)
        return find

    return register


def counted(number: int, thing: str) -> str:
    """A number of things for people: 1 row, 1,204 rows."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share for people: 0.034 is 3.4 %, and what is there is never 0 %."""
    return f"{share:.1%}" if share >= 0.001 else "under 0.1%"
