"""A file of rows in, a file of predictions out, through the predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core.cells import Keys
from ..core.errors import InputError, nearest
from ..data import output
from ..usecase.loading import load_champion
from . import inputs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
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
    if config.explain:
        model = model.asked("explain", explain=True)
    frame = data.read_rows(config.input, config.data, config.root, "input")
    notes: list[str] = []
    outputs = predict(model, frame, config.input, notes)
    table = _table(frame, _key(model, frame, config), outputs, config.input, model.contract)
    output.deliver(table, config)
    name = str(model.card.get("model", "model"))
    summary = _summary(outputs["prediction"])
    return output.Scored(len(table), model.version, name, list(table.columns), summary, tuple(notes))


def predict(
    model: Predictor, frame: pd.DataFrame, source: str, notes: list[str] | None = None
) -> dict[str, np.ndarray]:
    """Return the predictor's columns [n] for raw rows [n]; `notes` take what `batch` would put a row aside for.

    Raises InputError naming columns that are not there, or the first cell that cannot be read.
    """
    names = [column.name for column in model.contract.inputs]
    missing = [name for name in names if name not in frame.columns]
    if missing:
        have = nearest(missing[0], [str(name) for name in frame.columns]) if len(missing) == 1 else ""
        raise InputError(
            f"{source} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}{have}; "
            f"version {model.version} needs {', '.join(names)}"
        )
    columns, unreadable, lacking = inputs.read(model.contract, frame)
    if unreadable:
        row = min(unreadable)
        more = f" (and {len(unreadable) - 1:,} rows more)" if len(unreadable) > 1 else ""
        raise InputError(f"{source} row {row + 1}: {unreadable[row]}{more}; mend the source, or change the contract")
    if lacking and notes is not None:
        row = min(lacking)
        rows = "1 row lacks" if len(lacking) == 1 else f"{len(lacking):,} rows lack"
        notes.append(f"{rows} what the contract wants, such as row {row + 1}: {lacking[row]}; batch puts them aside")
    return model.predict(columns)


def _key(model: Predictor, frame: pd.DataFrame, config: RowsConfig) -> list[str]:
    """The columns that tell rows apart: those that are set, else what the contract calls an id, where it is there."""
    ids = [column.name for column in model.contract.with_role("id") if column.name in frame.columns]
    return config.data.key or ids


def _table(
    frame: pd.DataFrame, key: list[str], outputs: Mapping[str, np.ndarray], source: str, contract: Contract
) -> pd.DataFrame:
    """Key columns (or the row number, from 1), then the predictor's columns in their order."""
    import pandas as pd

    for name in key:
        if name not in frame.columns:
            names = [str(column) for column in frame.columns]
            raise InputError(
                f"data.key: {source} has no column {name!r}{nearest(name, names)}; it has {', '.join(names)}"
            )
    keys = pd.DataFrame({name: _exact(frame[name], contract) for name in key})
    if not key:
        keys = pd.DataFrame({"row": range(1, len(frame) + 1)})
    return pd.concat([keys, pd.DataFrame(dict(outputs))], axis=1)


def _exact(cells: pd.Series, contract: Contract) -> pd.Series:
    """A key as it stands; whole numbers of a text as such, where the contract says that they are."""
    import pandas as pd
    import pyarrow as pa

    whole = any(column.name == cells.name and column.type == "integer" for column in contract.with_role("id"))
    if not whole or not isinstance(cells.dtype, pd.StringDtype):
        return cells.reset_index(drop=True)
    try:
        return pd.Series(pa.array(cells).cast(pa.int64()).to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get))
    except pa.ArrowInvalid:  # with blanks around, or as a float writes it
        key = Keys("integer")
    texts = [None if cell is None or cell != cell else key.read(cell) for cell in cells]
    try:
        return pd.Series([None if text is None else int(text) for text in texts], dtype="Int64")
    except (ValueError, OverflowError):  # not all of them are, or one is longer than any database has them
        return cells.reset_index(drop=True)


def _summary(predictions: np.ndarray) -> dict[str, Any]:
    """Counts of the labels, or the least, mean and greatest value."""
    import numpy as np

    if predictions.dtype.kind == "f":
        return {"min": float(predictions.min()), "mean": float(predictions.mean()), "max": float(predictions.max())}
    labels, counts = np.unique(predictions.astype(str), return_counts=True)
    return {str(label): int(count) for label, count in zip(labels, counts, strict=True)}
