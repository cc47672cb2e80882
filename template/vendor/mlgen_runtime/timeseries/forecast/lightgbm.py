"""Boosting on lags as it serves: rows in, trees through ONNX Runtime, forecasts out.

Steps are forecast directly, each from the newest history, so errors do not add up. Several forests, which correct
different starting points (`lags.BASES`), are averaged: where one base misleads, the others do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...onnx.session import session
from ..panel import Panel
from .lags import BASES, Sight

Array = npt.NDArray[Any]
#: Rows [n, features] to corrections [n, forests].
Score = Callable[[Array], Array]

#: Rows that are made and scored at once: enough to make numpy's overhead vanish, few enough for little memory.
CHUNK = 16_384


def load(folder: Path, entry: Mapping[str, Any]) -> Boosting:
    """Load the forecaster that `model.lightgbm` wrote; see `forecast.load`."""
    paths = [folder / name for name in entry["files"]]
    score = graph(paths[0]) if entry["format"] == "onnx" else _native(paths)
    return Boosting(Sight.from_dict(entry["sight"]), entry["bases"], score)


def graph(model: bytes | Path) -> Score:
    """The scores of the ONNX graph, serialised or in a file."""
    run = session(model).run

    def score(matrix: Array) -> Array:
        scores: Array = run(["scores"], {"rows": matrix})[0]
        return scores

    return score


class Boosting:
    """A `Part`; forests correct `bases`, one each."""

    def __init__(self, sight: Sight, bases: Sequence[str], score: Score) -> None:
        self.sight = sight
        self._bases = [BASES.index(base) for base in bases]
        self._score = score

    @property
    def needs(self) -> int:
        """How many of the newest steps of a history it reads."""
        return self.sight.needs

    def points(self, panel: Panel, horizon: int) -> Array:
        """Forecasts [s, horizon] of the steps after each series' end; a row of NaN where too few values are recent."""
        seen = self.sight.transformed(panel.tail(self.needs))
        at_once = max(1, CHUNK // horizon)
        found = np.full((panel.series, horizon), np.nan)
        for start in range(0, panel.series, at_once):
            chosen = np.arange(start, min(start + at_once, panel.series))
            found[chosen] = self._chunk(seen, chosen, horizon)
        return found

    def _chunk(self, panel: Panel, series: Array, horizon: int) -> Array:
        steps = np.broadcast_to(np.arange(1, horizon + 1), (len(series), horizon))
        rows = self.sight.rows(panel, series, np.full(len(series), panel.steps - 1), steps)
        corrections = self._score(rows.matrix).reshape(len(series), horizon, -1)
        scaled = corrections[:, :, 0] + rows.bases[:, :, self._bases[0]]
        for forest, base in enumerate(self._bases[1:], start=1):
            scaled = scaled + (corrections[:, :, forest] + rows.bases[:, :, base])
        return self.sight.values(scaled / len(self._bases) * rows.scale[:, None] + rows.level[:, None])


def _native(paths: Sequence[Path]) -> Score:
    """LightGBM itself, where the bundle says that ONNX was not exact."""
    import lightgbm

    boosters = [lightgbm.Booster(model_str=path.read_text("utf8")) for path in paths]

    def score(matrix: Array) -> Array:
        return np.stack([booster.predict(matrix, raw_score=True, num_threads=1) for booster in boosters], axis=1)

    return score
