"""What triggers look at: the champion and where it is from, the rows there are now, and what was tried before."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..bundle import ledger
from ..usecase import registry
from .history import Row, trainings

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.store import Pointer, Store
    from ..config.run import RunConfig
    from ..contract.schema import Contract
    from ..usecase.protocol import NewestRows
    from .settings import RetrainSettings


@dataclass(frozen=True)
class Rows:
    """The conformed rows of data.path, their contract and their fingerprint."""

    frame: pd.DataFrame
    contract: Contract
    fingerprint: str
    source: str


@dataclass(frozen=True)
class RetrainingContext:
    """`now` is UTC; `history` is what `retrain` tried so far."""

    config: RunConfig
    settings: RetrainSettings
    store: Store
    champion: Pointer | None
    history: tuple[Row, ...]
    now: datetime.datetime

    @cached_property
    def since(self) -> datetime.datetime | None:
        """When the champion took over, this time: what was seen before tells nothing of it."""
        return datetime.datetime.fromisoformat(self.champion.at) if self.champion and self.champion.at else None

    @cached_property
    def made(self) -> datetime.datetime | None:
        """When the champion was promoted for the first time: a rollback makes no model younger."""
        if self.champion is None:
            return None
        first = [row.at for row in ledger.rows(self.store) if row.version == self.champion.version]
        return datetime.datetime.fromisoformat(first[0]) if first else self.since

    @cached_property
    def lineage(self) -> dict[str, Any]:
        """Where the champion is from (lineage.json); empty without a champion."""
        if self.champion is None:
            return {}
        found: dict[str, Any] = bundle.read_json(self.store.fetch(self.champion.bundle), "lineage.json")
        return found

    @cached_property
    def last(self) -> Row | None:
        """The last training that came to an end of its own, whatever the gate said."""
        ended = [row for row in trainings(self.history) if row.decision not in ("started", "failed")]
        return ended[-1] if ended else None

    @cached_property
    def newest_rows(self) -> NewestRows:
        """How the use case tells new rows from old ones."""
        return registry.of(self.config).newest_rows

    @cached_property
    def rows(self) -> Rows:
        """The rows of data.path as they are now. Raises InputError as `train` does."""
        from ..contract.typed import conform
        from ..data import tables
        from ..usecase.resolve import resolve

        config = self.config
        resolved = resolve(config)
        frame = conform(resolved.frame, resolved.contract)
        return Rows(frame, resolved.contract, tables.fingerprint(frame), tables.source(config.data, config.root))

    @cached_property
    def fresh(self) -> int:
        """How many rows of data.path came since the champion was trained; all of them without one. What a window has
        left out is old, not new."""
        if self.champion is None:
            return len(self.rows.frame)
        if self.lineage.get("fingerprint") == self.rows.fingerprint:
            return 0
        rows = self.newest_rows.window(self.rows.frame, self.rows.contract, self.settings.history, "retrain.window")
        return self.newest_rows.fresh(self.store, self.champion.bundle, rows, self.rows.contract)
