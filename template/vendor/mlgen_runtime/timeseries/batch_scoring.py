"""Forecasts of all series: newer rows in, portions of forecasts out, a group of series at a time.

Rows are optional: without them the history kept in the bundle is all there is. They belong to whole series, so they are
read to the end before the first forecast is made. A row is left out where a line is broken, or a cell cannot be read as
the contract says; a series, with all its new rows, where it cannot be forecast: it is unknown and has no history, two
rows are of one moment, a moment is off the grid. The forecasts of a moment from different origins stand side by side:
`data_until` is part of the key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError, nearest
from ..usecase.batches import Batch, Field, Form, Kind, Portion, Rejected
from .answers import UNTIL
from .inference import forecaster

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from .panel import Key
    from .settings import DataSettings

#: Whether there is nothing to do without rows.
NEEDS_ROWS = False
#: What the names of quantiles begin with.
QUANTILE = "quantile_"
#: Series that are forecast at once.
GROUP = 500


def key(model: Predictor, data: DataSettings) -> tuple[str, ...]:
    """The columns that tell rows apart, in whose order a database gives them: the series and the moment."""
    return (*model.needed, model.contract.with_role("time")[0].name)


def columns(contract: Contract, data: DataSettings) -> list[tuple[str, str]]:
    """The columns of forecasts by name, each with where its name is from; those of quantiles are numbers."""
    roles = (("series", "the series"), ("time", "the time"))
    found = [(column.name, f"{words} {column.name!r}") for role, words in roles for column in contract.with_role(role)]
    own = [("prediction", "the prediction"), (UNTIL, "the newest value that is known")]
    levels = [name for name, _ in found if name.startswith(QUANTILE)]
    return [*found, *own, *((name, "a quantile of the forecast") for name in levels)]


def expected(model: Predictor) -> int | None:
    """How many answers to expect where the source does not say: those of the series that are known."""
    return len(forecaster(model).panel.keys) * forecaster(model).horizon


def form(model: Predictor, names: Sequence[str], types: Sequence[pa.DataType], key: Sequence[str]) -> Form:
    """The table of forecasts. Raises InputError naming a column that newer rows lack, and where they bring nothing."""
    column = model.contract.with_role("time")[0]
    time = column.name
    for name in (*model.needed, time) if names else ():
        if name not in names:
            raise InputError(f"the rows lack the column {name}{nearest(name, names)}; they have {', '.join(names)}")
    if names:
        _bring(model, names)
    kind: Kind = "moment" if column.zone is None else "instant"
    stamps = (Field(name, kind, column.zone) for name in (time, UNTIL))
    keys = [*(Field(name, "text") for name in model.needed), *stamps]
    figures = ("prediction", *(f"quantile_{level:g}" for level in forecaster(model).levels))
    fields = (*keys, *(Field(name, "number") for name in figures))
    return Form(fields, tuple(field.name for field in keys), lasting=True)


def portions(
    model: Predictor, form: Form, batches: Iterator[Batch], after: int, threads: int, answer: bool = True
) -> Iterator[Portion]:
    """Forecast group after group of series, in the order in which they are known; `after` is how many are done.

    A group is forecast at once, so `threads` are not needed. `answer=False` makes no difference: whether a series can
    be forecast shows when it is.
    """
    rows, rejected, read = _newer(model, batches)
    of = _series(model, rows)
    keys = list(dict.fromkeys([*forecaster(model).panel.keys, *of]))
    if after:  # an earlier process has written what reading found
        rejected, read = [], 0
    for start in range(after, len(keys), GROUP):
        group = keys[start : start + GROUP]
        found = _forecasts(model, rows, of, group, rejected)
        yield Portion(_table(form, found), tuple(rejected), read=read, mark=start + len(group))
        rejected, read = [], 0  # what reading found belongs to the first portion


def _bring(model: Predictor, names: Sequence[str]) -> None:
    """Refuse rows without a value or a covariate: a column that is called otherwise would be missed by nobody."""
    contract = model.contract
    roles = ("past", "known_future")
    notes = [contract.target.name, *(column.name for role in roles for column in contract.with_role(role))]
    if not any(name in names for name in notes):
        near = nearest(notes[0], names)
        raise InputError(
            f"the rows bring nothing new: they have {', '.join(names)}, and none of {', '.join(notes)}{near}; "
            "rename the column of the newer values, or forecast from the history alone"
        )


def _newer(model: Predictor, batches: Iterator[Batch]) -> tuple[pd.DataFrame, list[Rejected], int]:
    """All newer rows, typed, by their numbers; those that cannot be read are rejected; how many there were."""
    import pandas as pd

    rejected: list[Rejected] = []
    frames, read = [], 0
    for batch in batches:
        read += batch.length
        rejected += [
            Rejected(line.number, line.reason, json.dumps(line.text, ensure_ascii=False)) for line in batch.broken
        ]
        frames.append(_typed(model, batch, rejected))
    rejected.sort(key=lambda row: row.number)
    return pd.concat(frames) if frames else pd.DataFrame(), rejected, read


def _typed(model: Predictor, batch: Batch, rejected: list[Rejected]) -> pd.DataFrame:
    """The rows of a batch whose cells can be read; the column of a series must not be empty."""
    import numpy as np
    import pandas as pd

    from ..contract.columns import moments
    from ..contract.typed import expectation, parse
    from ..core.moments import FIRST_YEAR, LAST_YEAR
    from ..data.frames import frame

    raw = frame(batch.table)
    reasons: dict[int, str] = {}
    values: dict[str, Any] = {}
    for column in (*model.contract.inputs, model.contract.target):
        if column.name not in raw.columns or column.name in values:
            continue
        values[column.name], bad = parse(raw[column.name], column)
        for row in np.flatnonzero(bad).tolist():
            shown = str(raw[column.name].iloc[row])[:60]
            expected = expectation(column, raw[column.name].iloc[row])
            reasons.setdefault(row, f"{column.name} holds {shown!r}, expected {expected}")
        if column.role == "time":
            for row in np.flatnonzero(moments(raw[column.name], column.format, column.zone).far).tolist():
                shown = str(raw[column.name].iloc[row])[:60]
                reasons.setdefault(row, f"{column.name} holds {shown!r}, outside {FIRST_YEAR} to {LAST_YEAR}")
        if column.role == "series":
            for row in np.flatnonzero(pd.isna(values[column.name])).tolist():
                reasons.setdefault(row, f"{column.name} is empty; each row must name its series")
    typed = pd.DataFrame({name: np.asarray(cells) for name, cells in values.items()}, index=batch.numbers)
    good = np.ones(len(typed), dtype=bool)
    good[list(reasons)] = False
    for row in sorted(reasons):
        rejected.append(Rejected(int(batch.numbers[row]), reasons[row], _record(raw.iloc[row])))
    return typed[good]


def _series(model: Predictor, rows: pd.DataFrame) -> dict[Key, Any]:
    """The positions of each series' rows, by its key."""
    import numpy as np

    if rows.empty:
        return {}
    if not model.needed:
        return {(): np.arange(len(rows))}
    found = rows.reset_index(drop=True).groupby(list(model.needed), sort=False).indices
    return {(key if isinstance(key, tuple) else (key,)): positions for key, positions in found.items()}


def _forecasts(
    model: Predictor, rows: pd.DataFrame, of: dict[Key, Any], group: Sequence[Key], rejected: list[Rejected]
) -> list[dict[str, np.ndarray]]:
    """Forecasts of a group of series; where it fails, of each by itself, so that one does not spoil the others.

    Raises InputError where a series fails that has no new rows: then the model or a setting is at fault.
    """
    try:
        return [model.predict(_asked(model, rows, of, group))]
    except InputError as fault:
        if len(group) > 1:
            return [found for key in group for found in _forecasts(model, rows, of, [key], rejected)]
        if group[0] not in of:
            raise
        for position in of[group[0]]:
            rejected.append(Rejected(int(rows.index[position]), str(fault), _record(rows.iloc[position])))
        return []


def _asked(model: Predictor, rows: pd.DataFrame, of: dict[Key, Any], group: Sequence[Key]) -> dict[str, Any]:
    """The columns that ask for a group's forecasts: a row for each series, and all that is new of them."""
    import numpy as np
    import pandas as pd

    asks = pd.DataFrame({name: [key[at] for key in group] for at, name in enumerate(model.needed)}, dtype=object)
    positions = [of[key] for key in group if key in of]
    if positions:
        asks = pd.concat([asks, rows.iloc[np.concatenate(positions)]], ignore_index=True)
    return {str(name): asks[name].to_numpy() for name in asks.columns}


def _table(form: Form, found: list[dict[str, np.ndarray]]) -> pa.Table:
    import pyarrow as pa

    schema = form.schema
    tables = [pa.table({name: part[name] for name in schema.names}).cast(schema) for part in found]
    return pa.concat_tables(tables) if tables else schema.empty_table()


def _record(row: pd.Series) -> str:
    """A row as JSON, empty cells as null."""
    import pandas as pd

    plain = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return json.dumps(plain, ensure_ascii=False, default=str)
