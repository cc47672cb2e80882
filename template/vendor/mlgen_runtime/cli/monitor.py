"""Look at production: drift, errors, latency, and quality and business value once the truth is known; raise alerts.

Looks at the log of predictions in windows (`monitor.window`), from where the last run stopped; sooner than a window
after it, at the newest one again. `monitor.current=` looks at a file, a table or a query instead. Figures are compared
with the bundle that answered; where there are too few rows, it says so and judges nothing. Exit code 3: an alert fired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = (
    "monitor.current",
    "monitor.window",
    "monitor.until",
    "monitor.min_rows",
    "monitor.min_outcomes",
    "monitor.slices",
    "monitor.value",
    "monitor.track",
    "monitor.detail_rows",
    "log.database",
)


def run(config: RunConfig) -> VerbReport:
    """Look at all windows that are due, judge them, tell, and leave the reports."""
    from ..monitoring import run as session
    from ..monitoring import summary

    seen = session.run(config)
    for line in summary.lines(seen):
        print(line)
    return VerbReport(summary.report(seen), exit_code=3 if seen.fired else 0)
