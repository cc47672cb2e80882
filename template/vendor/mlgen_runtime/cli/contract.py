"""Infer the data contract, or check the rows against it.

Where there is no data/contract.yaml it is proposed from the rows and written, to be reviewed and committed; where there
is one, the rows are checked against it. All problems are told at once: on the terminal, in reports/contract.json, and
as a page in reports/contract.html; both files hold a profile of every column, too. Exits with 2 where a problem is an
error. contract.write=true proposes the contract anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import atomic
from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = (
    "data.path",
    "data.version",
    "data.target",
    "data.drop",
    "data.key",
    "data.time",
    "data.series",
    "data.horizon",
    "data.date_format",
    "data.zone",
    "contract.write",
    "contract.severity",
    "features",
    "task",
)


def run(config: RunConfig) -> VerbReport:
    """Resolve the contract, check the rows, and report both."""
    from ..contract import checks, data_profile, report, report_page
    from ..usecase import registry
    from ..usecase.resolve import resolve

    case = registry.of(config)
    resolved = resolve(config)
    rows = resolved.whole
    halves, notes = case.preparation.halves(config, resolved)
    view = checks.view(rows, resolved.contract, config.contract, case.checks, halves)
    problems = checks.examine(view, case.checks)
    profile = data_profile.profile(view)
    resolved.save()
    page = config.root / "reports" / "contract.html"
    atomic.write(page, report_page.page(resolved.contract, problems, profile, config.contract.path))
    print(report.overview(resolved.contract, len(rows)))
    for line in (*notes, *report.proposal(resolved.contract)):
        print(line)
    print(f"\nchecks: {report.verdict(problems)}")
    for line in report.table(problems):
        print(line)
    print(f"\ncontract     {config.contract.path}\nreport       {page.relative_to(config.root)}")
    errors = sum(problem.severity == "error" for problem in problems)
    return VerbReport(
        {
            "headline": {"errors": errors, "warnings": len(problems) - errors, "inferred": resolved.inferred},
            "task": resolved.contract.task,
            "target": resolved.contract.target.name,
            "rows": len(rows),
            "inferred": resolved.inferred,
            "errors": errors,
            "warnings": len(problems) - errors,
            "proposal": [
                {"column": column.name, "role": column.role, "note": column.note}
                for column in resolved.contract.columns
                if column.note or column.role != "feature"
            ],
            "problems": [problem.to_dict() for problem in problems],
            "notes": notes,
            "contract": resolved.contract.to_dict(),
            "profile": profile.to_dict(),
        },
        exit_code=2 if errors else 0,
    )
