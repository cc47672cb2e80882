"""The small charts of a data profile, as SVG and HTML: a histogram over what the target does, bars of categories.

Colours are those of the style sheet, so that charts follow the page in the dark.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.page import escape
from .distribution import Distribution

#: Sizes in units of the drawing; a column's chart is about as wide in pixels.
WIDTH, LEFT, RIGHT, TOP = 440, 54, 6, 8
COUNTS, GAP, COURSE, WORDS = 84, 20, 64, 20
#: Room at the right for the missing cells.
APART = 70
#: Colours that classes get in turn; further classes share the last. Bins of fewer rows than FEW are drawn pale.
COLOURS, FEW = 8, 10

Figures = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Course:
    """What the target does in each bin: `figures` [bins] or [bins, classes], the same where the value is missing, and
    over all rows; `title` says what it is, `words` writes a figure."""

    title: str
    figures: Figures
    missing: Figures | None
    overall: Figures
    classes: tuple[str, ...]
    words: Callable[[float], str]


def histogram(shape: Distribution, ends: tuple[str, str], missing: int, course: Course | None = None) -> str:
    """Bars of the counts by bin, the missing cells apart from them, and beneath it what the target does there."""
    room = WIDTH - LEFT - RIGHT - (APART if missing else 0)
    wide = room / max(len(shape.counts), 1)
    places = [LEFT + at * wide for at in range(len(shape.counts))]
    high, floor = max([*shape.counts, missing, 1]), TOP + COUNTS
    parts = [
        _rectangle(
            place, floor - count / high * COUNTS, wide, count / high * COUNTS, "var(--c0)", f"{name}: {count:,} rows"
        )
        for place, count, name in zip(places, shape.counts, shape.names, strict=True)
    ]
    aside = WIDTH - RIGHT - APART / 2
    if missing:
        tall, broad = missing / high * COUNTS, min(wide, APART * 0.6)
        said = f"missing: {missing:,} rows"
        parts.append(_rectangle(aside - broad / 2, floor - tall, broad, tall, "var(--then)", said))
    parts += [
        _grid(floor),
        f'<text x="{LEFT - 6}" y="{TOP + 9}" text-anchor="end">{high:,}</text>',
        f'<text x="{LEFT - 6}" y="{floor}" text-anchor="end">0</text>',
    ]
    if course is not None and len(shape.counts):
        top = floor + GAP
        middles = [place + wide / 2 for place in places]
        sizes = shape.counts
        draw = _stacked if course.figures.ndim == 2 else _line
        apart = aside if missing and course.missing is not None else None
        parts += draw(course, middles, sizes, shape.names, top, wide, apart)
        floor = top + COURSE
    end = LEFT + room
    if missing:
        parts.append(f'<text x="{aside:.1f}" y="{floor + 16}" text-anchor="middle">missing</text>')
    parts.append(f'<text x="{LEFT}" y="{floor + 16}">{escape(ends[0])}</text>')
    if len(shape.counts) > 1:
        parts.append(f'<text x="{end:.1f}" y="{floor + 16}" text-anchor="end">{escape(ends[1])}</text>')
    return _svg(floor + WORDS, parts)


def categories(shape: Distribution, missing: int, course: Course | None = None) -> str:
    """A line for each category: its share of the rows, and what the target does there."""
    names = [*shape.names, *([f"{shape.others:,} more"] if shape.others else [])]
    counts = [*shape.counts, *([shape.rest] if shape.others else [])]
    figures = [None] * len(names) if course is None else list(course.figures)
    if missing:
        names, counts = [*names, "missing"], [*counts, missing]
        figures.append(None if course is None or course.missing is None else course.missing[0])
    total, most = max(sum(counts), 1), max([*counts, 1])
    apart = len(shape.names)
    lines = "".join(
        f"<span>{escape(name) or '(empty)'}</span>{lane(count / most, at >= apart)}"
        f'<span class="says">{count / total:.1%}</span>{"" if course is None else _told(figures[at], figures, course)}'
        for at, (name, count) in enumerate(zip(names, counts, strict=True))
    )
    head = "" if course is None else f'<span class="head">{escape(course.title)}</span>'
    kind = "bars" if course is None else "bars twice"
    return f'<div class="{kind}">{f"<span></span><span class=head>rows</span>{head}" if head else ""}{lines}</div>'


def line(values: Sequence[float], title: str, *, tall: bool = False) -> str:
    """A line without axes over equal stretches of time, as wide as its place; gaps where a value is NaN."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = 100 / max(len(values) - 1, 1)
    pen, path = "M", ""
    for at, value in enumerate(values):
        if not math.isfinite(value):
            pen = "M"
            continue
        path += f"{pen}{at * step:.1f} {38 - (value - low) / span * 36:.1f}"
        pen = "L"
    if len(known) == 1:
        path += "h2"
    return (
        f'<svg viewBox="0 0 100 40" preserveAspectRatio="none" class="course{" tall" if tall else ""}" role="img">'
        f'<title>{escape(title)}</title><path d="{path}" fill="none" stroke="var(--c0)" stroke-width="1.7"/></svg>'
    )


def legend(classes: Sequence[str]) -> str:
    """Which colour is which class."""
    keys = [
        f'<span><i style="background:var(--c{min(at, COLOURS - 1)})"></i>{escape(name)}</span>'
        for at, name in enumerate(classes[:COLOURS])
    ]
    more = (
        f"<span>the last colour also stands for {len(classes) - COLOURS} more</span>" if len(classes) > COLOURS else ""
    )
    return f'<p class="legend">{"".join(keys)}{more}</p>'


def _line(
    course: Course,
    middles: Sequence[float],
    sizes: Sequence[int],
    names: Sequence[str],
    top: float,
    wide: float,
    apart: float | None,
) -> list[str]:
    """The target's figure in each bin as joined dots, and over all rows as a dashed line."""
    known = [float(value) for value in course.figures if math.isfinite(value)]
    alone = float(course.missing[0]) if apart is not None and course.missing is not None else math.nan
    held = [*known, *(value for value in (alone, float(course.overall)) if math.isfinite(value))]
    if not held:
        return []
    low, high = min(held), max(held)
    span = (high - low) or 1.0

    def up(value: float) -> float:
        return top + COURSE - 5 - (value - low) / span * (COURSE - 12)

    dots = [(x, float(y), n, name) for x, y, n, name in zip(middles, course.figures, sizes, names, strict=True)]
    if apart is not None:
        dots.append((apart, alone, FEW, "missing"))
    shown = [dot for dot in dots if math.isfinite(dot[1])]
    path, pen = "", "M"
    for x, y, _, name in dots:  # broken where a bin is empty
        if name != "missing":
            path, pen = (f"{path}{pen}{x:.1f} {up(y):.1f}", "L") if math.isfinite(y) else (path, "M")
    parts = [_grid(top + COURSE), f'<text x="{LEFT}" y="{top - 5}">{escape(course.title)}</text>']
    if math.isfinite(course.overall):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(float(course.overall)):.1f}" '
            f'y2="{up(float(course.overall)):.1f}" class="mean"/>'
        )
    parts.append(
        f'<path d="{path}" fill="none" stroke="var(--c1)" stroke-width="1.6" stroke-opacity=".6"/>' if path else ""
    )
    for x, y, size, name in shown:
        pale = ' fill-opacity=".45"' if size < FEW else ""
        said = escape(f"{name}: {course.words(y)} ({course.title})")
        parts.append(
            f'<circle cx="{x:.1f}" cy="{up(y):.1f}" r="3" fill="var(--c1)"{pale}><title>{said}</title></circle>'
        )
    ends = dict.fromkeys((course.words(high), course.words(low)))
    for word, y in zip(ends, (up(high) + 6, up(low) + 2), strict=False):
        parts.append(f'<text x="{LEFT - 6}" y="{y:.1f}" text-anchor="end">{escape(word)}</text>')
    return parts


def _stacked(
    course: Course,
    middles: Sequence[float],
    sizes: Sequence[int],
    names: Sequence[str],
    top: float,
    wide: float,
    apart: float | None,
) -> list[str]:
    """The shares of the classes in each bin, one upon another."""
    columns = [(x, row, name) for x, row, name in zip(middles, course.figures, names, strict=True)]
    if apart is not None and course.missing is not None:
        columns.append((apart, course.missing[0], "missing"))
    parts = [f'<text x="{LEFT}" y="{top - 5}">{escape(course.title)}</text>']
    for x, row, name in columns:
        y, broad = top, min(wide, APART * 0.6) if name == "missing" else wide
        for colour, label, share in _shares(row, course.classes):
            said = f"{name}: {share:.1%} {label}"
            parts.append(_rectangle(x - broad / 2, y, broad, share * COURSE, f"var(--c{colour})", said))
            y += share * COURSE
    return parts


def _shares(row: Figures, classes: Sequence[str]) -> list[tuple[int, str, float]]:
    """Colour, name and share of each class that is there; classes beyond the colours are one."""
    if not np.isfinite(row).all():
        return []
    first = [(at, classes[at], float(row[at])) for at in range(min(len(row), COLOURS - 1))]
    if len(row) == COLOURS:
        first.append((COLOURS - 1, classes[-1], float(row[-1])))
    elif len(row) > COLOURS:
        first.append((COLOURS - 1, "other classes", float(row[COLOURS - 1 :].sum())))
    return [found for found in first if found[2] > 0]


def _told(figure: Figures | None, figures: Sequence[Figures | None], course: Course) -> str:
    """The lane and the words of what the target does in one category."""
    if figure is None or not np.isfinite(figure).all():
        return "<span></span><span></span>"
    if figure.ndim:
        parts = ""
        for colour, label, share in _shares(figure, course.classes):
            look = f"width:{100 * share:.1f}%;background:var(--c{colour})"
            parts += f'<i style="{look}" title="{escape(f"{share:.1%} {label}")}"></i>'
        return f'<span class="parts">{parts}</span><span></span>'
    known = [float(other) for other in figures if other is not None and np.isfinite(other)]
    most = max(known)
    drawn = lane(float(figure) / most, colour=1) if min(known) >= 0 and most > 0 else "<span></span>"
    return f'{drawn}<span class="says">{escape(course.words(float(figure)))}</span>'


def lane(share: float, dim: bool = False, colour: int = 0) -> str:
    """A bar in its lane; `dim` for what is apart from the others."""
    kind, paint = ' class="dim"' if dim else "", f";background:var(--c{colour})" if colour else ""
    return f'<span class="lane"><i{kind} style="width:{100 * share:.1f}%{paint}"></i></span>'


def _rectangle(left: float, top: float, wide: float, high: float, colour: str, said: str) -> str:
    """A bar with a hair of room beside it and its words on demand; what is there is never invisible."""
    room = min(1.0, wide * 0.1)
    tall = max(high, 1.0) if high > 0 else 0.0
    return (
        f'<rect x="{left + room / 2:.1f}" y="{top + high - tall:.1f}" width="{wide - room:.1f}" height="{tall:.1f}" '
        f'fill="{colour}"><title>{escape(said)}</title></rect>'
    )


def _grid(y: float) -> str:
    return f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'


def _svg(height: float, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img">{"".join(parts)}</svg>'


def percent(value: float) -> str:
    """A share in words."""
    return f"{value:.1%}"
