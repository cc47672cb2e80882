"""The contract, what is wrong with the rows, and their data profile, as one page of HTML.

The page is a single file without scripts, dressed as the model card is, and reads on a telephone too.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.page import document, escape, tiles
from . import report
from .catalogue import Problem
from .data_profile import DataProfile, overview
from .data_profile import page as columns
from .schema import Contract


def page(contract: Contract, problems: Sequence[Problem], profile: DataProfile, path: str) -> str:
    """The whole report: the problems first, then what the rows hold. `path` is where the contract is kept."""
    origin = contract.source or path
    told: dict[tuple[str, str, str], str] = {}
    for problem in problems:
        kind = (problem.severity, problem.check, problem.title)
        told[kind] = told.get(kind, "") + f"<p>{escape(_message(problem.message))}</p>"
    found = "".join(
        f'<li class="{severity}"><b>{escape(title)}</b> <code>{escape(f"{severity}: {check}")}</code>{said}</li>'
        for (severity, check, title), said in told.items()
    )
    held = "" if not problems else " held"
    body = (
        f'<header><h1>Data profile</h1><p class="sub">{escape(_message(report.overview(contract, profile.rows)))}. '
        f"From <code>{escape(origin)}</code>, contract in <code>{escape(path)}</code>.</p></header>",
        tiles(overview.headline(profile)),
        f'<section class="card verdict{held}"><h2>{escape(_message(report.verdict(problems)))}</h2>',
        f'<ul class="found">{found}</ul></section>' if found else "</section>",
        columns.sections(profile),
    )
    return document(f"Data profile of {origin}", "".join(body))


def _message(text: str) -> str:
    """A message that stands alone begins with a capital, unless it begins with a column's name."""
    first, _, _ = text.partition(" ")
    known = ("the", "column", "class", "binary:", "multiclass:", "regression:", "forecasting:")
    return text[:1].upper() + text[1:] if first in known else text
