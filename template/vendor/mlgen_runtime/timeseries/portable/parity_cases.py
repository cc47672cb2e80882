"""What to ask a forecaster and its copy elsewhere: series as they are kept, and with real rows laid over that, of which
cells are missing or made up. Both are asked the very same cells.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from ...contract.schema import Column
from ...core.errors import InputError
from ...core.moments import formatted
from ...usecase.export_package import ParityCase, Row
from .. import answers as answer
from ..inference import forecaster

if TYPE_CHECKING:
    import pandas as pd

    from ...bundle.predictor import Predictor
    from ..settings import TimeseriesConfig

#: Series in one question, newest rows of each that are sent along, rounds of spoilt rows at most.
SERIES, NEWEST, ROUNDS = 50, 60, 40
#: Share of the cells that are taken out of spoilt rows; a level, and a series, that no data has.
SPOILT, UNSEEN = 0.2, "\ue000"


def questions(model: Predictor, config: TimeseriesConfig, rows: int) -> list[ParityCase]:
    """One series with its newest value; every series that is kept; then real rows of some, spoilt anew each time.

    At least `rows` rows are sent, and as many forecasts asked for. One series has a name that no data has, where the
    model takes that.
    """
    source, frame = _data(model, config)
    kept = [dict(zip(forecaster(model).needed, key, strict=True)) for key in forecaster(model).panel.keys]
    newest = [] if frame is None or not kept else _newest(model, frame, kept[0])[-1:]
    told = [{**kept[0], **moment, **cells} for moment, cells in newest]  # else the answer would only be remembered
    asked = [ParityCase([*told, *_rows(model.example())], source)]
    ahead = _Ahead(model, frame, random.Random(config.seed))
    if not ahead.columns:
        asked.append(ParityCase(kept, source))
    count = sum(len(answers(model, question)) for question in asked)
    draw = random.Random(config.seed)
    for _ in range(ROUNDS):
        if count >= rows and sum(len(question.rows) for question in asked) >= rows and asked[-1].spoilt:
            break
        some = draw.sample(kept, min(SERIES, len(kept)))
        asked.append(ParityCase(_laid(model, frame, some, ahead, draw), source, spoilt=True))
        count += len(answers(model, asked[-1]))
    return asked


def answers(model: Predictor, question: ParityCase) -> list[Row]:
    """What the predictor answers, as a reader of JSON gets it."""
    names = dict.fromkeys(name for row in question.rows for name in row)
    columns = {name: [row.get(name) for row in question.rows] for name in names}
    found: list[Row] = answer.plain(model.contract, model.predict(columns, **question.options))["predictions"]
    return found


def _rows(columns: dict[str, list[Any]]) -> list[Row]:
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _data(model: Predictor, config: TimeseriesConfig) -> tuple[str, pd.DataFrame | None]:
    """Where rows are from, and the rows, typed: those that the model learnt from, or `data.path`; else none."""
    from ... import contract
    from .. import reading as data

    for path in dict.fromkeys((model.contract.source or config.data.path, config.data.path)):
        try:
            return path, contract.conform(data.read_rows(path, config.data, config.root), model.contract)
        except (InputError, KeyError):
            continue
    return "the kept history", None


class _Ahead:
    """Rows of the steps to come, where covariates must be known for them: real values, in any order."""

    def __init__(self, model: Predictor, frame: pd.DataFrame | None, draw: random.Random) -> None:
        self.inference, self.draw = forecaster(model), draw
        example = model.example()
        self.columns = {
            column.name: _values(frame, column) or example[column.name]
            for column in model.contract.with_role("known_future")
        }
        self.time = model.contract.with_role("time")[0]

    def rows(self, key: Row) -> list[Row]:
        """The rows of one series; none where nothing must be known."""
        if not self.columns:
            return []
        panel = self.inference.panel
        at = panel.keys.index(tuple(key.values()))
        steps = self.inference.gap + self.inference.horizon
        moments = formatted(self.inference.frequency.times(panel.ahead(steps)[at]), self.time.format, self.time.zone)
        return [
            {**key, self.time.name: moment} | {name: self.draw.choice(values) for name, values in self.columns.items()}
            for moment in moments
        ]


def _laid(
    model: Predictor, frame: pd.DataFrame | None, keys: list[Row], ahead: _Ahead, draw: random.Random
) -> list[Row]:
    """The newest real rows of these series, with cells taken out or changed, and what is known of the steps to come."""
    rows: list[Row] = []
    for number, key in enumerate(keys):
        newest = [] if frame is None else _newest(model, frame, key)
        spoilt = [{**moment, **{name: _spoilt(cell, draw) for name, cell in told.items()}} for moment, told in newest]
        rows += [*({**key, **row} for row in spoilt), *ahead.rows(key)] or [dict(key)]
        new = [{**dict.fromkeys(key, UNSEEN), **row} for row in spoilt]
        if number == 0 and key and new and not ahead.columns and _answered(model, new):
            rows += new
    return rows


def _newest(model: Predictor, frame: pd.DataFrame, key: Row) -> list[tuple[Row, Row]]:
    """The newest rows of a series, as JSON holds them: the moment of each, and what it tells."""
    time = model.contract.with_role("time")[0]
    told = [*model.contract.with_role("past", "known_future", "static"), model.contract.target]
    chosen = frame
    for name, part in key.items():
        chosen = chosen[chosen[name].astype(str) == part]
    chosen = chosen.sort_values(time.name).tail(NEWEST)
    stamps = formatted(chosen[time.name].to_numpy(), time.format, time.zone)
    moments: list[Row] = [{time.name: stamp} for stamp in stamps]
    cells = {column.name: chosen[column.name].tolist() for column in told if column.name in chosen}
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    plain = [{name: None if cell is None or cell != cell else cell for name, cell in row.items()} for row in rows]
    return list(zip(moments, plain, strict=True))


def _values(frame: pd.DataFrame | None, column: Column) -> list[Any]:
    """Real values of a column; none where there is no data."""
    if frame is None or column.name not in frame:
        return []
    known: list[Any] = frame[column.name].dropna().head(1_000).tolist()
    return known


def _spoilt(cell: Any, draw: random.Random) -> Any:
    """A cell that may be missing now, or another: an unseen level, a number that is somewhat larger."""
    luck = draw.random()
    if luck < SPOILT:
        return None
    if luck > 1 - SPOILT and cell is not None:
        return cell * 1.125 if isinstance(cell, float) else UNSEEN
    return cell


def _answered(model: Predictor, rows: list[Row]) -> bool:
    """Whether this model forecasts a series that it has never seen."""
    try:
        return bool(answers(model, ParityCase(rows, "")))
    except InputError:
        return False
