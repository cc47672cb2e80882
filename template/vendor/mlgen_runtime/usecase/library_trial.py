"""Run by `library_parameters` as a process of its own, with nothing of this package: two trees with given parameters.

    python library_trial.py ROWS.npz < {"library": "LightGBM", "params": {…}, "categorical": [2]}

Exits with 0 where the library takes them. Else the last line that begins with MARK is why, as JSON; a library that ends
the process says it on the error output, if at all.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
import warnings
from typing import Any

MARK = "refused: "


def main(table: str) -> int:
    """Read, fit, answer."""
    import numpy as np

    asked = json.load(sys.stdin)
    with np.load(table) as held:
        rows, target = held["rows"], held["target"]
    try:
        fit = {"LightGBM": _lightgbm, "XGBoost": _xgboost}[asked["library"]]
        refused = fit(asked["params"], rows, target, asked["categorical"])
    except Exception as error:  # whatever it is, it is the answer
        refused = str(error) or type(error).__name__
    if refused:
        print(f"{MARK}{json.dumps(refused)}", flush=True)
    return 1 if refused else 0


def _lightgbm(params: dict[str, Any], rows: Any, target: Any, categorical: list[int]) -> str | None:
    lightgbm = importlib.import_module("lightgbm")  # by name: which of the two a project has depends on its use case
    learn = lightgbm.Dataset(rows, target, categorical_feature=categorical, params=params)
    lightgbm.train(params, learn, 2)
    return None


def _xgboost(params: dict[str, Any], rows: Any, target: Any, categorical: list[int]) -> str | None:
    xgboost = importlib.import_module("xgboost")
    kinds = ["c" if position in categorical else "q" for position in range(rows.shape[1])]
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        learn = xgboost.QuantileDMatrix(
            rows, target, feature_types=kinds, enable_categorical=True, max_bin=int(params.get("max_bin", 256))
        )
        xgboost.train({**params, "verbosity": 1, "validate_parameters": True}, learn, 2)
    unused = [
        found for entry in told for found in re.findall(r"Parameters: \{(.*?)\} are not used", str(entry.message))
    ]
    return f"{unused[0].strip()} has no effect with the other parameters" if unused else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
