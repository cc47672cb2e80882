"""Rows to ask a model and its copy elsewhere: real ones, the same with cells missing and levels unseen, and one
with nothing in it.

Both are asked the very same cells.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

from ...contract.schema import Column
from ...core import moments
from ...core.errors import InputError
from ...rows import moment
from ...usecase.export_package import ParityCase, Row
from ..parity import SPOILT, UNSEEN

if TYPE_CHECKING:
    import pandas as pd

    from ...bundle.predictor import Predictor
    from ..settings import TabularConfig


def questions(model: Predictor, config: TabularConfig, rows: int) -> list[ParityCase]:
    """One row; at least `rows` rows of the data, drawn with the seed; as many spoilt, and one with nothing in it.

    Where the data cannot be read here, the example of the contract takes their place.
    """
    columns = model.contract.inputs
    source, given = _sample(model, config, rows)
    whole = [given[at % len(given)] for at in range(max(rows, len(given)))]
    draw = random.Random(config.seed)
    spoilt = [{column.name: _spoilt(row[column.name], column, draw) for column in columns} for row in whole]
    empty: Row = {column.name: None for column in columns}
    options = moment.option(None, model.contract)  # the same for all who are asked
    return [
        ParityCase(whole[:1], source, options),
        ParityCase(whole, source, options),
        ParityCase([*spoilt, empty], source, options, spoilt=True),
    ]


def answers(model: Predictor, question: ParityCase) -> list[Row]:
    """What the predictor answers, as rows of Python's own values."""
    rows = question.rows
    columns = {column.name: [row.get(column.name) for row in rows] for column in model.contract.inputs}
    found = {name: values.tolist() for name, values in model.predict(columns, **question.options).items()}
    return [dict(zip(found, cells, strict=True)) for cells in zip(*found.values(), strict=True)]


def _sample(model: Predictor, config: TabularConfig, rows: int) -> tuple[str, list[Row]]:
    """Where rows are from, and the rows as JSON would hold them: of the data that the model learnt from, else of
    `data.path`, else the contract's example where both are gone or no longer fit."""
    from ... import contract
    from ...rows import reading as data

    inputs = model.contract.inputs
    for path in dict.fromkeys((model.contract.source or config.data.path, config.data.path)):
        try:
            frame = data.read_rows(path, config.data, config.root)
            chosen = frame.sample(min(rows, len(frame)), random_state=config.seed)
            typed = contract.conform(chosen[[column.name for column in inputs]], model.contract)
        except (InputError, KeyError):
            continue
        columns = {column.name: _plain(typed[column.name], column) for column in inputs}
        return path, [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    example = model.example()
    cells = zip(*example.values(), strict=True)
    return "the contract's example", [dict(zip(example, row, strict=True)) for row in cells]


def _plain(cells: pd.Series, column: Column) -> list[Any]:
    if column.type == "datetime":
        return list(moments.formatted(cells.to_numpy(), column.format, column.zone))
    if column.type == "boolean":
        return [None if cell != cell else bool(cell) for cell in cells.tolist()]
    return [None if cell is None or cell != cell else cell for cell in cells.tolist()]


def _spoilt(cell: Any, column: Column, draw: random.Random) -> Any:
    """A cell that may be missing now, unseen where it is a category, or written as text where it is a number."""
    luck = draw.random()
    if luck < SPOILT:
        return draw.choice((None, "", " ", "NA", float("nan")) if column.type in ("number", "integer") else (None, " "))
    if luck > 1 - SPOILT:
        if column.type in ("category", "text"):
            return UNSEEN
        if column.type in ("number", "integer") and cell is not None:
            near = cell + 1 if column.type == "integer" else np.nextafter(np.float32(cell), np.float32(np.inf)).item()
            return draw.choice((f" {cell!r}", near, -3 * cell))
    return cell
