"""What a data profile says of the table as a whole: a few figures, how even the target is, and the series."""

from __future__ import annotations

import numpy as np

from ...core.bars import Bar, bars
from ...core.page import cell, escape, filled, framed, remark, section
from . import charts, words
from .distribution import short
from .profile import ColumnProfile, DataProfile
from .series import SeriesTable

#: Classes of the target that are listed.
CLASSES = 40


def headline(found: DataProfile) -> list[tuple[str, str]]:
    """Figures to be seen first: (value, what it is)."""
    held = [one for one in found.columns if one.column.role != "ignore"]
    empty = words.share(sum(one.missing for one in held), sum(one.rows for one in held))
    tiles = [(f"{found.rows:,}", "rows"), (f"{len(found.columns):,}", "columns"), (empty, "of the cells are empty")]
    target, overall = found.target, found.overall
    if target is not None and overall is not None:
        name = target.column.name
        if overall.ndim:
            tiles.append((f"{len(found.classes):,}", f"classes of {name}"))
        elif np.isfinite(overall):
            binary = bool(found.classes)
            figure = charts.percent(float(overall)) if binary else short(float(overall))
            tiles.append((figure, f"of {name} is {found.classes[1]}" if binary else f"mean of {name}"))
    return [*tiles, (f"{found.series.count:,}", "series")] if found.series is not None else tiles


def target(one: ColumnProfile, found: DataProfile, drawn: str) -> str:
    """The balance of the classes, or the spread of an amount as it is `drawn`."""
    title = f"The target: {one.column.name}"
    if not found.classes:
        facts = words.facts([*words.gaps(one), f"{one.distinct:,} distinct", *words.spread(one)])
        far = "A few values lie far out: the first and the last bar reach to them." if one.distribution.cut else ""
        shown = f'<div class="column plain">{facts}{words.remarks(one)}{drawn}</div>'
        return section(title, shown + (remark(far) if far else ""))
    counts, names = one.distribution.counts, one.distribution.names
    total = max(sum(counts), 1)
    order = sorted(range(len(names)), key=lambda at: -counts[at])
    shown = bars(
        Bar(name=names[at] or "(empty)", share=counts[at] / total, says=f"{counts[at]:,} ({counts[at] / total:.1%})")
        for at in order[:CLASSES]
    )
    told = [f"Always answering {names[order[0]]} would be right in {max(counts) / total:.1%} of the rows."]
    told += [f"{len(names) - CLASSES} classes with fewer rows are not listed."] if len(names) > CLASSES else []
    told += [f"{one.missing:,} rows have no target."] if one.missing else []
    return section(title, shown + remark(" ".join(told)) + words.remarks(one))


def series(table: SeriesTable, name: str) -> str:
    """The course of the target, called `name`, over all series and in some of them."""
    lines = "".join(
        f'<tr><th scope="row" class="name">{escape(one.name)}</th>'
        f"{cell('from', one.first, 'w')}{cell('to', one.last, 'w')}{cell('rows', f'{one.rows:,}')}"
        f"{cell('coverage', '' if one.coverage is None else f'{one.coverage:.1%}')}"
        f"{filled('course', charts.line(one.course, f'{name} of {one.name}'))}</tr>"
        for one in table.listed
    )
    head = "".join(f"<th>{word}</th>" for word in ("series", "from", "to", "rows", "coverage", "course"))
    left = table.count - len(table.listed)
    told = [
        "Coverage is the share of the steps between a series' first and last row that have one; the least complete",
        f"come first, and {left:,} others are not listed." if left > 0 else "come first.",
        f"A course is the mean of {name} in equal stretches of time, from its lowest to its highest.",
    ]
    whole = f"<h3>All of them, {escape(table.first)} to {escape(table.last)}</h3>"
    whole += charts.line(table.course, f"mean of {name}", tall=True)
    return section(f"The series ({table.count:,})", f"{whole}{framed(head, lines)}{remark(' '.join(told))}")
