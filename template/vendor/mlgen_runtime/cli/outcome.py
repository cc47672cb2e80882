"""Load the truth that arrived later, so that `monitor` can say how right the answers were.

`data.path=` is any table that training reads. Its rows name what they are the truth of: `request_id` (and `row`, the
position in the request, 0 where it is left out), or the key columns of the log (`log.key`, for series the series and
the moment); the target is the truth. The same truth again changes nothing; another one replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ("data.path", "data.target", "data.key", "data.separator", "log.database")


def run(config: RunConfig) -> VerbReport:
    """Check the rows against the contract, keep them, say how many belong to answers of the log."""
    from ..monitoring import outcomes

    told = outcomes.load(config)
    print(f"{told.rows:,} outcomes: {told.new:,} new, {told.changed:,} changed, {told.same:,} known already")
    print(f"{told.matched:,} of them belong to answers in the log" + (f"; {told.hint}" if told.hint else ""))
    return VerbReport(
        {
            "path": told.path,
            "by": told.by,
            "rows": told.rows,
            "new": told.new,
            "changed": told.changed,
            "known": told.same,
            "matched": told.matched,
            "origin": told.origin,
        }
    )
