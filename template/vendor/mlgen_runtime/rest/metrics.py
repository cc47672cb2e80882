"""Counters in the Prometheus text format, cheap enough for every request (a dict entry, not an object with a lock).

All changes happen on the event loop's thread, so nothing here locks. With several workers each process keeps a copy of
its numbers in a shared folder, once a second and at its end; any of them then answers `/metrics` with the sums.

    http_requests_total{method="POST",path="/predict",status="200"} 1024
    model_predictions_total{prediction="Yes",version="7"} 260
"""

from __future__ import annotations

import bisect
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bundle.histogram import NumberBins
from ..contract.schema import Contract
from ..core import atomic
from ..hooks import Labels, Observer

#: Upper bounds of the latency histogram, in seconds: half a millisecond is usual here, ten seconds is a fault.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

HELP = {
    "http_requests_total": ("counter", "Requests answered, by method, path and status."),
    "http_errors_total": ("counter", "Requests answered with a status of 400 or more, by path and status."),
    "http_request_seconds": ("histogram", "Time from the request's headers to the end of the answer, by path."),
    "http_requests_in_flight": ("gauge", "Requests being answered now."),
    "http_connections": ("gauge", "Open connections."),
    "http_connections_closed_total": ("counter", "Connections closed by a limit: header, body, stalled, evicted."),
    "model_predictions_total": ("counter", "Predictions made, by model version and by class or bin of the value."),
    "model_reloads_total": ("counter", "Moves of the champion that were followed (ok) or could not be (failed)."),
    "model_reload_failing": ("gauge", "1 while the champion cannot be loaded and the previous one goes on serving."),
    "model_info": ("gauge", "1 for the version being served."),
    "outcomes_total": ("counter", "Outcomes received: stored, or lost where the log could not be written."),
    "observer_errors_total": ("counter", "Times that an observer of predictions failed: a bug."),
    "log_lines_dropped_total": ("counter", "Log lines that could not be written."),
    "process_resident_memory_bytes": ("gauge", "Resident memory of the process."),
    "process_cpu_seconds_total": ("counter", "Processor time used."),
}


class Metrics:
    """The numbers of one process."""

    def __init__(self, folder: Path | None = None, observers: Sequence[Observer] = ()) -> None:
        self.counts: defaultdict[tuple[str, Labels], float] = defaultdict(float)
        self.latency: dict[str, list[float]] = {}
        self.gauges: dict[tuple[str, Labels], float] = {}
        self.folder, self.observers = folder, observers
        self._requests: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._predictions: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._families = dict(HELP)

    def request(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests[method, path, status] += 1
        found = self.latency.get(path)
        if found is None:
            found = self.latency[path] = [0.0] * (len(BOUNDS) + 2)
        found[bisect.bisect_left(BOUNDS, seconds)] += 1
        found[-1] += seconds

    def predicted(self, version: str, binning: Binning, counts: Mapping[str | int, int]) -> None:
        """Count predictions by the name of their class or bin."""
        for key, count in counts.items():
            self._predictions[version, binning.name(key)] += count

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to any other counter."""
        self.counts[name, tuple(sorted(labels.items()))] += amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[name, tuple(sorted(labels.items()))] = value

    def samples(self) -> dict[tuple[str, Labels], float]:
        """Every sample of this process as (name, labels) → value."""
        found: defaultdict[tuple[str, Labels], float] = defaultdict(float, self.counts)
        for (method, path, status), amount in self._requests.items():
            found["http_requests_total", (("method", method), ("path", path), ("status", str(status)))] = amount
            if status >= 400:
                found["http_errors_total", (("path", path), ("status", str(status)))] += amount
        for (version, name), amount in self._predictions.items():
            found["model_predictions_total", (("prediction", name), ("version", version))] = amount
        for path, values in self.latency.items():
            found.update(_histogram(path, values))
        found["process_resident_memory_bytes", ()] = _resident()
        times = os.times()
        found["process_cpu_seconds_total", ()] = round(times.user + times.system, 3)
        for sample in (each for observer in self.observers for each in observer.samples()):
            found[sample.name, sample.labels] = sample.value
            self._families.setdefault(sample.name, (sample.kind, sample.help))
        return {**found, **self.gauges}

    def save(self) -> None:
        """Leave this process's numbers where the other workers find them; does nothing with one worker."""
        if self.folder is not None:
            path = self.folder / f"{os.getpid()}.json"
            text = json.dumps([[name, labels, value] for (name, labels), value in self.samples().items()])
            atomic.write(path, text)

    def render(self) -> bytes:
        """Return the Prometheus text (version 0.0.4), summed over all workers."""
        found = defaultdict(float, self.samples())
        for name, labels, value in self._others():
            if name == "model_info":
                found[name, labels] = 1.0
            else:
                found[name, labels] += value
        for sample in (each for observer in self.observers for each in observer.derived(found)):
            found[sample.name, sample.labels] = sample.value
            self._families.setdefault(sample.name, (sample.kind, sample.help))
        return "\n".join([*self._lines(found), ""]).encode()

    def _lines(self, found: Mapping[tuple[str, Labels], float]) -> Iterator[str]:
        """The samples, family after family; those that begin with `_` were for observers only."""
        named: defaultdict[str, list[tuple[str, Labels]]] = defaultdict(list)
        for key in found:
            named[_family(key[0])].append(key)
        for family, (kind, text) in self._families.items():
            if named[family] and not family.startswith("_"):
                yield f"# HELP {family} {text}"
                yield f"# TYPE {family} {kind}"
                yield from (f"{name}{_labels(labels)} {found[name, labels]:.17g}" for name, labels in named[family])

    def _others(self) -> Iterator[tuple[str, Labels, float]]:
        """The samples that other workers saved; those of workers that are gone count on, but not their gauges."""
        if self.folder is None:
            return
        for path in sorted(self.folder.glob("*.json")):
            if path.stem != str(os.getpid()):
                alive = Path(f"/proc/{path.stem}").exists()
                for name, labels, value in json.loads(path.read_text("utf8")):
                    kind = self._families.get(name, ("counter", ""))[0]
                    if alive or kind != "gauge":
                        yield name, tuple((key, text) for key, text in labels), value


@dataclass(frozen=True)
class Binning:
    """How predictions are counted: by label, or by the place of the bin in the bundle's reference histogram.

    Names are for people: two bins whose edges are alike in six digits share one, and two models' bins differ.
    """

    labels: bool
    edges: tuple[float, ...] = ()
    names: tuple[str, ...] = ("all",)

    @classmethod
    def of(cls, reference: dict[str, Any], contract: Contract) -> Binning:
        """Take the bins from a bundle's reference; one bin where a regression bundle has no reference."""
        if contract.labels:
            return cls(labels=True)
        edges = _edges(reference)
        return cls(labels=False, edges=edges, names=tuple(NumberBins(edges).names)) if edges else cls(labels=False)

    def counts(self, predictions: Sequence[Any]) -> dict[str | int, int]:
        """How many predictions are of each class, by its label, or in each bin, by its place."""
        found: dict[str | int, int] = {}
        for value in predictions:
            key = str(value) if self.labels else bisect.bisect_right(self.edges, value)
            found[key] = found.get(key, 0) + 1
        return found

    def name(self, key: str | int) -> str:
        """What a class or a bin is called."""
        return key if isinstance(key, str) else self.names[key]


def _edges(reference: dict[str, Any]) -> tuple[float, ...]:
    """The bin edges of the predictions in a bundle's reference.json."""
    found = reference.get("predictions", {}).get("prediction", {}).get("edges", ())
    return tuple(float(edge) for edge in found)


def _family(name: str) -> str:
    """The family of a sample: the parts of the one histogram belong together."""
    return "http_request_seconds" if name.startswith("http_request_seconds_") else name


def _histogram(path: str, values: list[float]) -> Iterator[tuple[tuple[str, Labels], float]]:
    """The cumulative samples of one path's latency histogram."""
    total = 0.0
    for bound, amount in zip((*map(str, BOUNDS), "+Inf"), values, strict=False):
        total += amount
        yield ("http_request_seconds_bucket", (("le", bound), ("path", path))), total
    yield ("http_request_seconds_sum", (("path", path),)), values[-1]
    yield ("http_request_seconds_count", (("path", path),)), total


def _labels(labels: Labels) -> str:
    """Labels as Prometheus writes them, with backslash, quote and newline escaped."""
    if not labels:
        return ""
    escaped = ((name, text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, text in labels)
    return "{" + ",".join(f'{name}="{text}"' for name, text in escaped) + "}"


def _resident() -> float:
    """Resident bytes of this process now (Linux), else its peak."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
