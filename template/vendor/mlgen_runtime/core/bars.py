"""Horizontal bars as HTML: a name that wraps, a bar, and what it says. Readable on a phone, however long the names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .page import escape


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: `share` of the width from 0 to 1, `then` one behind it to compare with, `dim` for a bar that is apart
    from the others (what is missing), `colour` a number of the style's colours."""

    name: str
    share: float
    says: str
    then: float | None = None
    dim: bool = False
    colour: int = 0


def bars(shown: Iterable[Bar]) -> str:
    """The bars one below the other; the longest fills its lane."""
    kept = list(shown)
    longest = max((max(bar.share, bar.then or 0.0) for bar in kept), default=0.0) or 1.0
    return f'<div class="bars">{"".join(_bar(bar, longest) for bar in kept)}</div>'


def _bar(bar: Bar, longest: float) -> str:
    wide = 100 * bar.share / longest
    colour = f";background:var(--c{bar.colour})" if bar.colour else ""
    kind = " class=dim" if bar.dim else ""
    lane = f'<i{kind} style="width:{wide:.1f}%{colour}"></i>'
    if bar.then is not None:
        lane += f'<i class="then" style="width:{100 * bar.then / longest:.1f}%"></i>'
    return (
        f'<span>{escape(bar.name)}</span><span class="lane">{lane}</span><span class="says">{escape(bar.says)}</span>'
    )
