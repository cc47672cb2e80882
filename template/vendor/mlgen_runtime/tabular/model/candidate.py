"""A fitted model with everything that production needs to use it: preprocessing, link, interval, rounding.

preprocessing.json   how raw columns become the matrix
model.onnx           the whole model, or the library's own file where ONNX is not exactly right
inference.json       which of the two, what its columns mean, how many decimals are printed, what scores many rows
bulk.onnx            with the library's files: only where the library is quicker with many rows (`bulk`)
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ...core.errors import InputError
from ...onnx.graph import Graph, Unsupported
from ...rows.training import Training
from ...usecase.parity import Parity
from .. import link as links
from ..onnx_export import build
from ..preprocessing import Preprocessing
from . import engines as bulk
from .interval import Offsets

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[Any]

#: Probabilities are printed with this many decimals, values with about as many digits relative to their spread.
DIGITS = 6


class NoSafeFormat(Exception):
    """A model that can be served by its ONNX graph only: its own format is none that is safe to load."""


class Scorer(Protocol):
    """What computes margins: trees, a weighted sum of trees, a linear model, a constant."""

    @property
    def format(self) -> str:
        """The name of its own file format."""

    @property
    def native(self) -> Any:
        """The library's booster, or None."""

    def margins(self, matrix: Array) -> Array:
        """Margins [n, 1 or k] of an encoded matrix [n, features]."""

    def graph(self, graph: Graph, inputs: str) -> str:
        """Add its nodes to an ONNX graph; raises Unsupported."""

    def importance(self) -> Array | None:
        """A figure >= 0 for each feature, or None."""

    def lend(self) -> Scorer | None:
        """The same model without the members that its library can compute as exactly; None where there are none."""

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Write its own safe files, or those of what it lent; return one entry for each, for `inference_native`."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The Candidate of every model and baseline; see `training.Candidate` for what the methods promise."""

    name: str
    preprocessing: Preprocessing
    scorer: Scorer
    link: str
    classes: int
    interval: Offsets | None
    decimals: int
    record: dict[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    held_out: Array | None = None
    judging: tuple[tuple[Preprocessing, Callable[[], Scorer]], ...] = ()

    @property
    def native(self) -> Any:
        """The library's own booster, or None where the model is not one booster."""
        return self.scorer.native

    def scores(self, frame: pd.DataFrame) -> Array:
        """Values [n], or probabilities [n, k], of conformed rows."""
        return links.scores(self.scorer.margins(self.preprocessing.frame(frame)), self.link)

    def judges(self) -> tuple[Fitted, ...]:
        """The fits that answered the rows of each part; the model itself where there are no parts."""
        made = (replace(self, preprocessing=each, scorer=judge(), judging=()) for each, judge in self.judging)
        return tuple(made) or (self,)

    def importance(self) -> dict[str, float]:
        """What each feature contributes, as shares that sum to 1, the largest first."""
        shares = self.scorer.importance()
        if shares is None or not shares.sum():
            return {}
        named = zip(self.preprocessing.features, (shares / shares.sum()).tolist(), strict=True)
        return dict(sorted(named, key=lambda item: -item[1]))

    def parameters(self) -> dict[str, object]:
        """Settings and findings (such as the number of trees) for the run's record."""
        return {"link": self.link, **self.record}

    def outputs(self, matrix: Array) -> Array:
        """What the bundle's model computes, by the fitted model itself: [n, width] in the order of ONNX's `scores`."""
        return links.outputs(self.scorer.margins(matrix), self.link, self.interval)

    def write(self, folder: Path, sample: pd.DataFrame, tolerance: float) -> Parity:
        """Write the files that the module's docstring names, after comparing the ONNX graph with the fitted model."""
        from .. import parity as comparison

        rows = comparison.probes(sample, self.preprocessing)
        parity, graph = self._compare(rows, tolerance)
        parts: list[dict[str, Any]] = []
        if graph is not None:
            (folder / "model.onnx").write_bytes(graph)
        else:
            parts = self._own_files(folder, parity)
        _write_json(folder / "preprocessing.json", self.preprocessing.to_dict())
        entries = {
            "format": "onnx" if graph is not None else "native",
            "link": self.link,
            "interval": list(self.interval) if self.interval else None,
            "decimals": self.decimals,
            "parts": parts,
        }
        lent = self.scorer.lend() if graph is not None else None
        if graph is not None and lent is not None:
            real, spoilt = rows[: len(sample)], rows[len(sample) :]
            found, entries["bulk"] = bulk.choose(folder, self._graph(lent), lent.write(folder), real, spoilt)
            parity = replace(parity, bulk=found)
        _write_json(folder / "inference.json", entries)
        return parity

    def explain(self, folder: Path, sample: pd.DataFrame) -> None:
        """Write what explains the model's predictions, or why nothing does."""
        from ..explanation import writing

        writing.write(folder, self.scorer, self.preprocessing, self.preprocessing.frame(sample))

    def _own_files(self, folder: Path, parity: Parity) -> list[dict[str, Any]]:
        """The library's own files. Raises InputError with the figure where it has no safe ones."""
        try:
            return self.scorer.write(folder)
        except NoSafeFormat:
            raise InputError(
                f"model={self.name} cannot be served: {parity.reason}, and its own format is a pickle, which is never "
                "loaded; choose another estimator, or raise bundle.onnx_tolerance if such a difference does not matter"
            ) from None

    def _graph(self, scorer: Scorer) -> bytes:
        """The serialised graph from features to scores; raises Unsupported."""
        return build(scorer, len(self.preprocessing.features), self.link, self.classes, self.interval)

    def _compare(self, matrix: Array, tolerance: float) -> tuple[Parity, bytes | None]:
        """Return the graph where it is exact enough on encoded rows; otherwise none, and the reason."""
        from .. import parity

        try:
            graph = self._graph(self.scorer)
        except Unsupported as reason:
            why = f"ONNX cannot express {reason}"
            return Parity(format=self.scorer.format, largest=math.inf, rows=0, reason=why), None
        largest = parity.largest(self.outputs(matrix), parity.run(graph, matrix), self.classes)
        if not largest <= tolerance:
            why = f"the ONNX model differs by {largest:.2g}, which is more than {tolerance:.2g}"
            return Parity(format=self.scorer.format, largest=largest, rows=len(matrix), reason=why), None
        return Parity(format="onnx", largest=largest, rows=len(matrix)), graph


def decimals(training: Training) -> int:
    """How many decimals of the scores are worth printing: six digits of the target's spread."""
    if training.classes:
        return DIGITS
    spread = float(np.std(training.target))
    return min(12, max(0, DIGITS - 1 - math.floor(math.log10(spread)))) if spread > 0 else DIGITS


def _write_json(path: Path, entries: dict[str, Any]) -> None:
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf8")
