"""Old entries leave the database: at most once an hour, a few thousand rows at a time, so that nobody waits for it."""

from __future__ import annotations

import time

from .database import Database

HOUR = 3600.0
#: Rows that are removed in one transaction.
PORTION = 5_000
#: Tables whose rows age, and the columns that an index leads to them by.
SOURCES = ("rest", "batch", "shadow")
#: The entry of segment_log that says when this was done last.
MARK = "retention"


def enforce(database: Database, days: float | None) -> int:
    """Remove what is older than `days`, if nobody did within the hour; return how many rows that were."""
    now = time.time()
    if days is None or not _due(database, now):
        return 0
    before = now - days * 86_400
    removed = sum(_predictions(database, source, before) for source in SOURCES)
    for table in ("refusal_log", "outcome_log"):
        removed += database.run(f"DELETE FROM {table} WHERE at < ?", (before,))
    return removed


def _due(database: Database, now: float) -> bool:
    """Whether the last time is an hour ago; if so, this is the next."""
    database.run("INSERT INTO segment_log (name, shipped, at) VALUES (?, 0, 0) ON CONFLICT DO NOTHING", (MARK,))
    return database.run("UPDATE segment_log SET at = ? WHERE name = ? AND at < ?", (now, MARK, now - HOUR)) == 1


def _predictions(database: Database, source: str, before: float) -> int:
    """Remove one source's old predictions, portion after portion from the oldest on."""
    removed = 0
    while True:
        found = database.rows(
            "SELECT at FROM prediction_log WHERE source = ? AND at < ? ORDER BY at LIMIT 1 OFFSET ?",
            (source, before, PORTION),
        )
        to = found[0][0] if found else before
        last = not found
        # rows of one moment go together
        removed += database.run(
            f"DELETE FROM prediction_log WHERE source = ? AND at {'<' if last else '<='} ?", (source, to)
        )
        if last:
            return removed
