"""The model card: one HTML file, pictures embedded, that says what a model is, how good it is, and where it is from.

It needs no network and no other file, so it can be mailed, kept with the run in MLflow, or opened on a phone.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..contract.schema import Column, Contract
from ..core.figures import figure
from ..core.page import STYLE


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
    body = [
        f"<header><h1>{_text(card.title)}</h1><p class=sub>{_text(card.subtitle)}</p></header>",
        _tiles(card),
        f'<section class="card verdict{"" if card.promoted else " held"}"><p>{_text(card.message)}</p></section>',
        _section(
            "Scorecard",
            _table(card.table, marked=card.shown) + _small(f"{card.measured} Intervals come from a paired bootstrap."),
        ),
        _section("Notes", "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in card.notes) + "</ul>")
        if card.notes
        else "",
        _section("How it behaves", _pictures(card.pictures, card.captions)),
        *(_section(heading, _table(rows)) for heading, rows in card.tables.items()),
        _section(f"Inputs ({len(card.contract.inputs)})", _inputs(card)),
        _section("Where it is from", _pairs(card.lineage)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_text(card.title)}</title><style>{STYLE}</style></head><body><main>"
        f"{''.join(body)}</main></body></html>\n"
    )


def _tiles(card: Card) -> str:
    value, _, interval = card.score.partition(" ")
    tiles = [(value, f"{card.metric} {interval}"), *((shown, name) for name, shown in card.facts.items())]
    return (
        '<div class="tiles">'
        + "".join(f'<div class="tile"><b>{_text(shown)}</b><span>{_text(name)}</span></div>' for shown, name in tiles)
        + "</div>"
    )


def _section(title: str, content: str) -> str:
    return f'<section class="card"><h2>{_text(title)}</h2>{content}</section>'


def _table(rows: Sequence[Mapping[str, Any]], marked: str = "") -> str:
    """A table of text; the row of the model that the card is about stands out."""
    names = [name for name in rows[0] if name]
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    lines = [
        f"<tr{' class=on' if row.get('model') == marked else ''}>"
        + "".join(f"<td>{_text(row[name])}</td>" for name in names)
        + "</tr>"
        for row in rows
    ]
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _pictures(pictures: Mapping[str, bytes], captions: Mapping[str, str]) -> str:
    figures = (
        f'<figure{" class=wide" if _wide(data) else ""}><img alt="{name.replace("_", " ")}" '
        f'src="data:image/png;base64,{base64.b64encode(data).decode()}">'
        f"<figcaption>{_text(captions.get(name, ''))}</figcaption></figure>"
        for name, data in pictures.items()
    )
    return f'<div class="pictures">{"".join(figures)}</div>'


def _wide(picture: bytes) -> bool:
    """Whether a PNG is twice as wide as high: such a picture gets a row of its own."""
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    return width > 2 * height


def _inputs(card: Card) -> str:
    largest = max([*(card.importance.get(column.name, 0.0) for column in card.contract.inputs), 0.0])
    ordered = sorted(card.contract.inputs, key=lambda column: -card.importance.get(column.name, 0.0))
    rows = "".join(
        f"<tr><td>{_text(column.name)}</td><td>{_text(_kind(column))}</td>"
        f"<td>{_text(_range(column))}</td><td>{'yes' if column.nullable else 'no'}</td>"
        f"{_share(card.importance.get(column.name, 0.0), largest)}</tr>"
        for column in ordered
    )
    names = ("input", "type", "values", "may be missing", *(["importance"] if largest else []))
    head = "".join(f"<th>{name}</th>" for name in names)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _share(share: float, largest: float) -> str:
    """The cell of an input's importance; none where no input has any."""
    if not largest:
        return ""
    return f'<td><span class="bar" style="width:{120 * share / largest:.0f}px"></span> {share:.1%}</td>'


def _kind(column: Column) -> str:
    return f"{column.type} ({column.unit})" if column.unit else column.type


def _range(column: Column) -> str:
    if column.categories:
        more = f" and {len(column.categories) - 6} more" if len(column.categories) > 6 else ""
        return ", ".join(column.categories[:6]) + more
    if column.minimum is None and column.maximum is None:
        return ""
    return " to ".join("…" if end is None else figure(end, 6) for end in (column.minimum, column.maximum))


def _pairs(entries: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td><code>{_text('unknown' if value is None else value)}</code></td></tr>"
        for name, value in entries.items()
    )
    return f'<div class="scroll"><table><tbody>{rows}</tbody></table></div>'


def _small(text: str) -> str:
    return f'<p class="sub" style="font-size:.85rem;margin-top:10px">{_text(text)}</p>'


def _text(value: object) -> str:
    return html.escape(str(value))
