"""What the contract and the checks say, for people: lines for the terminal and one page of HTML.

The page is a single file without scripts or links, and reads on a telephone as well as on a desk.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

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
    found = "".join(
        f'<li class="{problem.severity}"><b>{_safe(problem.title)}</b><code>{problem.severity} {problem.check}</code>'
        f"<p>{_safe(problem.message)}</p></li>"
        for problem in problems
    )
    body = "".join(_row(column) for column in contract.columns)
    origin = _safe(contract.source or path)
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Data contract of {origin}</title><style>{STYLE}</style></head><body><h1>Data contract</h1>",
            f"<p>{_safe(overview(contract, rows))}.<br>",
            f"From <code>{origin}</code>, kept in <code>{_safe(path)}</code>.</p>",
            f"<h2>Problems: {_safe(verdict(problems))}</h2><ul>{found}</ul><h2>Columns</h2>",
            "<table><thead><tr><th>column<th>role<th>type<th>allowed<th>note</thead>",
            f"<tbody>{body}</tbody></table></body></html>\n",
        )
    )


def _row(column: Column) -> str:
    cells = (
        column.role,
        column.type + (f", {column.unit}" if column.unit else ""),
        _allowed(column),
        column.note or "",
    )
    titles = ("role", "type", "allowed", "note")
    rest = "".join(f'<td data-title="{title}">{_safe(cell)}' for title, cell in zip(titles, cells, strict=True) if cell)
    return f'<tr class="{column.role}"><th scope="row">{_safe(column.name)}{rest}</tr>'


def _allowed(column: Column) -> str:
    """The range or the categories in words, and whether cells may be empty."""
    parts = []
    if column.categories:
        more = len(column.categories) - 12
        parts.append(", ".join(column.categories[:12]) + (f" and {more} more" if more > 0 else ""))
    if column.minimum is not None or column.maximum is not None:
        low = "…" if column.minimum is None else f"{column.minimum:g}"
        high = "…" if column.maximum is None else f"{column.maximum:g}"
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


def _safe(text: str) -> str:
    return html.escape(text)


STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}
code{font-size:.85em;background:var(--soft);padding:.1em .35em;border-radius:.25em;overflow-wrap:anywhere}
ul{list-style:none;padding:0;margin:0}
li{border-left:4px solid #b7791f;background:var(--soft);margin:.5rem 0;padding:.5rem .8rem}
li.error{border-color:#c53030}li code{margin-left:.6rem}li p{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}thead th{font-weight:500;opacity:.7}tbody th{font-weight:600}
tr.ignore,tr.id{opacity:.65}
@media(max-width:40rem){thead{display:none}tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
th,td{display:block;border:0;padding:0}td:before{content:attr(data-title)": ";opacity:.6}}
""".replace("\n", "")
