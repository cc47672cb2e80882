"""Pages for people: one style sheet, page.css beside this module, and the blocks that reports put on a page.

    document("Churn by lightgbm", tiles([("0.84", "roc_auc")]) + section("Notes", listed(["22 rows repeat"])))

A report is one file that asks the network for nothing; a server sends the same style sheet as a file of its own. All
text that is handed in here is escaped here: names come from data.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from .figures import figure


@cache
def style() -> str:
    """The style sheet of every page."""
    return resources.files(__package__).joinpath("page.css").read_text("utf8")


def escape(text: object) -> str:
    """Text as HTML, safe in attributes too."""
    return html.escape(str(text), quote=True).replace("\r", "&#13;")


def document(title: str, body: str, *, policy: str = "") -> str:
    """A whole page with its style in it; `body` is HTML. `policy` is what the browser may do, where that needs saying:
    ours, so it is written as it is."""
    allowed = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark">{allowed}'
        f"<title>{escape(title)}</title><style>{style()}</style></head><body><main>{body}</main></body></html>\n"
    )


def heading(title: str, subtitle: str) -> str:
    """What a page begins with."""
    return f'<header><h1>{escape(title)}</h1><p class="sub">{escape(subtitle)}</p></header>'


def section(title: str, content: str) -> str:
    """A block with a heading around HTML."""
    return f'<section class="card"><h2>{escape(title)}</h2>{content}</section>'


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Figures to be seen first: (value, what it is)."""
    shown = (f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in figures)
    return f'<div class="tiles">{"".join(shown)}</div>'


def table(
    rows: Sequence[Mapping[str, Any]], *, marked: Container[int] = (), style: Callable[[str, str], str] | None = None
) -> str:
    """Rows of text by column, all with the same columns; those without a name are left out. `marked` rows stand out,
    `style` gives the class of a cell from its column and text. On a phone each row is a block that names its cells."""
    if not rows:
        return remark("Nothing to show.")
    names = [name for name in rows[0] if name]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = []
    for at, row in enumerate(rows):
        cells = (cell(name, row[name], style(name, str(row[name])) if style else "") for name in names)
        lines.append(f"<tr{' class=on' if at in marked else ''}>{''.join(cells)}</tr>")
    return framed(head, "".join(lines))


def cell(name: str, content: object, style: str = "") -> str:
    """One cell of a table, which knows the name of its column."""
    return filled(name, escape(content), style)


def filled(name: str, content: str, style: str = "") -> str:
    """A cell that holds HTML."""
    return f'<td data-name="{escape(name)}"{f" class={style}" if style else ""}>{content}</td>'


def framed(head: str, lines: str, *, compact: bool = False) -> str:
    """A table of HTML cells, in a box that scrolls where it is too wide; `compact` for cells of a word or two, which
    stand beside each other on a phone."""
    kind = "stacked compact" if compact else "stacked"
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
    )


def pairs(entries: Mapping[str, Any], *, code: bool = False) -> str:
    """A table of names and values; `code` for values that are copied rather than read."""
    before, after = ("<code>", "</code>") if code else ("", "")
    lines = (
        f'<tr><th scope="row">{escape(name)}</th><td>{before}{escape(value)}{after}</td></tr>'
        for name, value in entries.items()
    )
    return f'<table class="pairs stacked"><tbody>{"".join(lines)}</tbody></table>'


def listed(lines: Iterable[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def remark(text: str) -> str:
    """A sentence in small print."""
    return f'<p class="sub">{escape(text)}</p>'


def limits(low: float | None, high: float | None) -> str:
    """A range in words; empty where there is none."""
    if low is None or high is None:
        return (
            f"at least {figure(low, 6)}"
            if low is not None
            else f"at most {figure(high, 6)}"
            if high is not None
            else ""
        )
    return f"{figure(low, 6)} to {figure(high, 6)}"
