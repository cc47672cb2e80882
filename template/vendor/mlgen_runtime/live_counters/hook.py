"""Counts what comes in and goes out of a service, in the bins of the training data, for Prometheus.

    feature_values_total{bin="1..6",feature="tenure"} 402         values by bin; `missing` and `unseen` are bins, too
    feature_psi{feature="tenure"} 0.031                           how far the last log.psi_minutes are from training
    prediction_psi 0.012                                          the same of what was predicted

Of more than a thousand requests a second, or rows in a request, the inputs of about a thousand are counted, evenly.
With several processes the index is that of all of their counts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..core import significance
from ..hooks import Answered, Labels, Observer, Place, Sample
from ..prediction_log.settings import LogSettings, from_environment
from .bins import PREDICTION, Bins

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig

#: Requests of a second that are counted, about: of more, every second, third, … is.
BUSY = 1_000
#: Parts of the time that is looked back on; the oldest is let go of as a new one begins.
PARTS = 6
#: Values that an index takes at least.
ENOUGH = 200
#: Counts of the last log.psi_minutes; they are for the sums over processes only.
RECENT = "_feature_recent"


def observe(where: Place) -> Observer | None:
    """Count what a service answers, where that is not turned off."""
    settings = from_environment(where.environment)
    return Counters(settings, where.model) if settings.counters and where.source == "rest" else None


def variables(config: RunConfig) -> dict[str, str]:
    """None: the settings are the log's, whose hook hands them over."""
    return {}


def check(environment: Mapping[str, str]) -> None:
    """Nothing: the settings are the log's, whose hook checks them."""


class Counters(Observer):
    """The counts of one process."""

    def __init__(self, settings: LogSettings, model: Predictor) -> None:
        self.part = settings.psi_minutes * 60 / PARTS
        self._second = self._seen = 0
        self._every = 1
        self.swapped(model)

    def predicted(self, answered: Answered) -> None:
        """Add the values of a request, unless there are so many that a part of them tells as much.

        One that was computed by the model before this one has that one's bins, and is not counted.
        """
        if answered.model.version != self.version:
            return
        self._seen += 1
        if int(answered.at) != self._second:
            self._second, self._every = int(answered.at), max(1, self._seen // BUSY)
            self._seen = 0
        if self._seen % self._every == 0 and self.bins.add(answered.columns, answered.counts):
            self._fold()

    def swapped(self, model: Predictor) -> None:
        """Another model has other bins: count anew."""
        path = model.folder / "reference.json"
        reference = json.loads(path.read_text("utf8")) if path.exists() else {}
        self.version = model.version
        self.bins = Bins(reference, model.contract)
        self.totals = self.bins.zeros()
        self.recent: dict[int, dict[str, Any]] = {}

    def samples(self) -> Iterable[Sample]:
        """The counts so far, and those of the last log.psi_minutes."""
        self._fold()
        text = "Values of each input that were counted, by bin of the training data."
        for name, counts in self.totals.items():
            if name != PREDICTION:
                for bin, count in zip(self.bins.columns[name].names, counts.tolist(), strict=True):
                    yield Sample("feature_values_total", "counter", text, count, (("bin", bin), ("feature", name)))
        for name, counts in self._recent_counts().items():
            for place, count in enumerate(counts.tolist()):
                yield Sample(RECENT, "gauge", "", count, _labels(name, place, self.version))

    def derived(self, summed: Mapping[tuple[str, Labels], float]) -> Iterable[Sample]:
        """The index of each input and of the predictions, where there are enough values."""
        text = "PSI of {} over the last log.psi_minutes against the training data: 0 is no drift, beyond 0.2 is much."
        for name, column in self.bins.columns.items():
            places = range(len(column.names))
            counts = [summed.get((RECENT, _labels(name, place, self.version)), 0.0) for place in places]
            if sum(counts) >= ENOUGH and sum(column.reference) > 0:
                psi = significance.stability_index(counts, column.reference, column.ordered)[0]
                if name == PREDICTION:
                    yield Sample("prediction_psi", "gauge", text.format("the predictions"), psi)
                else:
                    yield Sample("feature_psi", "gauge", text.format("each input"), psi, (("feature", name),))

    def _fold(self) -> None:
        """Find the bins of what was added."""
        fresh = self.bins.fold()
        place = int(time.time() / self.part)
        held = self.recent.get(place)
        if held is None:
            held = self.recent[place] = self.bins.zeros()
            self.recent = {key: counts for key, counts in self.recent.items() if key > place - PARTS}
        for name, counts in fresh.items():
            self.totals[name] += counts
            held[name] += counts

    def _recent_counts(self) -> dict[str, Any]:
        """The counts of the last log.psi_minutes."""
        now = int(time.time() / self.part)
        found = self.bins.zeros()
        for place, held in self.recent.items():
            if place > now - PARTS:
                for name, counts in held.items():
                    found[name] += counts
        return found


def _labels(name: str, place: int, version: str) -> Labels:
    return (("bin", str(place)), ("feature", name), ("version", version))
