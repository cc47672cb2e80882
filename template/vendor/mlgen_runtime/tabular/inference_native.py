"""Scoring with the libraries' own safe files: where ONNX was not exact, and where it is slower with many rows.

Each call uses one thread; who has many rows makes several calls at once.

    bulk(folder, {"graph": "bulk.onnx", "parts": [{"kind": "xgboost", "file": "model.ubj.gz", "input": "margins_0"}]})
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..onnx.session import session
from . import link as links
from .linear import Linear

Array = npt.NDArray[Any]
Margins = Callable[[Array], Array]

# Threads of OpenMP that wait would spin; the libraries read it when they load.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def load(folder: Path, entries: Mapping[str, Any]) -> Callable[[Array], Array]:
    """Return the function from encoded rows [n, features] to scores [n, width], as the ONNX model would be.

    `entries` is inference.json: its `parts` name a kind, a file and a weight each.
    """
    parts = [(part["weight"], _margins(folder, part)) for part in entries["parts"]]
    link, interval = entries["link"], entries["interval"]

    def score(matrix: Array) -> Array:
        return links.outputs(np.sum([weight * margins(matrix) for weight, margins in parts], axis=0), link, interval)

    return score


def bulk(folder: Path, entries: Mapping[str, Any]) -> Callable[[Array], Array]:
    """Return the function from encoded rows [n, features] to the scores [n, width] of the ONNX model, bit for bit.

    The libraries compute margins, which are inputs of a `graph` with what is left of the model: it has the very nodes
    that the whole model has. `entries` is what inference.json says of bulk. Raises ImportError where a library is not
    installed.
    """
    parts = [(part["input"], _margins(folder, part)) for part in entries["parts"]]
    rest = session(folder / entries["graph"])
    rows = any(entry.name == "features" for entry in rest.get_inputs())

    def score(matrix: Array) -> Array:
        given = {name: margins(matrix) for name, margins in parts}
        scores: Array = rest.run(["scores"], given | ({"features": matrix} if rows else {}))[0]
        return scores

    return score


def _margins(folder: Path, part: Mapping[str, Any]) -> Margins:
    """The margins [n, 1 or k] of one part, as doubles."""
    content = (folder / part["file"]).read_bytes()
    return _READERS[part["kind"]](gzip.decompress(content) if part["file"].endswith(".gz") else content)


def _lightgbm(content: bytes) -> Margins:
    import lightgbm

    booster = lightgbm.Booster(model_str=content.decode("utf8"))

    def margins(matrix: Array) -> Array:
        raw = booster.predict(matrix, raw_score=True, num_threads=1)
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    return margins


def _xgboost(content: bytes) -> Margins:
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(content))
    booster.set_param({"nthread": 1})

    def margins(matrix: Array) -> Array:
        raw = booster.inplace_predict(matrix, predict_type="margin")
        return np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)

    return margins


def _linear(content: bytes) -> Margins:
    return Linear.from_dict(json.loads(content)).margins


_READERS: dict[str, Callable[[bytes], Margins]] = {"lightgbm": _lightgbm, "xgboost": _xgboost, "linear": _linear}
