"""What the contract and the checks say, for people: lines for the terminal and one page of HTML.

The page is a single file without scripts or links, dressed as the model card is, and reads on a telephone too.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

from ..core.figures import figure
from ..core.page import STYLE
from .catalogue import Problem
from .schema import Column, Contract

WIDTH = 110


def table(problems: Sequence[Problem]) -> list[str]:
    """The problems as lines of a table: severity, check, and the message wrapped beneath itself."""
    lines = []
    widest = max((len(problem.check) for problem in problems), default=0)
    for problem in problems:
        lead = f"  {problem.severity:<8} {problem.check:<{widest}}  "
        lines += textwrap.wrap(problem.message, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
    return lines


def proposal(contract: Contract) -> list[str]:
    """The columns of a contract that are not plain features, or that have a note, as lines of a table."""
    shown = [column for column in contract.columns if column.role != "feature" or column.note]
    names = max((len(column.name) for column in shown), default=0)
    lines = []
    for column in shown:
        lead = f"  {column.name:<{names}}  {column.role:<8} {column.type:<9} "
        lines += textwrap.wrap(_remark(column, contract), WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
    return lines


def overview(contract: Contract, rows: int) -> str:
    """One line on what the contract is about."""
    target, inputs = contract.target, contract.inputs
    kinds = ", ".join(
        f"{count} {kind}"
        for kind in dict.fromkeys(c.type for c in inputs)
        if (count := sum(c.type == kind for c in inputs))
    )
    labels = (
        f" ({', '.join(contract.labels[:6])}{', …' if len(contract.labels) > 6 else ''})" if contract.labels else ""
    )
    return f"{contract.task}: {target.name}{labels} from {len(inputs)} columns ({kinds}), {rows:,} rows"


def verdict(problems: Sequence[Problem]) -> str:
    """How many problems there are, in words."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    if not problems:
        return "the rows keep their contract"
    parts = [
        f"{count} {word}{'s' if count > 1 else ''}"
        for count, word in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    return " and ".join(parts)


def page(contract: Contract, problems: Sequence[Problem], rows: int, path: str) -> str:
    """The whole report as one HTML file: the problems first, then every column of the contract."""
    origin = _safe(contract.source or path)
    told = {(problem.severity, problem.check, problem.title): "" for problem in problems}
    for problem in problems:
        told[problem.severity, problem.check, problem.title] += f"<p>{_safe(_message(problem.message))}</p>"
    found = "".join(
        f'<li class="{severity}"><b>{_safe(title)}</b> <code>{severity}: {check}</code>{messages}</li>'
        for (severity, check, title), messages in told.items()
    )
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>Data contract of {origin}</title><style>{STYLE}{OWN_STYLE}</style></head><body><main>",
            f'<header><h1>Data contract</h1><p class="sub">{_safe(_message(overview(contract, rows)))}.',
            f" From <code>{origin}</code>, kept in <code>{_safe(path)}</code>.</p></header>",
            f'<section class="card"><h2>{_safe(_message(verdict(problems)))}</h2>',
            f'<ul class="found">{found}</ul></section>',
            '<section class="card"><h2>Columns</h2><table class="columns"><thead><tr><th>column<th>role<th>type',
            f"<th>allowed<th>note</thead><tbody>{''.join(map(_row, contract.columns))}</tbody></table></section>",
            "</main></body></html>\n",
        )
    )


def _row(column: Column) -> str:
    kind = column.type + (f" ({column.unit})" if column.unit else "")
    cells = {"role": column.role, "type": kind, "allowed": _allowed(column), "note": column.note or ""}
    rest = "".join(f'<td class="{name}">{_safe(cell)}</td>' for name, cell in cells.items())
    return f'<tr class="{column.role}"><th scope="row">{_safe(column.name)}</th>{rest}</tr>'


def _allowed(column: Column) -> str:
    """The range or the categories in words, and whether cells may be empty."""
    parts = []
    if column.categories:
        more = len(column.categories) - 12
        parts.append(", ".join(column.categories[:12]) + (f" and {more} more" if more > 0 else ""))
    if column.minimum is not None or column.maximum is not None:
        low = "…" if column.minimum is None else figure(column.minimum, 6)
        high = "…" if column.maximum is None else figure(column.maximum, 6)
        parts.append(f"{low} to {high}")
    if column.nullable:
        parts.append("may be empty")
    return "; ".join(parts)


def _remark(column: Column, contract: Contract) -> str:
    if column.role == "target" and column.note is None:
        return (
            f"the column to predict; labels {', '.join(contract.labels)}"
            if contract.labels
            else "the amount to predict"
        )
    return column.note or " "


def _message(text: str) -> str:
    """A message that stands alone begins with a capital, unless it begins with a column's name."""
    first, _, _ = text.partition(" ")
    known = ("the", "column", "class", "binary:", "multiclass:", "regression:")
    return text[:1].upper() + text[1:] if first in known else text


def _safe(text: str) -> str:
    return html.escape(text)


#: Beside the card's style: problems as a list, and columns that become small blocks on a narrow screen.
OWN_STYLE = """
.found{list-style:none;padding:0}
.found li{border-left:5px solid var(--warn);background:var(--back);border-radius:6px;
margin:10px 0;padding:10px 14px}
.found li.error{border-left-color:#b3261e}.found p{margin:4px 0 0;overflow-wrap:anywhere}
.found code{color:var(--soft);white-space:nowrap}.columns tbody th{color:var(--ink);white-space:normal;min-width:7em}
.columns td,.columns tbody th{overflow-wrap:break-word}.columns td.role,.columns td.type{white-space:nowrap}
.columns .ignore *,.columns .id *{color:var(--soft)}
@media (max-width:600px){.columns thead{display:none}.columns tr{display:block;padding:8px 0;
border-bottom:1px solid var(--line)}.columns th,.columns td{display:block;border:0;padding:0}
.columns td.role,.columns td.type{display:inline;padding-right:8px}.columns td:empty{display:none}}
"""
