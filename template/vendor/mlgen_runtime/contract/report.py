"""What the contract and the checks say, as lines for the terminal; `report_page` says it as a page."""

from __future__ import annotations

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
    """The columns of a contract that are not plain features, or that have a note, and what is derived from columns, as
    lines of a table."""
    shown = [column for column in contract.columns if column.role != "feature" or column.note]
    said = [(column.name, column.role, column.type, _remark(column, contract)) for column in shown]
    said += [(f.name, "derived", f.type, f.expression or f"{f.function}() of src/") for f in contract.features]
    names = max((len(name) for name, *_ in said), default=0)
    lines = []
    for name, role, kind, remark in said:
        lead = f"  {name:<{names}}  {role:<8} {kind:<9} "
        lines += textwrap.wrap(remark, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
    return lines


def overview(contract: Contract, rows: int) -> str:
    """One line on what the contract is about."""
    target, inputs = contract.target, contract.inputs
    kinds = ", ".join(
        f"{count} {kind}"
        for kind in dict.fromkeys(c.type for c in inputs)
        if (count := sum(c.type == kind for c in inputs))
    )
    more = f" and {len(contract.labels) - 6} more" if len(contract.labels) > 6 else ""
    sought = f"; positive class {contract.positive}" if contract.positive is not None else ""
    labels = f" ({', '.join(contract.labels[:6])}{more}{sought})" if contract.labels else ""
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


def _remark(column: Column, contract: Contract) -> str:
    if column.role == "target" and column.note is None:
        return (
            f"the column to predict; labels {', '.join(contract.labels)}"
            if contract.labels
            else "the amount to predict"
        )
    return column.note or " "
