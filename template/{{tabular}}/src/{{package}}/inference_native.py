"""Scoring with the libraries' own safe files: only for bundles whose ONNX graph was not exact, or could not be made.

Each call uses one thread; `inference` makes several calls at once for many rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import link as links
from .linear import Linear

Array = npt.NDArray[Any]
Margins = Callable[[Array], Array]


def load(folder: Path, entries: Mapping[str, Any]) -> Callable[[Array], Array]:
    """Return the function from encoded rows [n, features] to scores [n, width], as the ONNX model would be.

    `entries` is inference.json: its `parts` name a kind, a file and a weight each.
    """
    parts = [(part["weight"], _READERS[part["kind"]](folder / part["file"])) for part in entries["parts"]]
    link, interval = entries["link"], entries["interval"]

    def score(matrix: Array) -> Array:
        return links.outputs(np.sum([weight * margins(matrix) for weight, margins in parts], axis=0), link, interval)

    return score


def _lightgbm(path: Path) -> Margins:
    import lightgbm

    booster = lightgbm.Booster(model_str=path.read_text("utf8"))

    def margins(matrix: Array) -> Array:
        raw = booster.predict(matrix, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    return margins


def _xgboost(path: Path) -> Margins:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    booster.set_param({"nthread": 1})
    kinds = booster.feature_types

    def margins(matrix: Array) -> Array:
        rows = xgboost.DMatrix(matrix, feature_types=kinds, enable_categorical=True, nthread=1)
        raw = booster.predict(rows, output_margin=True)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    return margins


def _linear(path: Path) -> Margins:
    return Linear.from_dict(json.loads(path.read_text("utf8"))).margins


_READERS: dict[str, Callable[[Path], Margins]] = {"lightgbm": _lightgbm, "xgboost": _xgboost, "linear": _linear}
