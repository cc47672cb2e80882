"""Who served when: the append-only history of promotions beside the bundles.

One line of `bundles/ledger.jsonl`:

    {"at": "2026-03-01T09:30:00Z", "action": "promote", "version": "7", "previous": "5", "why": "…", "run_id": "4f…"}

MLflow's aliases say who is champion now; only this file says who was. A line is written once and never changed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from .store import Pointer, Store

NAME = "ledger.jsonl"


@dataclass(frozen=True)
class Row:
    """One promotion. `at` is UTC, ISO 8601; `previous` is None for the first champion; `why` is one sentence."""

    at: str
    action: str
    version: str
    previous: str | None
    why: str
    run_id: str | None


def of(pointer: Pointer) -> Row:
    """Return the row that a champion pointer stands for."""
    return Row(**{field.name: getattr(pointer, field.name) for field in dataclasses.fields(Row)})


def rows(store: Store) -> list[Row]:
    """Return the history, oldest first. A line torn by a power cut is no row: the pointer still knows it (`mend`)."""
    found = []
    for line in (store.read(NAME) or b"").splitlines():
        try:
            found.append(Row(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def record(store: Store, pointer: Pointer) -> None:
    """Append the row of a promotion; on a line of its own even where the last line was torn."""
    torn = not (store.read(NAME) or b"\n").endswith(b"\n")
    line = json.dumps(dataclasses.asdict(of(pointer)), ensure_ascii=False).encode() + b"\n"
    store.append(NAME, b"\n" + line if torn else line)


def mend(store: Store) -> Row | None:
    """Write the row that a process killed between pointer and ledger left out; return it, or None.

    Call it while holding the store's lock.
    """
    pointer = store.champion()
    if pointer is None or of(pointer) in rows(store)[-1:]:
        return None
    record(store, pointer)
    return of(pointer)


def earlier(history: Sequence[Row]) -> list[str]:
    """Return the champions before the current one, latest first.

    A rollback undoes the promotions after its target, so rolling back twice goes two champions back, not to and fro.
    """
    champions: list[str] = []
    for row in history:
        if row.action == "rollback" and row.version in champions:
            del champions[len(champions) - champions[::-1].index(row.version) :]
        elif champions[-1:] != [row.version]:
            champions.append(row.version)
    return [version for version in dict.fromkeys(reversed(champions)) if version != champions[-1]]


def served(history: Sequence[Row], at: str) -> str | None:
    """Return the version that served at a moment (UTC, ISO 8601), or None before the first promotion."""
    return next((row.version for row in reversed(history) if row.at <= at), None)
