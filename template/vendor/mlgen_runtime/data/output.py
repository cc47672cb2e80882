"""A table of answers, written to a file or printed: readers see the whole of it or nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import moments, zones
from ..core.atomic import replacing
from ..core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from ..config.run import RunConfig

#: Endings of an output file that are known.
ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl")


@dataclass(frozen=True)
class Scored:
    """What was written: how many rows, by which version of which model, the columns, a summary of the predictions, and
    what is to be told of the rows."""

    rows: int
    version: str
    model: str
    columns: list[str]
    summary: dict[str, Any]
    notes: tuple[str, ...] = ()


def known(output: str) -> None:
    """Raise InputError for an ending of an unknown format."""
    ending = Path(output).suffix
    if ending not in ENDINGS:
        raise InputError(f"output: {output!r} has the ending {ending!r}; expected one of {', '.join(ENDINGS)}")


def deliver(table: pd.DataFrame, config: RunConfig) -> None:
    """Write the table to `output=`, or print it as CSV where none is given."""
    if config.output is None:
        _dated(table).to_csv(sys.stdout, index=False, lineterminator="\n")
    else:
        write(table, config.root / config.output)


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a table in the format of the path's ending; readers see the whole file or none."""
    with replacing(path) as temporary:
        if path.suffix == ".parquet":
            table.to_parquet(temporary, index=False)
        elif path.suffix == ".jsonl":
            _dated(table).to_json(temporary, orient="records", lines=True, force_ascii=False, double_precision=15)
        else:
            separator = "\t" if path.suffix == ".tsv" else ","
            _dated(table).to_csv(temporary, index=False, sep=separator, lineterminator="\n")


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """The table with moments as text in ISO 8601, with the offset where they have a zone; days alone where all are."""
    import numpy as np
    import pandas as pd

    found = table.copy(deep=False)
    for name in table.columns:
        cells = table[name]
        if pd.api.types.is_datetime64_any_dtype(cells.dtype):
            zone = None if cells.dt.tz is None else zones.normal(str(cells.dt.tz).removeprefix("UTC") or "UTC")
            times = cells.to_numpy(dtype="datetime64[ns]")
            days = bool((times == times.astype("M8[D]"))[~np.isnat(times)].all())
            found[name] = [None if text == "NaT" else text for text in moments.written(times, zone, days)]
    return found
