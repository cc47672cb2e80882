"""Forecasts of every series into a file, through the predictor, from the kept history and whatever is newer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, cast

from . import answer, champion, output
from .errors import InputError, nearest

if TYPE_CHECKING:
    import numpy as np

    from .config import ContractSettings, RunConfig
    from .predictor import Predictor


#: The checks that newer rows must pass.
CELLS = ("column_types", "missing_times", "mixed_zones", "duplicate_stamps", "off_grid")


def score_file(config: RunConfig) -> output.Scored:
    """Forecast every series with the champion (or `config.version`) and write the rows to `config.output`.

    `config.input` holds newer history, covariates of the steps to come, or both; without it the kept history is all.
    Raises InputError where a setting, a column or a cell is wrong; no output is written then.
    """
    import pandas as pd

    if config.output is not None:
        output.known(config.output)
    model = champion.serving(config)
    columns = {} if config.input is None else newer(model, config)
    found = dict(model.inference.predict(columns, every=True))
    until = found.pop(answer.UNTIL)
    table = pd.DataFrame(found)
    output.deliver(table, config)
    predictions = found["prediction"]
    summary = {
        "min": float(predictions.min()),
        "mean": float(predictions.mean()),
        "max": float(predictions.max()),
        answer.UNTIL: answer.written(until[until.argmin()][None])[0],
    }
    return output.Scored(len(table), model.version, str(model.card.get("model", "model")), list(table.columns), summary)


def newer(model: Predictor, config: RunConfig) -> dict[str, np.ndarray]:
    """The columns of the input file that the contract knows, conformed. Raises InputError naming column or cell."""
    from . import contract, data

    assert config.input is not None
    frame = data.read_rows(config.input, config.data, config.root)
    known = [column for column in model.contract.inputs if column.name in frame.columns]
    for column in model.contract.with_role("series", "time"):
        if column not in known:
            names = [str(name) for name in frame.columns]
            raise InputError(
                f"{config.input} lacks the column {column.name}{nearest(column.name, names)}; it has {', '.join(names)}"
            )
    kept = [column.name for column in known]
    target = model.contract.target
    asked = tuple(column for column in model.contract.columns if column in known or column is target)
    narrowed = dataclasses.replace(model.contract, columns=asked)
    problems = contract.check(frame[kept], narrowed, _alone(config.contract), labelled=target.name in kept)
    contract.refuse(problems)
    typed = contract.conform(frame[kept], dataclasses.replace(narrowed, columns=tuple(known)))
    return {name: typed[name].to_numpy() for name in kept}


def _alone(settings: ContractSettings) -> ContractSettings:
    """The settings under which only cells and moments are looked at: newer rows are no whole history."""
    from .contract.checks import CHECKS

    grades = {name: settings.severity.get(name, "warning") if name in CELLS else "off" for name in CHECKS}
    return dataclasses.replace(settings, severity=cast("Any", grades))
