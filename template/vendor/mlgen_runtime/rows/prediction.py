"""A file of rows in, a file of predictions out, through the predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import InputError, nearest
from ..data import output
from ..usecase.loading import load_champion
from . import evaluation as evaluate

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from .settings import RowsConfig


def score_file(config: RowsConfig) -> output.Scored:
    """Predict the rows of `config.input` with the champion (or `config.version`) and write them to `config.output`.

    Raises InputError where a setting, a column or a cell is wrong; no output is written then.
    """
    from . import reading as data

    if config.input is None:
        raise InputError("input is not set; name a file with the rows to predict, for example `predict input=rows.csv`")
    if config.output is not None:
        output.known(config.output)
    model = load_champion(config)
    frame = data.read_rows(config.input, config.data, config.root)
    outputs = predict(model, frame, config.input)
    table = _table(frame, config.data.key, outputs, config.input)
    output.deliver(table, config)
    name = str(model.card.get("model", "model"))
    return output.Scored(len(table), model.version, name, list(table.columns), _summary(outputs["prediction"]))


def predict(model: Predictor, frame: pd.DataFrame, source: str) -> dict[str, np.ndarray]:
    """Return the predictor's columns [n] for raw rows [n]. Raises InputError naming columns, or the bad cell."""
    from .. import contract

    names = [column.name for column in model.contract.inputs]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        have = nearest(missing[0], [str(name) for name in frame.columns]) if len(missing) == 1 else ""
        raise InputError(
            f"{source} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}{have}; "
            f"version {model.version} needs {', '.join(names)}"
        )
    return model.predict(evaluate.rows(contract.conform(frame[names], model.contract), model.contract))


def _table(frame: pd.DataFrame, key: list[str], outputs: Mapping[str, np.ndarray], source: str) -> pd.DataFrame:
    """Key columns (or the row number, from 1), then the predictor's columns in their order."""
    import pandas as pd

    for name in key:
        if name not in frame.columns:
            names = [str(column) for column in frame.columns]
            raise InputError(
                f"data.key: {source} has no column {name!r}{nearest(name, names)}; it has {', '.join(names)}"
            )
    keys = frame[key].reset_index(drop=True) if key else pd.DataFrame({"row": range(1, len(frame) + 1)})
    return pd.concat([keys, pd.DataFrame(dict(outputs))], axis=1)


def _summary(predictions: np.ndarray) -> dict[str, Any]:
    """Counts of the labels, or the least, mean and greatest value."""
    import numpy as np

    if predictions.dtype.kind == "f":
        return {"min": float(predictions.min()), "mean": float(predictions.mean()), "max": float(predictions.max())}
    labels, counts = np.unique(predictions.astype(str), return_counts=True)
    return {str(label): int(count) for label, count in zip(labels, counts, strict=True)}
