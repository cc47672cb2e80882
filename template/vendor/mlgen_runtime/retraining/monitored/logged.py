"""Rows to learn from out of the log of predictions, and the record of decisions in its database.

A logged prediction is a row once its truth is known: the features that were sent, and what came true. Where the truth
came by key, the newest prediction of that key counts: a row that is scored each night is one row.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...contract.features import used
from ...core.errors import InputError
from ...prediction_log.database import Database, open_database
from ...prediction_log.settings import LogSettings
from ...prediction_log.ship import ship_once
from ...usecase import registry

if TYPE_CHECKING:
    import pandas as pd

    from ...config.run import RunConfig
    from ...contract.schema import Contract
    from ..history import Row

SERVED = "p.source IN ('rest', 'batch')"
#: Predictions with their truth, by request and row, then by key.
_KNOWN = tuple(
    "SELECT p.features, p.key, o.truth, p.at, o.subject FROM prediction_log p "
    f"JOIN outcome_log o ON o.subject = {subject} WHERE {SERVED} ORDER BY p.at, p.request_id, p.row"
    for subject in ("p.request_id || '/' || CAST(p.row AS TEXT)", "'key:' || p.key")
)


def database(config: RunConfig, *, newest: bool = False) -> Database:
    """Open the log's database, with `newest` after all that waits in files was shipped. Raises Away, an InputError,
    where it cannot be reached."""
    settings = config.layer("log", LogSettings)
    if newest:
        ship_once(settings, config.root)
    return open_database(settings.database, config.root)


def rows(config: RunConfig, contract: Contract) -> pd.DataFrame:
    """Return conformed rows of all predictions whose truth is known, the oldest first. Raises InputError where a column
    that the model needs is kept out of the log."""
    import pandas as pd

    hidden = [name for name in config.layer("log", LogSettings).redact if name in {c.name for c in contract.inputs}]
    if hidden:
        raise InputError(
            f"log.redact keeps {', '.join(hidden)} out of the log, and the model learns from it; "
            "take retrain.data=source, or log it"
        )
    names = [column.name for column in used(contract) if column.role != "target"]
    newest = registry.of(config).newest_rows
    parts, marks = [], []
    with database(config, newest=True) as opened:
        for features, keys, truths, moments, subjects in _batches(opened, names):
            frame, read = newest.logged(features, keys, truths, moments, contract)
            parts.append(frame)
            marks.append(pd.DataFrame({"subject": subjects, "at": moments})[read])
    if not parts:
        return pd.DataFrame(columns=[column.name for column in used(contract)])
    known = pd.concat(marks, ignore_index=True).sort_values("at", kind="stable")
    kept = known.drop_duplicates("subject", keep="last").index
    return pd.concat(parts, ignore_index=True).iloc[kept].reset_index(drop=True)


def _batches(opened: Database, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Name to cells, keys, truths, moments and subjects, a batch of rows at a time."""
    from ...monitoring.decoding import Fields, scalar

    fields = Fields(names)
    for query in _KNOWN:
        for batch in opened.batches(query):
            features, keys, truths, moments, subjects = zip(*batch, strict=True)
            cells = dict(zip(names, fields.columns(features), strict=True))
            read = [json.loads(key) if key else None for key in keys]
            yield cells, read, [scalar(truth) for truth in truths], list(map(float, moments)), subjects


def outcomes(opened: Database, since: float) -> int:
    """How many truths arrived since a moment, of predictions that were made since then."""
    found = 0
    for subject in ("p.request_id || '/' || CAST(p.row AS TEXT)", "'key:' || p.key"):
        query = (
            f"SELECT COUNT(DISTINCT o.subject) FROM prediction_log p JOIN outcome_log o ON o.subject = {subject} "
            f"WHERE {SERVED} AND p.at >= ?"
        )
        found += int(opened.rows(query, (since,))[0][0])
    return found


def record(config: RunConfig, row: Row) -> None:
    """Write a decision into retrain_log. Raises InputError where the database is away."""
    with database(config) as opened:
        opened.run(
            "INSERT INTO retrain_log (id, at, reason, verdict, version, champion, seconds, details) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (
                f"{row.action} {row.at}",
                row.moment.timestamp(),
                "; ".join(f"{name}: {message}" for name, message in row.reasons.items()),
                row.decision,
                row.version,
                row.champion,
                row.seconds,
                json.dumps(dataclasses.asdict(row), ensure_ascii=False),
            ),
        )
