"""Does the ONNX graph compute what the fitted model computes? Asked of real rows, every time a bundle is written.

No exporter is right for every model, and a wrong one is silently wrong: so rows of the data, and the same rows with
missing and never seen values put in, go through both, and the largest relative difference decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..onnx.session import session
from .preprocessing import Preprocessing

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]

#: Share of the cells made missing, and of the category cells made unseen, in the copies of the rows.
SPOILT = 0.2
#: A level that no data has: a private-use character.
UNSEEN = "\ue000"
#: A smaller score is taken for the floor: a share of the spread of values, a probability.
VALUE_FLOOR, PROBABILITY_FLOOR = 1e-3, 1e-6


def probes(sample: pd.DataFrame, preprocessing: Preprocessing) -> Array:
    """Return encoded rows to compare on [2n + 1]: the sample, spoilt copies of it, and a row with nothing in it."""
    random = np.random.default_rng(0)
    rows = len(sample)
    spoilt: dict[str, Array] = {}
    for name, encoding in preprocessing.raw.items():
        values = sample[name].to_numpy()
        missing = np.datetime64("NaT") if values.dtype.kind == "M" else (np.nan if values.dtype.kind == "f" else None)
        draw = random.random(rows)
        changed = values.copy()
        changed[draw < SPOILT] = missing
        if encoding.kind == "category":
            changed[draw > 1 - SPOILT] = UNSEEN
        empty = np.full(1, missing, dtype=values.dtype)
        spoilt[name] = np.concatenate([values, changed, empty])
    return preprocessing.encode(spoilt, preprocessing.derivation.now)


def run(graph: bytes, matrix: Array) -> Array:
    """Return the graph's scores [n, width] of encoded rows."""
    scores: Array = session(graph).run(["scores"], {"features": matrix})[0]
    return scores


def largest(expected: Array, found: Array, classes: int) -> float:
    """The largest |expected - found| / max(|expected|, floor); infinite where one of them is no number."""
    if expected.shape != found.shape or not (np.isfinite(expected) == np.isfinite(found)).all():
        return float("inf")
    spread = float(np.std(expected[:, 0])) if len(expected) else 0.0
    floor = PROBABILITY_FLOOR if classes else max(VALUE_FLOOR * spread, np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore"):
        relative = np.abs(expected - found) / np.maximum(np.abs(expected), floor)
    return float(np.nanmax(relative, initial=0.0))
