"""From lines of the files to rows of the tables, and those into the database: what shipping writes.

An answer is read as the use case says that gave it, whichever that is: a line names it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from ..core import keys
from ..core.errors import InputError
from ..usecase import registry
from . import entry
from .entry import Entry

if TYPE_CHECKING:
    from ..bundle.predictor import Answers
    from .database import Database

Row = tuple[Any, ...]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

PREDICTION = """
    INSERT INTO prediction_log
        (request_id, row, source, at, model_version, ms, key, features, prediction, output)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
REFUSAL = """
    INSERT INTO refusal_log (request_id, at, path, status, ms, model_version, faults)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
OUTCOME = """
    INSERT INTO outcome_log (subject, at, truth, origin) VALUES (?, ?, ?, ?)
    ON CONFLICT (subject) DO UPDATE SET at = excluded.at, truth = excluded.truth, origin = excluded.origin
    WHERE excluded.at >= outcome_log.at"""


@dataclass
class Rows:
    """Rows for three tables, and how many lines were no entry."""

    predictions: list[Row] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)
    outcomes: list[Row] = field(default_factory=list)
    broken: int = 0

    def write(self, database: Database) -> None:
        """Insert all of them, into the transaction that is open; what is there already is left as it is."""
        for statement, rows in ((PREDICTION, self.predictions), (REFUSAL, self.refusals), (OUTCOME, self.outcomes)):
            if rows:
                database.many(statement, rows)


def entries(lines: Iterable[bytes], rows: Rows) -> list[Entry]:
    """Read lines; one that a power cut tore is counted and passed over."""
    found = []
    for line in lines:
        try:
            found.append(entry.entry(line))
        except (msgspec.MsgspecError, UnicodeError):
            rows.broken += 1
    return found


def fill(rows: Rows, found: Sequence[Entry], key: tuple[str, ...]) -> None:
    """Turn entries into rows."""
    for each in found:
        if each.status:
            faults = _text(each.faults)
            rows.refusals.append((each.id, each.at, each.path, each.status, each.ms or 0.0, each.version, faults))
        elif bytes(each.request):
            try:
                rows.predictions += predictions(each, key)
            except (InputError, msgspec.MsgspecError, LookupError, ValueError, TypeError):
                rows.broken += 1
        else:
            values = (each.id, each.row, each.source, each.at, each.version, each.ms, each.key)
            rows.predictions.append((*values, *map(_text, (each.features, each.prediction, each.output))))


def predictions(each: Entry, key: tuple[str, ...]) -> Iterator[Row]:
    """One row for each prediction of a request."""
    answer = _decode(each.answer)
    return of_request(_answers(each.use_case), each, answer, each.source, answer["model_version"], each.ms, key)


def of_request(
    answers: Answers,
    each: Entry,
    answer: dict[str, Any],
    source: str,
    version: str,
    ms: float | None,
    key: tuple[str, ...],
) -> Iterator[Row]:
    """One row for each prediction of an answer to a request, whoever gave it; `answers` are those of its use case."""
    records = entry.request(each.request).records
    for position, (own, prediction, output) in enumerate(answers.decode(answer)):
        record = records[position] if answers.EACH_RECORD else None
        cells = own if own is not None or record is None or not key else _key(record, key)
        features = "{}" if record is None else _text(record)
        values = (_encode(prediction).decode(), _encode(output).decode())
        yield (each.id, position, source, each.at, version, ms, cells, features, *values)


def outcomes(lines: Iterable[bytes], rows: Rows) -> None:
    """Turn the lines of a service's file of outcomes into rows."""
    for line in lines:
        try:
            found = _decode(line)
            at = _seconds(found["at"])
            rows.outcomes.append((_subject(found), at, _encode(found["truth"]).decode(), "rest"))
        except (msgspec.MsgspecError, UnicodeError, LookupError, ValueError, TypeError):
            rows.broken += 1


@functools.cache
def _answers(use_case: str) -> Answers:
    return registry.find(use_case).answers


def _subject(found: dict[str, Any]) -> str:
    """What an outcome is the truth of. A key that is itself a list in JSON has several parts (a series, a moment)."""
    if "request_id" in found:
        return f"{found['request_id']}/{found.get('row', 0)}"
    text = found["key"]
    if text.startswith("["):
        try:
            return f"key:{keys.written(_decode(text.encode()))}"
        except msgspec.MsgspecError:
            pass
    return f"key:{keys.written([text])}"


def _key(record: msgspec.Raw, names: tuple[str, ...]) -> str | None:
    values = _decode(record)
    return keys.written([values.get(name) for name in names])


def _seconds(stamp: str) -> float:
    import datetime

    return datetime.datetime.fromisoformat(stamp).timestamp()


def _text(raw: msgspec.Raw) -> str:
    return bytes(raw).decode("utf8")
