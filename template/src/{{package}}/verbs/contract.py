"""Infer the data contract, or check the rows against it.

Where there is no data/contract.yaml it is proposed from the rows and written, to be reviewed and committed; where there
is one, the rows are checked against it. All problems are told at once: on the terminal, in reports/contract.json, and
as a page in reports/contract.html. Exits with 2 where one is an error. contract.write=true proposes the contract anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from . import VerbReport

if TYPE_CHECKING:
    from ..config import RunConfig

SETTINGS = (
    "data.path",
    "data.version",
    "data.target",
    "data.drop",
    "data.key",
    "data.time",
    "data.series",
    "data.horizon",
    "contract.write",
    "contract.severity",
    "task",
)


def run(config: RunConfig) -> VerbReport:
    """Settle the contract, check the rows, and report both."""
    from .. import contract, preparation
    from ..contract import report

    settled = contract.settle(config.data, config.contract, config.task, config.root)
    rows = settled.whole
    halves, news = preparation.halves(config, settled)
    problems = contract.check(rows, settled.contract, config.contract, halves)
    settled.save()
    page = config.root / "reports" / "contract.html"
    _write(page, report.page(settled.contract, problems, len(rows), config.contract.path))
    print(report.overview(settled.contract, len(rows)))
    for line in (*news, *report.proposal(settled.contract)):
        print(line)
    print(f"\nchecks: {report.verdict(problems)}")
    for line in report.table(problems):
        print(line)
    print(f"\ncontract     {config.contract.path}\nreport       {page.relative_to(config.root)}")
    errors = sum(problem.severity == "error" for problem in problems)
    return VerbReport(
        {
            "headline": {"errors": errors, "warnings": len(problems) - errors, "inferred": settled.inferred},
            "task": settled.contract.task,
            "target": settled.contract.target.name,
            "rows": len(rows),
            "inferred": settled.inferred,
            "errors": errors,
            "warnings": len(problems) - errors,
            "proposal": [
                {"column": column.name, "role": column.role, "note": column.note}
                for column in settled.contract.columns
                if column.note or column.role != "feature"
            ],
            "problems": [problem.to_dict() for problem in problems],
            "news": news,
            "contract": settled.contract.to_dict(),
        },
        exit_code=2 if errors else 0,
    )


def _write(path: Path, text: str) -> None:
    """Write a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf8")
    temporary.replace(path)
