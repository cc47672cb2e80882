"""Answers of the log beside the truth that arrived later, by request and row or by key.

A truth counts in the window in which it became known: it may be of an answer of weeks ago, and what a window says does
not depend on when somebody looks. So quality is that of the answers whose truth came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..usecase import registry
from .decoding import Fields, scalar

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..prediction_log.database import Database
    from .time_range import TimeRange

#: Answers, newest first, among which the newest of each series is looked for.
NEWEST = 20_000
_ANSWERED = "p.request_id, p.row, p.at, p.source, p.model_version, p.key, p.features, p.prediction, p.output"
_WANTED = f"{_ANSWERED}, o.truth, o.subject"
_SERVED = "p.source IN ('rest', 'batch')"
#: The part of an outcome's subject before the last slash, and after it (`rtrim` takes off the digits of the row).
_STEM = "rtrim(o.subject, '0123456789')"
#: Answers of the window whose truth is known, and older answers whose truth came in the window; by row, then by key.
#: CROSS JOIN tells SQLite to take the tables in this order; a sum keeps it from the index on moments.
_QUERIES = (
    f"SELECT {_WANTED} FROM prediction_log p CROSS JOIN outcome_log o WHERE {_SERVED} AND p.at >= ? AND p.at < ? "
    "AND o.subject = p.request_id || '/' || p.row AND o.at + 0.0 < ?",
    f"SELECT {_WANTED} FROM outcome_log o CROSS JOIN prediction_log p WHERE o.at >= ? AND o.at < ? "
    f"AND p.request_id = substr({_STEM}, 1, length({_STEM}) - 1) "
    f"AND CAST(p.row AS TEXT) = substr(o.subject, length({_STEM}) + 1) AND p.source <> 'shadow' AND p.at + 0.0 < ?",
    f"SELECT {_WANTED} FROM prediction_log p CROSS JOIN outcome_log o WHERE {_SERVED} AND p.at >= ? AND p.at < ? "
    "AND p.key IS NOT NULL AND o.subject = 'key:' || p.key AND o.at + 0.0 < ?",
    f"SELECT {_WANTED} FROM outcome_log o CROSS JOIN prediction_log p WHERE o.at >= ? AND o.at < ? "
    "AND substr(o.subject, 1, 4) = 'key:' AND p.key = substr(o.subject, 5) AND p.source <> 'shadow' AND p.at + 0.0 < ?",
)


def read(database: Database, time_range: TimeRange, model: Predictor, features: Sequence[str]) -> pd.DataFrame:
    """Return the answers whose truth became known in the window; `features` are inputs that are wanted beside them.

    Columns: request_id, row, at, source, model_version, key, subject, prediction, the predictor's others, `features`,
    truth.
    """
    import pandas as pd

    view = registry.find(model.use_case).monitoring_view
    names = ["request_id", "row", "at", "source", "model_version", "key", "subject", "prediction", "truth"]
    outputs = view.needed(model)
    if not database.rows("SELECT 1 FROM outcome_log WHERE at < ? LIMIT 1", (time_range.end,)):
        return pd.DataFrame(columns=[*names, *outputs, *features])
    of_inputs, of_outputs = Fields(features), Fields(outputs)
    columns: dict[str, list[Any]] = {name: [] for name in (*names, *outputs, *features)}
    for batch in _batches(database, time_range):
        request, row, at, source, version, key, inputs, predicted, output, truth, subject = zip(*batch, strict=True)
        values = [request, row, at, source, version, key, subject, _scalars(predicted), _scalars(truth)]
        values += [*of_outputs.columns(output), *of_inputs.columns(inputs)]
        for name, cells in zip(columns, values, strict=True):
            columns[name].extend(cells)
    return pd.DataFrame(columns).drop_duplicates(["request_id", "row"], ignore_index=True)


def chosen(model: Predictor, answers: pd.DataFrame, deployments: Sequence[str]) -> pd.DataFrame:
    """Those of the answers of some deployments that count where several are known to one truth."""
    if not len(answers):
        return answers
    given = answers[answers["source"].isin(deployments)].reset_index(drop=True)
    return registry.find(model.use_case).monitoring_view.chosen(model, given)


def newest(
    database: Database, time_range: TimeRange, model: Predictor, deployments: Sequence[str]
) -> Mapping[str, float]:
    """Return the moment of the newest value that answers of some deployments rest on, by series; nothing where answers
    rest on none."""
    import pandas as pd

    view = registry.find(model.use_case).monitoring_view
    if not view.AGES:
        return {}
    rows = database.rows(
        f"SELECT p.at, p.key, p.output FROM prediction_log p WHERE p.source IN ({', '.join('?' * len(deployments))}) "
        f"AND p.at >= ? AND p.at < ? ORDER BY p.at DESC LIMIT {NEWEST}",
        (*deployments, time_range.start, time_range.end),
    )
    return view.newest(pd.DataFrame(rows, columns=["at", "key", "output"]))


def _batches(database: Database, time_range: TimeRange) -> Iterator[list[tuple[Any, ...]]]:
    """The joined rows, a batch at a time."""
    bounds = (
        (time_range.start, time_range.end, time_range.end),
        (time_range.start, time_range.end, time_range.start),
    ) * 2
    for query, values in zip(_QUERIES, bounds, strict=True):
        yield from database.batches(query, values)


def _scalars(texts: Sequence[str]) -> list[Any]:
    """Values of JSON; equal texts are read once."""
    known = {text: scalar(text) for text in set(texts)}
    return [known[text] for text in texts]
