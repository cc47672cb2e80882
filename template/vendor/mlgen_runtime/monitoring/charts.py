"""Charts of windows: lines over time with bands and marks as SVG, and a map of many columns over time as a table.

Written by hand, so that a page of dozens of charts stays small, is drawn at once, and needs nothing from anywhere.
Colours are those of the style sheet, in light and in dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ..core.page import escape

#: Colours of lines, told apart by most eyes: --c0 to --c7 of the style sheet.
COLOURS = tuple(f"var(--c{number})" for number in range(8))
WIDTH, HEIGHT = 440, 190
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 26
#: Room for a letter of a name, as wide as it is on a phone.
LETTER = 8
#: Where the map's next colour begins: pale below the first, the strongest from the last on.
SHADES = (0.02, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line: values by position of a window (None: a gap), perhaps with an interval for each."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = field(default=())
    high: Sequence[float | None] = field(default=())
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Where windows stand from left to right, from 0 to 1, and how they are called; `marks` are those with alerts."""

    places: Sequence[float]
    names: Sequence[str]
    marks: Sequence[int] = ()


def lines(axis: Axis, shown: Sequence[Line], words: Callable[[float], str], zero: bool = True) -> str:
    """A chart of lines; `words` writes a value, `zero` keeps the bottom at nought."""
    known = _known(value for line in shown for values in (line.values, line.low, line.high) for value in values)
    if not known:
        return '<p class="sub">Not enough data yet.</p>'
    bottom, top, step = _scale(min(known), max(known), zero)

    def across(place: int) -> float:
        return LEFT + axis.places[place] * (WIDTH - LEFT - RIGHT)

    def up(value: float) -> float:
        return HEIGHT - BOTTOM - (value - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    parts = [*_frame(bottom, top, step, up, words), *_moments(axis, across)]
    parts += [
        f'<line x1="{across(at):.1f}" x2="{across(at):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="alert"/>'
        for at in axis.marks
    ]
    for number, line in enumerate(shown):
        colour = COLOURS[number % len(COLOURS)]
        parts += _band(line, colour, across, up)
        parts += _path(line, colour, across, up)
        parts += _points(line, colour, axis, across, up, words)
    return f"{_svg(WIDTH, HEIGHT, parts)}{_legend(shown) if len(shown) > 1 else ''}"


def heat(
    axis: Axis, rows: Sequence[tuple[str, Sequence[float | None], Sequence[bool]]], words: Callable[[float], str]
) -> str:
    """A map: a row for each column, a cell for each window, stronger where the value is larger; a dot where it is more
    than chance. Rows are (name, values, proven). It is a table, so that long names wrap and a wide one scrolls."""
    lines = "".join(
        f'<tr><th scope="row"><div>{escape(name)}</div></th>'
        + "".join(_cell(f"{name}, {axis.names[at]}", value, proven[at], words) for at, value in enumerate(values))
        + "</tr>"
        for name, values, proven in rows
    )
    marks = set(axis.marks)
    fired = "".join(f'<td class="mark">{"▲" if at in marks else ""}</td>' for at in range(len(axis.names)))
    named = f"<tr><td></td>{_ends(axis.names)}</tr>"
    foot = f"<tr><td></td>{fired}</tr>{named}" if marks else named
    return f'<div class="scroll"><table class="heat"><tbody>{lines}</tbody><tfoot>{foot}</tfoot></table></div>'


def _cell(place: str, value: float | None, proven: bool, words: Callable[[float], str]) -> str:
    """One window of one column; its figure is the cell's title."""
    if value is None or not math.isfinite(value):
        return "<td></td>"
    said = f"{place}: {words(value)}{' (more than chance)' if proven else ''}"
    shade = sum(value >= start for start in SHADES)
    return f'<td class="h{shade}{" dot" if proven else ""}" title="{escape(said)}"></td>'


def _ends(names: Sequence[str]) -> str:
    """The names of the first and the last window under the map."""
    half = (len(names) + 1) // 2
    first = f'<td colspan="{half}">{escape(names[0])}</td>'
    return (
        first if half == len(names) else f'{first}<td colspan="{len(names) - half}" class="n">{escape(names[-1])}</td>'
    )


def _frame(
    bottom: float, top: float, step: float, up: Callable[[float], float], words: Callable[[float], str]
) -> list[str]:
    found = []
    for number in range(math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9) + 1):
        value = number * step  # not summed up: a tick at zero is zero
        y = up(value)
        found.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        found.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{escape(words(value))}</text>')
    return found


def _moments(axis: Axis, across: Callable[[int], float]) -> list[str]:
    """The names of the first and the last window, and of one between them where there is room."""
    found, last = [], len(axis.names) - 1
    for at in _spread(len(axis.names), 3):
        anchor = "start" if at == 0 and last else "end" if at == last and at else "middle"
        ends = (across(0) + LETTER * len(axis.names[0]), across(last) - LETTER * len(axis.names[last]))
        half = LETTER * len(axis.names[at]) / 2
        if anchor == "middle" and last and not (ends[0] < across(at) - half and across(at) + half < ends[1]):
            continue
        text = escape(axis.names[at])
        found.append(f'<text x="{across(at):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{text}</text>')
    return found


def _band(line: Line, colour: str, across: Callable[[int], float], up: Callable[[float], float]) -> list[str]:
    pairs = zip(line.low, line.high, strict=True)
    found = [(at, low, high) for at, (low, high) in enumerate(pairs) if low is not None and high is not None]
    if len(found) < 2:
        return [
            f'<line x1="{across(at):.1f}" x2="{across(at):.1f}" y1="{up(low):.1f}" y2="{up(high):.1f}" '
            f'stroke="{colour}" stroke-width="6" stroke-opacity=".18"/>'
            for at, low, high in found
        ]
    there = [f"{across(at):.1f},{up(high):.1f}" for at, _, high in found]
    back = [f"{across(at):.1f},{up(low):.1f}" for at, low, _ in reversed(found)]
    return [f'<polygon points="{" ".join(there + back)}" fill="{colour}" fill-opacity=".14"/>']


def _path(line: Line, colour: str, across: Callable[[int], float], up: Callable[[float], float]) -> list[str]:
    steps, pen = [], "M"
    for at, value in enumerate(line.values):
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        steps.append(f"{pen}{across(at):.1f} {up(value):.1f}")
        pen = "L"
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    return [f'<path d="{"".join(steps)}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>'] if steps else []


def _points(
    line: Line,
    colour: str,
    axis: Axis,
    across: Callable[[int], float],
    up: Callable[[float], float],
    words: Callable[[float], str],
) -> list[str]:
    if line.dashed:
        return []
    size = 3 if len(line.values) <= 40 else 1.6
    return [
        f'<circle cx="{across(at):.1f}" cy="{up(value):.1f}" r="{size}" fill="{colour}">'
        f"<title>{escape(f'{line.name}, {axis.names[at]}: {words(value)}')}</title></circle>"
        for at, value in enumerate(line.values)
        if value is not None and math.isfinite(value)
    ]


def _legend(shown: Sequence[Line]) -> str:
    keys = (
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{escape(line.name)}</span>'
        for number, line in enumerate(shown)
    )
    return f'<p class="legend">{"".join(keys)}</p>'


def _scale(low: float, high: float, zero: bool) -> tuple[float, float, float]:
    """Bottom, top and step of an axis that holds both."""
    low = min(low, 0.0) if zero else low
    high = max(high, 0.0) if zero else high
    if high - low < 1e-12:
        low, high = low - (abs(low) or 1.0) * 0.1 * (not zero or low < 0), high + (abs(high) or 1.0) * 0.1
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    room = (high - low) * 0.06
    return (low if zero and low == 0 else low - room), high + room, step


def _spread(count: int, most: int) -> list[int]:
    """At most `most` of `count` positions, from the first to the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img">{"".join(parts)}</svg>'


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]
