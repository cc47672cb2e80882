"""Counts what comes in and goes out of a service, in the bins of the training data, for Prometheus.

    feature_values_total{bin="1..6",feature="tenure"} 402         values by bin; `missing` and `unseen` are bins, too
    feature_psi{feature="tenure"} 0.031                           how far the last log.psi_minutes are from training
    prediction_psi 0.012                                          the same of what was predicted

In the path of a request only references to its values are kept; every so many rows they are counted together. With
several processes the index is that of all of their counts.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..log.bins import PREDICTION, Bins
from ..log.settings import LogSettings, from_environment
from ..monitor import chance
from . import Answered, Labels, Observer, Place, Sample

if TYPE_CHECKING:
    from ..predictor import Predictor

#: Rows that are counted together: enough to make the overhead small, few enough for nobody to notice the pause.
FOLD = 200
#: Rows of one request that are counted at most: of more, every second, third, … is.
MOST = 1_000
#: Parts of the stretch that is looked back on; the oldest is let go of as a new one begins.
PARTS = 6
#: Values that an index takes at least.
ENOUGH = 200
#: Counts of the last stretch; they are for the sums over processes only.
RECENT = "_feature_recent"


def observe(where: Place) -> Observer | None:
    """Count what a service answers, where that is not turned off."""
    settings = from_environment(where.environment)
    return Counters(settings, where.model) if settings.counters and where.source == "rest" else None


class Counters(Observer):
    """The counts of one process."""

    def __init__(self, settings: LogSettings, model: Predictor) -> None:
        self.part = settings.psi_minutes * 60 / PARTS
        self.swapped(model)

    def predicted(self, answered: Answered) -> None:
        """Remember the values of a request until there are enough of them to count."""
        self._requests.append(answered.columns)
        self._predictions.append(answered.predictions)
        self._rows += len(answered.predictions)
        if self._rows >= FOLD:
            self._fold()

    def swapped(self, model: Predictor) -> None:
        """Another model has other bins: count anew."""
        path = model.folder / "reference.json"
        reference = json.loads(path.read_text("utf8")) if path.exists() else {}
        self.version = model.version
        self.bins = Bins(reference, model.contract)
        self.recent: dict[int, dict[str, Any]] = {}
        self._requests: list[Mapping[str, Sequence[Any]]] = []
        self._predictions: list[Sequence[Any]] = []
        self._rows = 0

    def samples(self) -> Iterable[Sample]:
        """The counts so far, and those of the last stretch."""
        self._fold()
        text = "Values of each input, by bin of the training data."
        for name, counts in self.bins.totals.items():
            if name != PREDICTION:
                for bin, count in zip(self.bins.columns[name].names, counts.tolist(), strict=True):
                    yield Sample("feature_values_total", "counter", text, count, (("bin", bin), ("feature", name)))
        for name, counts in self._stretch().items():
            for place, count in enumerate(counts.tolist()):
                yield Sample(RECENT, "gauge", "", count, _labels(name, place, self.version))

    def derived(self, summed: Mapping[tuple[str, Labels], float]) -> Iterable[Sample]:
        """The index of each input and of the predictions, where there are enough values."""
        text = "PSI of {} over the last log.psi_minutes against the training data: 0 is no drift, beyond 0.2 is much."
        for name, column in self.bins.columns.items():
            if column.moments:  # time goes on: that is no drift
                continue
            places = range(len(column.names))
            counts = [summed.get((RECENT, _labels(name, place, self.version)), 0.0) for place in places]
            if sum(counts) >= ENOUGH and sum(column.reference):
                value = chance.index(counts, column.reference, column.ordered)[0]
                if name == PREDICTION:
                    yield Sample("prediction_psi", "gauge", text.format("the predictions"), value)
                else:
                    yield Sample("feature_psi", "gauge", text.format("each input"), value, (("feature", name),))

    def _fold(self) -> None:
        """Count what was remembered."""
        if not self._rows:
            return
        requests, predictions = self._requests, list(itertools.chain.from_iterable(self._predictions))
        rows = self._rows
        self._requests, self._predictions, self._rows = [], [], 0
        if rows > MOST + FOLD:
            step = -(-rows // MOST)
            requests = [{name: values[::step] for name, values in columns.items()} for columns in requests]
            predictions = predictions[::step]
        fresh = self.bins.count(requests, predictions)
        place = int(time.time() / self.part)
        held = self.recent.get(place)
        if held is None:
            held = self.recent[place] = self.bins.zeros()
            self.recent = {key: counts for key, counts in self.recent.items() if key > place - PARTS}
        for name, counts in fresh.items():
            held[name] += counts

    def _stretch(self) -> dict[str, Any]:
        """The counts of the last stretch."""
        now = int(time.time() / self.part)
        found = self.bins.zeros()
        for place, held in self.recent.items():
            if place > now - PARTS:
                for name, counts in held.items():
                    found[name] += counts
        return found


def _labels(name: str, place: int, version: str) -> Labels:
    return (("bin", str(place)), ("feature", name), ("version", version))
