"""Charts as SVG text: lines over time with bands and marks, a map of many columns over time, bars of now and then.

Written by hand, so that a page of dozens of charts stays small, is drawn at once, and needs nothing from anywhere.
"""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

#: Colours of lines, told apart by most eyes.
COLOURS = ("#0b6e99", "#d9822b", "#1a7f4b", "#8a4fbf", "#b3262e", "#5b6875", "#2f9e9e", "#a0722a")
WIDTH, HEIGHT = 520, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 26
#: Rows and labels of the map.
CELL, LABEL = 18, 150


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
    """A map: a row for each column, a cell for each window, darker where the value is larger; a dot where it is more
    than chance. Rows are (name, values, proven)."""
    windows = len(axis.places)
    wide = min(40.0, max(5.0, 760 / max(windows, 1)))
    height = CELL * len(rows) + 24
    parts = []
    for number, (name, values, proven) in enumerate(rows):
        top = number * CELL
        parts.append(f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">{_short(name, 22)}</text>')
        for at, value in enumerate(values):
            if value is None or not math.isfinite(value):
                continue
            said = f"{name}, {axis.names[at]}: {words(value)}{' (more than chance)' if proven[at] else ''}"
            left = LABEL + at * wide
            parts.append(
                f'<rect x="{left:.1f}" y="{top + 1}" width="{wide - 1:.1f}" height="{CELL - 2}" rx="2" '
                f'fill="{_shade(value)}"><title>{html.escape(said)}</title></rect>'
            )
            if proven[at]:
                parts.append(f'<circle cx="{left + wide / 2 - 0.5:.1f}" cy="{top + CELL / 2}" r="2" fill="#1c2733"/>')
    bottom = CELL * len(rows)
    for at in axis.marks:
        left = LABEL + at * wide
        parts.append(f'<path d="M{left + wide / 2 - 5:.1f} {bottom + 9}l4.5 -7 4.5 7z" fill="#b3262e"/>')
    for at in _spread(windows, 6):
        left = LABEL + (at + 0.5) * wide
        parts.append(
            f'<text x="{left:.1f}" y="{bottom + 20}" text-anchor="middle">{html.escape(axis.names[at])}</text>'
        )
    return f'<div class="scroll">{_svg(LABEL + wide * windows + 40, height, parts, fixed=True)}</div>'


def bars(names: Sequence[str], then: Sequence[float], now: Sequence[float]) -> str:
    """Shares by bin: the training rows' behind, the window's in front."""
    high = max([*then, *now, 1e-9])
    room = WIDTH - LEFT - RIGHT
    wide = room / max(len(names), 1)
    floor = HEIGHT - BOTTOM

    def up(value: float) -> float:
        return value / high * (HEIGHT - TOP - BOTTOM)

    parts = list(_frame(0.0, high, _scale(0.0, high, True)[2], lambda value: floor - up(value), lambda v: f"{v:.0%}"))
    for at, name in enumerate(names):
        left = LEFT + at * wide
        said = html.escape(f"{name}: {now[at]:.1%}, in training {then[at]:.1%}")
        for value, colour, shift, share in ((then[at], "#c9d1d9", 0.08, 0.4), (now[at], COLOURS[0], 0.5, 0.4)):
            parts.append(
                f'<rect x="{left + shift * wide:.1f}" y="{floor - up(value):.1f}" width="{share * wide:.1f}" '
                f'height="{up(value):.1f}" fill="{colour}"><title>{said}</title></rect>'
            )
    for at in _spread(len(names), 5):
        x = f"{LEFT + (at + 0.5) * wide:.1f}"
        parts.append(f'<text x="{x}" y="{HEIGHT - 8}" text-anchor="middle">{_short(names[at], 14)}</text>')
    return _svg(WIDTH, HEIGHT, parts)


def _frame(
    bottom: float, top: float, step: float, up: Callable[[float], float], words: Callable[[float], str]
) -> list[str]:
    found = []
    for number in range(math.ceil(bottom / step - 1e-9), math.floor(top / step + 1e-9) + 1):
        value = number * step  # not summed up: a tick at zero is zero
        y = up(value)
        found.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        found.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{html.escape(words(value))}</text>')
    return found


def _moments(axis: Axis, across: Callable[[int], float]) -> list[str]:
    found = []
    chosen = _spread(len(axis.names), 4)
    for at in chosen:
        anchor = "start" if at == 0 and len(chosen) > 1 else "end" if at == len(axis.names) - 1 and at else "middle"
        found.append(
            f'<text x="{across(at):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{html.escape(axis.names[at])}</text>'
        )
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
        f"<title>{html.escape(f'{line.name}, {axis.names[at]}: {words(value)}')}</title></circle>"
        for at, value in enumerate(line.values)
        if value is not None and math.isfinite(value)
    ]


def _legend(shown: Sequence[Line]) -> str:
    keys = (
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{html.escape(line.name)}</span>'
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


def _shade(value: float) -> str:
    """From almost white, at nought, over orange at 0.2 to red at 0.5 and beyond."""
    stops = ((0.0, (238, 243, 246)), (0.1, (250, 226, 190)), (0.2, (240, 165, 85)), (0.5, (190, 45, 45)))
    for (start, pale), (end, strong) in itertools.pairwise(stops):
        if value <= end:
            share = (value - start) / (end - start)
            return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(pale, strong, strict=True))
    return "#be2d2d"


def _svg(width: float, height: float, parts: Sequence[str], fixed: bool = False) -> str:
    size = f' width="{width:.0f}" height="{height:.0f}"' if fixed else ""
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}"{size} role="img">{"".join(parts)}</svg>'


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _short(text: str, letters: int) -> str:
    return html.escape(text if len(text) <= letters else text[: letters - 1] + "…")
