"""The model card: one HTML file, pictures embedded, that says what a model is, how good it is, and where it is from.

It needs no network and no other file, so it can be mailed, kept with the run in MLflow, or opened on a phone.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..contract.features import columns
from ..contract.schema import Column, Contract
from ..core.page import (
    cell,
    document,
    escape,
    filled,
    framed,
    heading,
    limits,
    listed,
    pairs,
    remark,
    section,
    table,
    tiles,
)


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card says. `score` is the deciding metric with its interval; `table` the scorecard's rows
    as text, `measured` says on what.

    `tables` is heading to rows, `pictures` name to PNG, `captions` what they show; `importance` is input to share;
    `lineage` and `facts` are shown as they are.
    """

    title: str
    subtitle: str
    promoted: bool
    message: str
    metric: str
    score: str
    facts: Mapping[str, str]
    table: Sequence[Mapping[str, Any]]
    shown: str
    measured: str
    tables: Mapping[str, Sequence[Mapping[str, str]]]
    pictures: Mapping[str, bytes]
    captions: Mapping[str, str]
    contract: Contract
    importance: Mapping[str, float]
    notes: Sequence[str]
    lineage: Mapping[str, Any]


def page(card: Card) -> str:
    """Return the card as one HTML page."""
    marked = [at for at, row in enumerate(card.table) if row.get("model") == card.shown]
    value, _, interval = card.score.partition(" ")
    facts = ((shown, name) for name, shown in card.facts.items())
    body = [
        heading(card.title, card.subtitle),
        tiles([(value, f"{card.metric} {interval}".strip()), *facts]),
        f'<section class="card verdict{"" if card.promoted else " held"}"><p>{escape(card.message)}</p></section>',
        section(
            "Scorecard",
            table(card.table, marked=marked) + remark(f"{card.measured} Intervals come from a paired bootstrap."),
        ),
        section("Notes", listed(card.notes)) if card.notes else "",
        section("How it behaves", _pictures(card.pictures, card.captions)),
        *(section(title, table(rows)) for title, rows in card.tables.items()),
        section(f"Inputs ({len(card.contract.inputs)})", _inputs(card)),
        section(
            "Where it is from",
            pairs({name: "unknown" if value is None else value for name, value in card.lineage.items()}, code=True),
        ),
    ]
    return document(card.title, "".join(body))


def _pictures(pictures: Mapping[str, bytes], captions: Mapping[str, str]) -> str:
    """The pictures on a light plate, in the dark too: they are drawn on white."""
    figures = []
    for name, data in pictures.items():
        wide = _wide(data)
        figures.append(
            f'<figure{" class=wide" if wide else ""}><div class="plate{" broad" if wide else ""}">'
            f'<img alt="{escape(name.replace("_", " "))}" '
            f'src="data:image/png;base64,{base64.b64encode(data).decode()}"></div>'
            f"<figcaption>{escape(captions.get(name, ''))}</figcaption></figure>"
        )
    return f'<div class="pictures">{"".join(figures)}</div>'


def _wide(picture: bytes) -> bool:
    """Whether a PNG is twice as wide as high: such a picture gets a row of its own."""
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    return width > 2 * height


def _inputs(card: Card) -> str:
    shown = (*card.contract.inputs, *columns(card.contract))
    largest = max([*(card.importance.get(column.name, 0.0) for column in shown), 0.0])
    ordered = sorted(shown, key=lambda column: -card.importance.get(column.name, 0.0))
    values = {column.name: _range(column) for column in shown}
    values |= {each.name: each.expression or f"{each.function}(…) of src/" for each in card.contract.features}
    lines = "".join(
        f'<tr><th scope="row" class="name">{escape(column.name)}</th>{cell("type", _kind(column))}'
        f"{cell('values', values[column.name])}{cell('may be missing', 'yes' if column.nullable else 'no')}"
        f"{_share(card.importance.get(column.name, 0.0), largest)}</tr>"
        for column in ordered
    )
    names = ("input", "type", "values", "may be missing", *(["importance"] if largest else []))
    return framed("".join(f"<th>{name}</th>" for name in names), lines, compact=True)


def _share(share: float, largest: float) -> str:
    """The cell of an input's importance; none where no input has any."""
    if not largest:
        return ""
    wide = 120 * share / largest
    bar = f'<span class="meter" style="width:{wide:.0f}px"></span>'
    return filled("importance", f"<span>{bar}{share:.1%}</span>", "w")


def _kind(column: Column) -> str:
    return f"{column.type} ({column.unit})" if column.unit else column.type


def _range(column: Column) -> str:
    if column.categories:
        more = f" and {len(column.categories) - 6} more" if len(column.categories) > 6 else ""
        return ", ".join(column.categories[:6]) + more
    return limits(column.minimum, column.maximum)
