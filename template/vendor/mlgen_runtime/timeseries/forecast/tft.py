"""The temporal fusion transformer as it serves: its graph in ONNX Runtime, scaling and calendars in numpy.

files: tft.onnx, and tft.safetensors for those who want the network itself
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...onnx.session import session
from ..panel import Panel
from .tft_inputs import Layout

Array = npt.NDArray[Any]
#: (reals, codes) as in `tft_inputs` → quantiles [n, horizon, levels], scaled.
Scorer = Callable[[Array, Array], Array]

#: Windows that go through the network together: a bound on memory, some 100 MB.
CHUNK = 128


@dataclass(frozen=True)
class Transformer:
    """A fitted network, called through `score`; `levels` are its quantiles', ascending, 0.5 among them."""

    layout: Layout
    levels: tuple[float, ...]
    score: Scorer

    @property
    def needs(self) -> int:
        """How many of the newest steps it reads."""
        return self.layout.encoder

    def points(self, panel: Panel, horizon: int) -> Array:
        """Medians [s, horizon]; a row of NaN for a series with too short a history."""
        middle: Array = self.quantiles(panel, horizon)[:, :, self.levels.index(0.5)]
        return middle

    def quantiles(self, panel: Panel, horizon: int) -> Array:
        """Quantiles [s, horizon, levels], ascending; NaN for a series with too short a history.

        `horizon` is at most the trained one.
        """
        found = np.full((panel.series, horizon, len(self.levels)), np.nan)
        usable = np.flatnonzero(self.usable(panel))
        for start in range(0, len(usable), CHUNK):
            rows = usable[start : start + CHUNK]
            part = panel.only(rows).tail(self.layout.encoder)
            windows = self.layout.windows(part, np.arange(len(rows)), np.full(len(rows), part.steps - 1))
            scaled = self.score(windows.reals, windows.codes).astype(np.float64)
            found[rows] = np.sort(windows.restore(scaled), axis=2)[:, :horizon]
        return found

    def usable(self, panel: Panel) -> Array:
        """Whether [s] each series has history enough, and any of it within the newest steps."""
        recent = ~np.isnan(panel.target[:, -self.layout.encoder :])
        return (panel.lengths() >= self.layout.shortest) & recent.any(axis=1)


def load(folder: Path, entry: Mapping[str, Any]) -> Transformer:
    """Load what `entry` of inference.json describes."""
    layout = Layout.read(entry["layout"])
    score = onnx_scorer(folder / "tft.onnx") if entry["format"] == "onnx" else _torch_scorer(folder, entry, layout)
    return Transformer(layout, tuple(entry["levels"]), score)


def onnx_scorer(model: bytes | Path) -> Scorer:
    """The graph of a file or its bytes, as a function."""
    running = session(model)

    def score(reals: Array, codes: Array) -> Array:
        feeds = {"reals": reals, "codes": codes}
        quantiles: Array = running.run(["quantiles"], {x.name: feeds[x.name] for x in running.get_inputs()})[0]
        return quantiles

    return score


def _torch_scorer(folder: Path, entry: Mapping[str, Any], layout: Layout) -> Scorer:
    """The network itself, for a bundle whose graph was not its equal: then alone torch is needed to serve."""
    from ..model.tft_network import network, read, scorer

    return scorer(read(network(layout, entry["shape"], len(entry["levels"])), folder / "tft.safetensors"))
