"""Forecast with the model of this folder, by numpy and onnxruntime alone (requirements.txt).

    python reader.py > forecasts.csv                         every series, from the history in this folder
    python reader.py newer.csv --horizon 12 > forecasts.csv  with newer values, and covariates of the steps to come

    from reader import Model
    Model().predict([{"shop": "A"}], horizon=2)
    → [{"shop": "A", "day": "2024-03-01", "prediction": 41.0, "quantile_0.1": 33.5, …}, …]

A row without a moment asks for its series; one with a moment brings a newer value, or what is known of a step to come.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
if TYPE_CHECKING:
    from ...contract.schema import Contract
    from ...core.errors import InputError as Refused
    from .. import answers as answer
    from .. import inference
    from ..contract.vocabulary import VOCABULARY
else:
    sys.path.insert(0, str(HERE))
    answer, inference = (import_module(f"forecaster.timeseries.{name}") for name in ("answers", "inference"))
    Contract = import_module("forecaster.contract.schema").Contract
    VOCABULARY = import_module("forecaster.timeseries.contract.vocabulary").VOCABULARY
    Refused = import_module("forecaster.core.errors").InputError

Row = dict[str, Any]


class Model:
    """The forecaster of a folder. Safe to share between threads."""

    def __init__(self, folder: str | Path = HERE) -> None:
        where = Path(folder)
        self.contract = Contract.from_json(where / "contract.json", VOCABULARY)
        self._inference = inference.load(where, self.contract)

    def predict(
        self,
        rows: Sequence[Row] = (),
        horizon: int | None = None,
        quantiles: Sequence[float] | None = None,
        every: bool | None = None,
    ) -> list[Row]:
        """A row for each series and step: of the series that rows name, or of every one (where there are no rows).

        Raises Refused naming the series, the column or the option at fault.
        """
        names = dict.fromkeys(name for row in rows for name in row)
        lacking = [name for name in self._inference.needed if rows and name not in names]
        if lacking:
            raise Refused(f"the rows lack {', '.join(lacking)}; each row must name its series")
        columns = {name: [row.get(name) for row in rows] for name in names}
        found = self._inference.predict(columns, horizon, quantiles, every=not rows if every is None else every)
        forecasts: list[Row] = answer.plain(self.contract, found)["predictions"]
        return forecasts


def read(path: str) -> list[Row]:
    """The rows of a CSV file, its cells as they stand."""
    import csv

    with open(path, "rb") as raw:  # noqa: PTH123
        wide = raw.read(2) in (b"\xff\xfe", b"\xfe\xff")  # as Excel writes its Unicode text
    with open(path, encoding="utf-16" if wide else "utf-8-sig", newline="") as file:  # noqa: PTH123
        lines = None
        try:
            lines = _rows(path, file)
            names = [name.strip() for name in next(lines, [])]
            rows = [cells for cells in lines if cells]
        except csv.Error as error:
            at = 1 if lines is None else lines.line_num
            raise Refused(f"{path}, line {at}: {error}; mend its quotation marks") from None
        except UnicodeDecodeError as error:
            raise Refused(f"{path}: byte 0x{error.object[error.start]:02x} is not UTF-8; save it as that") from None
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(names):
            raise Refused(f"row {number} has {len(cells)} cells, the header {len(names)}; mend the row")
    return [dict(zip(names, cells)) for cells in rows]  # noqa: B905


def _rows(path: str, file: Any) -> Any:
    """The lines of a CSV file from its header on: blank ones before it, and Excel's `sep=;`, are passed over."""
    import csv

    first = next((line for line in file if line.strip()), "")
    named = re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE)
    if named:
        first = next((line for line in file if line.strip()), "")
    separator = named[1] if named else "\t" if ".tsv" in path.lower() else ","
    return csv.reader(chain([first], file), delimiter=separator, strict=True)


def main() -> None:
    """Print the forecasts as CSV."""
    import argparse
    import csv

    parser = argparse.ArgumentParser(description="Forecast every series; prints CSV.")
    parser.add_argument("newer", nargs="?", help="a CSV file with newer values, and covariates of the steps to come")
    parser.add_argument("--horizon", type=int, help="how many steps (default: as many as the model was trained for)")
    parser.add_argument("--quantiles", help="levels of the bands, such as 0.1,0.9")
    asked = parser.parse_args()
    model = Model()
    rows = read(asked.newer) if asked.newer else []
    levels = [float(level) for level in asked.quantiles.split(",")] if asked.quantiles else None
    forecasts = model.predict(rows, asked.horizon, levels, every=True)
    out = csv.DictWriter(sys.stdout, list(forecasts[0]), lineterminator="\n")
    out.writeheader()
    out.writerows(forecasts)


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
