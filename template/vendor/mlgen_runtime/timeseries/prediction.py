"""Forecasts of every series into a file, through the predictor, from the kept history and whatever is newer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..core.errors import InputError, nearest
from ..data import output
from ..usecase import registry
from ..usecase.loading import load_champion
from . import answers as answer
from .inference import forecaster

if TYPE_CHECKING:
    import numpy as np

    from ..bundle.predictor import Predictor
    from .settings import TimeseriesConfig


#: The checks that newer rows must pass.
CELLS = ("column_types", "far_moments", "missing_times", "mixed_zones", "duplicate_stamps", "off_grid")


def score_file(config: TimeseriesConfig) -> output.Scored:
    """Forecast every series with the champion (or `config.version`) and write the rows to `config.output`.

    `config.input` holds newer history, covariates of the steps to come, or both; without it the kept history is all.
    Raises InputError where a setting, a column or a cell is wrong; no output is written then.
    """
    import pandas as pd

    if config.output is not None:
        output.known(config.output)
    model = load_champion(config)
    if config.explain:
        model = model.asked("explain", explain=True)
    columns = {} if config.input is None else newer(model, config)
    found = dict(forecaster(model).predict(columns, every=True))
    until = found.pop(answer.UNTIL)
    time = model.contract.with_role("time")[0]
    table = pd.DataFrame(found)
    if str(config.output).endswith(".parquet"):
        stamps = table[time.name].astype("datetime64[us]")
        table[time.name] = stamps if time.zone is None else stamps.dt.tz_localize("UTC").dt.tz_convert(time.zone)
    else:
        table[time.name] = answer.written(model.contract, found[time.name])
    output.deliver(table, config)
    predictions = found["prediction"]
    summary = {
        "min": float(predictions.min()),
        "mean": float(predictions.mean()),
        "max": float(predictions.max()),
        answer.UNTIL: answer.written(model.contract, until[until.argmin()][None])[0],
    }
    return output.Scored(len(table), model.version, str(model.card.get("model", "model")), list(table.columns), summary)


def newer(model: Predictor, config: TimeseriesConfig) -> dict[str, np.ndarray]:
    """The columns of the input file that the contract knows, conformed. Raises InputError naming column or cell."""
    from .. import contract
    from ..contract.checks import examine, view
    from . import reading as data

    assert config.input is not None
    frame = data.read_rows(config.input, config.data, config.root, "input")
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
    checks = registry.of(config).checks  # newer rows are no whole history: only cells and moments are looked at
    seen = view(frame[kept], narrowed, config.contract, checks, labelled=target.name in kept)
    problems = examine(seen, {name: checks[name] for name in checks if name in CELLS})
    contract.refuse(problems)
    typed = contract.conform(frame[kept], dataclasses.replace(narrowed, columns=tuple(known)))
    return {name: typed[name].to_numpy() for name in kept}
