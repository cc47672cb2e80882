"""What was tried, and what came of it: the append-only file beside the ledger.

Two lines of `bundles/retrain.jsonl`, at the start of a training and at its end:

    {"at": "2026-03-01T03:17:02.412Z", "action": "train", "when": "auto", "decision": "started", "reasons": {…}, …}
    {"at": "2026-03-01T03:17:02.412Z", "action": "train", "when": "auto", "decision": "promoted", "reasons": {…}, …}

A line is written once and never changed; of those with the same `at`, the last one says how it ended. One that was only
started was killed, and counts like any other for the cooldown and the budget.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..bundle.store import Store

NAME = "retrain.jsonl"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One training (action train) or one verdict on a shadow (action shadow).

    `at` is its start in UTC, ISO 8601; `reasons` trigger to sentence; `decision` started, promoted, shadow (published,
    answers beside the champion), refused, dropped or failed; `version` what was published, `champion` who served
    before; `key` stands for the data and the settings: the same again would come to the same.
    """

    at: str
    action: str
    when: str
    decision: str
    message: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    champion: str | None = None
    data: str | None = None
    fingerprint: str | None = None
    key: str | None = None
    seconds: float = 0.0

    @property
    def moment(self) -> datetime.datetime:
        """When it began."""
        return datetime.datetime.fromisoformat(self.at)


def stamp(moment: datetime.datetime) -> str:
    """A moment as rows have it."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def rows(store: Store) -> list[Row]:
    """Return each training and verdict as it ended, oldest first. A line torn by a power cut is none."""
    found: dict[tuple[str, str], Row] = {}
    for line in (store.read(NAME) or b"").splitlines():
        try:
            row = Row(**json.loads(line))
            _ = row.moment
        except (ValueError, TypeError):
            continue
        found[row.action, row.at] = row
    return list(found.values())


def trainings(history: Sequence[Row]) -> list[Row]:
    """Those rows that are trainings, however they ended."""
    return [row for row in history if row.action == "train"]


def record(store: Store, row: Row) -> None:
    """Append a row; on a line of its own even where the last line was torn."""
    torn = not (store.read(NAME) or b"\n").endswith(b"\n")
    line = json.dumps(dataclasses.asdict(row), ensure_ascii=False).encode() + b"\n"
    store.append(NAME, b"\n" + line if torn else line)
