"""The data profile as blocks of a page: the table as a whole, all columns at a glance, then each of them."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.page import cell, escape, filled, framed, remark, section
from . import charts, overview, words
from .association import MEASURES
from .charts import FEW, Course
from .distribution import moment, short
from .profile import ColumnProfile, DataProfile

#: Columns that are drawn.
DRAWN = 150


def sections(found: DataProfile) -> str:
    """Everything but the page's head and its problems."""
    target, ordered = found.target, sorted(found.columns, key=_place)
    others = [one for one in ordered if one is not target]
    cards = "".join(_card(one, at, found) for at, one in enumerate(others[:DRAWN]))
    key = charts.legend(found.classes) if len(found.classes) > 2 else ""
    return "".join(
        (
            "" if target is None else overview.target(target, found, _drawn(target, None)),
            "" if found.series is None else overview.series(found.series, target.column.name if target else "target"),
            section("Columns", _glance(target, others)),
            section("Column by column", remark(_remark(others, found)) + key + f'<div class="columns">{cards}</div>'),
            section("How the relation to the target is measured", _measures(found)),
        )
    )


def _place(one: ColumnProfile) -> tuple[int, float]:
    """What goes with the target most, then what is held against nothing."""
    strength = one.association.strength if one.association else -1.0
    return {"id": 1, "ignore": 2}.get(one.column.role, 0), -strength


def _remark(others: Sequence[ColumnProfile], found: DataProfile) -> str:
    told = ["Those that go with the target most come first."]
    if any(one.distribution.edges and one.target is not None and one.target.ndim == 1 for one in others):
        told.append(f"Dots are what the target does in each bar (pale: fewer than {FEW} rows), dashed is all rows.")
    if len(others) > DRAWN:
        told.append(f"The last {len(others) - DRAWN:,} are only in the table above.")
    if found.drawn < found.rows:
        told.append(
            f"Distributions, distinct values and relations are of {found.drawn:,} of the {found.rows:,} rows, drawn at "
            "random; missing cells are counted in all."
        )
    if any(one.distribution.cut for one in others):
        told.append("Where a few values lie far out, the first and the last bar reach to them.")
    return " ".join(told)


def _glance(target: ColumnProfile | None, others: Sequence[ColumnProfile]) -> str:
    """One line for each column."""
    names = ("column", "role", "type", "missing", "distinct", "relation to the target", "note")
    shown = [] if target is None else [(target, "")]
    shown += [(one, f"#c{at}" if at < DRAWN else "") for at, one in enumerate(others)]
    lines = "".join(
        f'<tr><th scope="row" class="name">{_linked(one.column.name, link)}</th>{cell("role", one.column.role)}'
        f"{cell('type', words.kind(one.column))}{cell('missing', words.share(one.missing, one.rows))}"
        f"{cell('distinct', f'{one.distinct:,}')}{filled('relation', words.relation(one), 'w')}"
        f"{cell('note', one.column.note or '')}</tr>"
        for one, link in shown
    )
    return framed("".join(f"<th>{name}</th>" for name in names), lines, compact=True)


def _linked(name: str, link: str) -> str:
    return f'<a href="{link}">{escape(name)}</a>' if link else escape(name)


def _card(one: ColumnProfile, at: int, found: DataProfile) -> str:
    """One column: what it is, its figures, its chart."""
    column = one.column
    tags = f'<span class="tag">{escape(column.role)}</span><span class="tag">{escape(words.kind(column))}</span>'
    facts = words.facts([*words.gaps(one), f"{one.distinct:,} distinct", *words.spread(one)])
    related = words.relation(one, found.classes)
    body = f"{facts}{f'<p class=facts>{related}</p>' if related else ''}{words.remarks(one)}{_drawn(one, found)}"
    return f'<article class="column" id="c{at}"><h3><span>{escape(column.name)}</span>{tags}</h3>{body}</article>'


def _drawn(one: ColumnProfile, found: DataProfile | None) -> str:
    """The chart of a column, and what the target does in each bar where `found` is given."""
    shape = one.distribution
    if not shape.names:
        return remark("There is no value.")
    course = None if found is None else _course(one, found)
    missing = int((shape.codes < 0).sum())
    if shape.kind != "categories":
        return charts.histogram(shape, _ends(one), missing, course)
    if len(shape.names) < one.distinct == len(shape.codes) - missing:
        return remark("Every value is another.")
    return charts.categories(shape, missing, course)


def _course(one: ColumnProfile, found: DataProfile) -> Course | None:
    overall, target = found.overall, found.target
    if one.target is None or overall is None or target is None:
        return None
    name = target.column.name
    several = f"shares of {name}" if overall.ndim else f"share of {name} = {found.classes[-1]}" if found.classes else ""
    return Course(
        title=several or f"mean of {name}",
        figures=one.target,
        missing=one.target_missing,
        overall=overall,
        classes=found.classes,
        words=charts.percent if found.classes else short,
    )


def _ends(one: ColumnProfile) -> tuple[str, str]:
    """What stands under the first and the last bar."""
    edges = one.distribution.edges
    if one.distribution.kind == "dates":
        fine = edges[-1] - edges[0] < 4 * 86_400e9
        return moment(edges[0], fine), moment(edges[-1], fine)
    return short(one.summary["minimum"]), short(one.summary["maximum"])


def _measures(found: DataProfile) -> str:
    """How each measure that is on the page is computed."""
    used = dict.fromkeys(one.association.measure for one in found.columns if one.association)
    if not used:
        return remark("No column could be held against the target.")
    lines = "".join(f"<li><b>{escape(MEASURES[name][0])}</b>: {escape(MEASURES[name][1])}.</li>" for name in used)
    told = "Of each column alone, over the rows in which neither is missing. A very strong one may know the answer."
    return f'<ul>{lines}</ul><p class="sub gap">{told}</p>'
