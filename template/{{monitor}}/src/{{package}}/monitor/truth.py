"""Answers of the log beside the truth that arrived later, by request and row or by key.

A truth counts in the window in which it became known: it may be of an answer of weeks ago, and what a window says does
not depend on when somebody looks. So quality is that of the answers whose truth came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .. import live
from .decoding import Fields, scalar

if TYPE_CHECKING:
    import pandas as pd

    from ..log.database import Database
    from ..predictor import Predictor
    from .spans import Span

_WANTED = "p.request_id, p.row, p.at, p.model_version, p.key, p.features, p.prediction, p.output, o.truth, o.subject"
_SERVED = "p.source IN ('rest', 'batch')"
#: The part of an outcome's subject before the last slash, and after it (`rtrim` takes off the digits of the row).
_STEM = "rtrim(o.subject, '0123456789')"
#: Answers of the window whose truth is known, and older answers whose truth came in the window; by row, then by key.
_QUERIES = (
    f"SELECT {_WANTED} FROM prediction_log p JOIN outcome_log o ON o.subject = p.request_id || '/' || p.row "
    f"WHERE {_SERVED} AND p.at >= ? AND p.at < ? AND o.at < ?",
    f"SELECT {_WANTED} FROM outcome_log o CROSS JOIN prediction_log p WHERE o.at >= ? AND o.at < ? AND p.at < ? "
    f"AND {_SERVED} AND p.request_id = substr({_STEM}, 1, length({_STEM}) - 1) "
    f"AND CAST(p.row AS TEXT) = substr(o.subject, length({_STEM}) + 1)",
    f"SELECT {_WANTED} FROM prediction_log p JOIN outcome_log o ON o.subject = 'key:' || p.key "
    f"WHERE {_SERVED} AND p.at >= ? AND p.at < ? AND o.at < ?",
    f"SELECT {_WANTED} FROM outcome_log o CROSS JOIN prediction_log p WHERE o.at >= ? AND o.at < ? AND p.at < ? "
    f"AND {_SERVED} AND p.key = substr(o.subject, 5) AND o.subject LIKE 'key:%'",
)


def answers(database: Database, span: Span, model: Predictor, features: Sequence[str]) -> pd.DataFrame:
    """Return the answers whose truth became known in the window; `features` are inputs that are wanted beside them.

    Columns: request_id, row, at, model_version, key, subject, prediction, the predictor's others, `features`, truth.
    """
    import pandas as pd

    names = ["request_id", "row", "at", "model_version", "key", "subject", "prediction", "truth"]
    outputs = live.needed(model)
    if not database.rows("SELECT 1 FROM outcome_log WHERE at < ? LIMIT 1", (span.end,)):
        return pd.DataFrame(columns=[*names, *outputs, *features])
    of_inputs, of_outputs = Fields(features), Fields(outputs)
    columns: dict[str, list[Any]] = {name: [] for name in (*names, *outputs, *features)}
    for batch in _batches(database, span):
        request, row, at, version, key, inputs, predicted, output, truth, subject = zip(*batch, strict=True)
        values = [request, row, at, version, key, subject, _scalars(predicted), _scalars(truth)]
        values += [*of_outputs.columns(output), *of_inputs.columns(inputs)]
        for name, cells in zip(columns, values, strict=True):
            columns[name].extend(cells)
    found = pd.DataFrame(columns).drop_duplicates(["request_id", "row"], ignore_index=True)
    return live.chosen(found)


def _batches(database: Database, span: Span) -> Iterator[list[tuple[Any, ...]]]:
    """The joined rows, a batch at a time."""
    for query, values in zip(
        _QUERIES, ((span.start, span.end, span.end), (span.start, span.end, span.start)) * 2, strict=True
    ):
        yield from database.batches(query, values)


def _scalars(texts: Sequence[str]) -> list[Any]:
    """Values of JSON; equal texts are read once."""
    known = {text: scalar(text) for text in set(texts)}
    return [known[text] for text in texts]
