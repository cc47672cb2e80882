"""Score a whole table with the champion, into a database, Parquet or Delta; a run that was cut off goes on.

Rows that break the contract go to a quarantine with the reason, the rest is scored; too many of them stop the job. The
id of a run follows from the model, the input's content and the logical date (`batch.date=`): the same command again
goes on where the last one was stopped, or finds that all is done. `batch.dry_run=true` checks everything and writes
nothing, as `--dry-run` does. Keys are `data.key`, else the number of the row.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..batch.job import Done
    from ..config.run import RunConfig

SETTINGS = (
    "batch.input",
    "batch.output",
    "batch.date",
    "batch.max_rejected",
    "batch.history",
    "batch.dry_run",
    "batch.wait",
    "batch.explain",
    "data.key",
    "version",
)
FLAGS = {"--dry-run": "batch.dry_run=true"}


def run(config: RunConfig) -> VerbReport:
    """Score, say what was done, and return every figure."""
    from ..batch import job
    from ..batch.settings import BatchSettings

    done = job.run(config, config.layer("batch", BatchSettings))
    print(_message(done), file=sys.stderr)
    for reason, count in done.reasons.most_common(3):
        print(f"  rejected {count:,}: {reason}", file=sys.stderr)
    if done.standing.rejected and not done.dry:
        print(f"  all of them: {done.quarantine}", file=sys.stderr)
    standing, fresh = done.standing, done.standing.read - done.resumed
    return VerbReport(
        {
            "run_id": done.run.id,
            "date": done.run.date,
            "version": done.run.model_version,
            "model": done.model,
            "engine": done.engine,
            "input": done.run.source,
            "fingerprint": done.run.fingerprint,
            "output": done.output,
            "columns": [field.name for field in done.form.fields],
            "key": list(done.form.key),
            "dry_run": done.dry,
            "already_done": done.already,
            "rows_read": standing.read,
            "rows_accepted": standing.written,
            "rows_written": 0 if done.dry else standing.written,
            "rows_rejected": standing.rejected,
            "quarantine": done.quarantine,
            "rows_resumed": done.resumed,
            "reasons": dict(done.reasons.most_common(20)),
            "seconds": round(done.seconds, 3),
            "rows_per_second": round(fresh / done.seconds) if done.seconds and fresh else None,
        }
    )


def _message(done: Done) -> str:
    standing = done.standing
    if done.already:
        return f"run {done.run.id} is done already: {standing.written:,} rows in {done.output}; nothing to do"
    if done.dry:
        read = f"{standing.read:,} rows of {done.run.source}, {standing.rejected:,} rejected"
        return f"{standing.written:,} rows can be written to {done.output} ({read}); nothing written"
    fresh = standing.read - done.resumed
    resumed = f", {done.resumed:,} of the rows by an earlier process" if done.resumed else ""
    pace = f" ({fresh / done.seconds:,.0f} rows/s)" if fresh and done.seconds else ""
    return (
        f"{standing.written:,} rows by version {done.run.model_version} ({done.model}) written to {done.output}, "
        f"{standing.rejected:,} rejected{resumed}{pace}"
    )
