"""The truth from a table into the log's database: checked against the contract, told apart by request or by key."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import keys
from ..core.errors import InputError, nearest
from ..core.jsonable import masked
from ..prediction_log import place
from ..prediction_log.database import Database, open_database
from ..prediction_log.settings import LogSettings
from ..prediction_log.ship import ship_once
from ..usecase import registry
from ..usecase.loading import load_champion

if TYPE_CHECKING:
    import pandas as pd

    from ..config.run import RunConfig
    from ..contract.schema import Contract

#: Rows that are looked up and written together.
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class LoadedOutcomes:
    """What became of the rows: `new`, `changed` or `same` as what was known; `matched` belong to logged answers.
    `by` is what they are told apart by; `hint` says what may be wrong where none is matched."""

    path: str
    by: str
    rows: int
    new: int
    changed: int
    same: int
    matched: int
    origin: str
    hint: str


def load(config: RunConfig) -> LoadedOutcomes:
    """Read, check and keep the outcomes of `data.path`. Raises InputError naming column or cell; none is kept then."""

    contract = load_champion(config).contract
    settings = config.layer("log", LogSettings)
    frame = registry.of(config).reading.read_rows(config.data.path, config.data, config.root)
    names = [str(name) for name in frame.columns]
    key = _key(settings, contract)
    by = "request_id" if "request_id" in names else ", ".join(key)
    subjects = _by_request(frame) if by == "request_id" else _by_key(frame, key, contract, config.data.path)
    truths = _truths(frame, contract, config.data.path)
    _once(subjects, truths, by)
    ship_once(settings, config.root)
    origin = f"outcome {masked(config.data.path)}"[:200]
    with open_database(settings.database, config.root) as database:
        new, changed, same = _keep(database, subjects, truths, origin)
        matched = _matched(database, subjects)
        hint = "" if matched else _hint(database, by, key)
    counts = {"rows": len(subjects), "new": new, "changed": changed, "same": same, "matched": matched}
    return LoadedOutcomes(path=masked(config.data.path), by=by, origin=origin, hint=hint, **counts)


def _key(settings: LogSettings, contract: Contract) -> tuple[str, ...]:
    """The columns that tell answers apart: those of series and the moment, or those that the log keeps of rows."""
    series = contract.with_role("series", "time") if contract.forecast is not None else ()
    return tuple(column.name for column in series) or place.key_of(settings, contract)


def _by_request(frame: pd.DataFrame) -> list[str]:
    """The subjects of rows that name their request and the position in it."""
    from ..contract.columns import numbers, texts

    ids = texts(frame["request_id"]).values()
    positions = numbers(frame["row"]) if "row" in frame.columns else None
    found = []
    for number, name in enumerate(ids):
        row = 0.0 if positions is None else positions.values[number]
        if name is None:
            raise InputError(f"request_id is empty in row {number + 1}; say which request it is the truth of")
        if not row >= 0 or row != int(row):
            shown = frame["row"].iloc[number]
            raise InputError(f"row holds {shown!r} in row {number + 1}, expected a position in the request, from 0")
        found.append(f"{name}/{int(row)}")
    return found


def _by_key(frame: pd.DataFrame, key: Sequence[str], contract: Contract, path: str) -> list[str]:
    """The subjects of rows that carry the key columns."""
    names = [str(name) for name in frame.columns]
    if not key:
        raise InputError(
            f"{masked(path)} has no column request_id, and no key is set; name the columns that tell rows apart: "
            "log.key=[…] (data.key=[…] sets it, too)"
        )
    for name in key:
        if name not in names:
            raise InputError(
                f"{masked(path)} has neither request_id nor the key column {name!r}{nearest(name, names)}; "
                f"it has {', '.join(names)}"
            )
    cells = [_cells(frame[name], name, contract) for name in key]
    found = [keys.written(row) for row in zip(*cells, strict=True)]
    if None in found:
        raise InputError(f"the key ({', '.join(key)}) is empty in row {found.index(None) + 1}; mend that row")
    return [f"key:{text}" for text in found]


def _cells(series: pd.Series, name: str, contract: Contract) -> list[Any]:
    """The cells of a key column as the log has them."""
    from pandas.api.types import is_numeric_dtype

    from ..contract.columns import moments, texts
    from ..contract.typed import expectation

    known = {column.name: column for column in contract.columns}
    if name in known and known[name].type == "datetime":
        found = moments(series, known[name].format, known[name].zone)
        if found.bad.any() or (found.values != found.values).any():
            row = int((found.bad | (found.values != found.values)).argmax())
            raise InputError(f"{name} holds {series.iloc[row]!r} in row {row + 1}, expected {expectation(known[name])}")
        return [str(moment) for moment in found.values.astype("M8[s]")]
    if name in known and known[name].is_key:
        return list(texts(series, known[name].levels).values())
    plain = series.astype(object)
    return list(plain.where(series.notna(), None)) if is_numeric_dtype(series.dtype) else list(texts(series).values())


def _truths(frame: pd.DataFrame, contract: Contract, path: str) -> list[str]:
    """The target of each row as JSON. Raises InputError for one that is missing or no label of the contract."""
    from ..contract.columns import numbers
    from ..contract.typed import truth

    target = contract.target
    if target.name not in frame.columns:
        names = [str(name) for name in frame.columns]
        raise InputError(
            f"{masked(path)} has no column {target.name!r}, which holds the truth{nearest(target.name, names)}; "
            f"it has {', '.join(names)}"
        )
    if contract.labels:
        codes = truth(frame[[target.name]], contract)
        return [json.dumps(contract.label_values[code], ensure_ascii=False) for code in codes]
    found = numbers(frame[target.name], target.writing)
    typed = frame[[target.name]].assign(**{target.name: found.values})
    if found.bad.any():
        row = int(found.bad.argmax())
        raise InputError(
            f"the target {target.name!r} holds {frame[target.name].iloc[row]!r} in row {row + 1}, expected a number; "
            "mend the source"
        )
    return [json.dumps(value) for value in truth(typed, contract).tolist()]


def _once(subjects: Sequence[str], truths: Sequence[str], by: str) -> None:
    """Refuse two different truths of one thing."""
    first: dict[str, str] = {}
    for number, (subject, truth) in enumerate(zip(subjects, truths, strict=True)):
        if first.setdefault(subject, truth) != truth:
            raise InputError(
                f"{subject.removeprefix('key:')} ({by}) has two truths, {first[subject]} and, in row {number + 1}, "
                f"{truth}; keep one of them"
            )


def _keep(database: Database, subjects: Sequence[str], truths: Sequence[str], origin: str) -> tuple[int, int, int]:
    """Write what is new or changed, all of it or nothing; return how many are new, changed, the same."""
    entries = dict(zip(subjects, truths, strict=True))
    now, new, changed = time.time(), 0, 0
    with database.transaction():
        for chunk in _chunks(list(entries)):
            marks = ", ".join("?" * len(chunk))
            found = database.rows(f"SELECT subject, truth FROM outcome_log WHERE subject IN ({marks})", chunk)
            known = {str(subject): str(truth) for subject, truth in found}
            fresh = [(name, now, entries[name], origin) for name in chunk if known.get(name) != entries[name]]
            database.many(
                "INSERT INTO outcome_log (subject, at, truth, origin) VALUES (?, ?, ?, ?) ON CONFLICT (subject) "
                "DO UPDATE SET at = excluded.at, truth = excluded.truth, origin = excluded.origin",
                fresh,
            )
            new += sum(name not in known for name, *_ in fresh)
            changed += sum(name in known for name, *_ in fresh)
    return new, changed, len(entries) - new - changed


def _matched(database: Database, subjects: Sequence[str]) -> int:
    """How many of the outcomes belong to an answer in the log."""
    found = 0
    by_key = [subject.removeprefix("key:") for subject in dict.fromkeys(subjects) if subject.startswith("key:")]
    for chunk in _chunks(by_key):
        marks = ", ".join("?" * len(chunk))
        found += len(database.rows(f"SELECT DISTINCT key FROM prediction_log WHERE key IN ({marks})", chunk))
    by_request = {subject for subject in subjects if not subject.startswith("key:")}
    for chunk in _chunks(sorted({subject.rpartition("/")[0] for subject in by_request})):
        marks = ", ".join("?" * len(chunk))
        query = f"SELECT DISTINCT request_id, row FROM prediction_log WHERE request_id IN ({marks})"
        found += sum(f"{name}/{row}" in by_request for name, row in database.rows(query, chunk))
    return found


def _hint(database: Database, by: str, key: Sequence[str]) -> str:
    """Why nothing was matched, as far as one can tell."""
    if not database.rows("SELECT 1 FROM prediction_log LIMIT 1"):
        return "the log holds no answers yet; they are kept until it does"
    column = "request_id" if by == "request_id" else "key"
    example = database.rows(f"SELECT {column} FROM prediction_log WHERE {column} IS NOT NULL LIMIT 1")
    if not example:
        return f"the log's answers have no {column}: log.key names the columns ({', '.join(key)})"
    return f"in the log {column} looks like {str(example[0][0])[:80]}"


def _chunks(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
