"""One pass over a window of the log, or over an uploaded table: counts in the reference's bins, and a few rows.

Millions of rows are read a batch at a time; what is kept are the bins, the latencies' bins and a bounded sample.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any

from ..bundle import format as bundle
from ..core.errors import InputError
from ..usecase import registry
from .decoding import UNSAID, Fields, scalar
from .histogram import Tally, tally_for
from .latency import Latencies
from .window import BATCH, DEPLOYMENTS, REST

if TYPE_CHECKING:
    import numpy as np

    from ..bundle.predictor import Predictor
    from ..prediction_log.database import Database
    from .time_range import TimeRange

#: Refusals whose faults are read, to say which fields are refused most.
FAULTS = 1000


class ReservoirSample:
    """At most `size` rows, each as likely as any other."""

    def __init__(self, names: Sequence[str], size: int, seed: int) -> None:
        import numpy as np

        self.names, self.size = tuple(names), size
        self.rows: list[tuple[float, tuple[Any, ...]]] = []
        self._random = np.random.default_rng(seed)
        self._bar = 1.0

    def add(self, columns: Sequence[Sequence[Any]], rows: int) -> None:
        """Take some of the rows of columns [n]."""
        if not self.size or not rows:
            return
        lots = self._random.random(rows)
        for at in (lots < self._bar).nonzero()[0].tolist():
            self.rows.append((float(lots[at]), tuple(column[at] for column in columns)))
        if len(self.rows) > self.size:
            self.rows.sort(key=lambda row: row[0])
            del self.rows[self.size :]
            self._bar = self.rows[-1][0]

    def columns(self) -> dict[str, list[Any]]:
        """The rows as columns; what was not sent is None."""
        values = zip(*(row for _, row in self.rows), strict=True) if self.rows else repeat(())
        return {name: [None if cell is UNSAID else cell for cell in cells] for name, cells in zip(self.names, values)}  # noqa: B905


@dataclass
class Traffic:
    """What was counted of one window. `labels` counts predictions by their text in JSON, those of the window's version
    only, as `outputs` does, `usual` those for the test rows by label; `refused` counts requests by status, `faults` by
    field."""

    inputs: dict[str, Tally]
    outputs: dict[str, Tally]
    sample: ReservoirSample
    rows: int = 0
    answered: int = 0
    runs: set[str] = field(default_factory=set)
    latencies: Latencies = field(default_factory=Latencies)
    labels: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    usual: dict[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Requests that were answered or refused, and batch runs."""
        return self.answered + len(self.runs) + self.refused.total()

    def merge(self, other: Traffic) -> None:
        """Count what another has counted of the same model, but for its sample."""
        for mine, others in ((self.inputs, other.inputs), (self.outputs, other.outputs)):
            for name, tally in mine.items():
                tally.merge(others[name])  # type: ignore[arg-type] # both are of the same entry of the reference
        self.rows, self.answered = self.rows + other.rows, self.answered + other.answered
        self.runs |= other.runs
        self.latencies.merge(other.latencies)
        for counts, more in ((self.labels, other.labels), (self.faults, other.faults), (self.versions, other.versions)):
            counts.update(more)
        self.refused.update(other.refused)


def versions(database: Database, time_range: TimeRange) -> dict[str, Counter[str]]:
    """Return how many rows each version answered in the window, for each deployment."""
    found: dict[str, Counter[str]] = {name: Counter() for name in DEPLOYMENTS}
    for deployment, version, count in database.rows(
        f"SELECT source, model_version, COUNT(*) FROM prediction_log WHERE source IN {DEPLOYMENTS} "
        "AND at >= ? AND at < ? GROUP BY source, model_version",
        (time_range.start, time_range.end),
    ):
        found[str(deployment)][str(version)] += int(count)
    return found


def empty(model: Predictor, redacted: Sequence[str], sample: int, seed: int) -> Traffic:
    """Return counters at nought for what is watched of a model's traffic."""
    reference = bundle.read_json(model.folder, "reference.json")
    columns = {column.name: column for column in model.contract.columns}
    view = registry.find(model.use_case).monitoring_view
    predicted = reference.get("predictions", {}).get("prediction", {})
    hidden = {*redacted, *(f.name for f in model.contract.features if not set(redacted).isdisjoint(f.columns))}
    watched = (name for name in view.watched(model.contract) if name not in hidden)
    names = [name for name in watched if name in reference.get("inputs", {})]
    shown = [name for name in view.drifting(model.contract) if name in reference.get("predictions", {})]
    return Traffic(
        inputs={name: tally_for(reference["inputs"][name], columns.get(name)) for name in names},
        outputs={name: tally_for(reference["predictions"][name]) for name in shown},
        sample=ReservoirSample([*names, "prediction"], sample, seed),
        usual=dict(predicted["counts"]) if predicted.get("kind") == "category" else {},
    )


def log(database: Database, time_range: TimeRange, model: Predictor, traffic: Traffic, deployment: str) -> None:
    """Count what a deployment answered in a window. Inputs are counted of all rows, predictions of `model`'s own."""
    sparse = registry.find(model.use_case).monitoring_view.SPARSE
    others = [name for name in traffic.outputs if name != "prediction"]
    derived = {feature.name for feature in model.contract.features}
    of_inputs = Fields([name for name in traffic.inputs if name not in derived], sparse=sparse)
    of_outputs = Fields(others)
    query = (
        "SELECT request_id, row, model_version, ms, features, prediction, output "
        "FROM prediction_log WHERE source = ? AND at >= ? AND at < ?"
    )
    for batch in database.batches(query, (deployment, time_range.start, time_range.end)):
        names, rows, answered_by, ms, features, predictions, outputs = zip(*batch, strict=True)
        traffic.rows += len(batch)
        traffic.versions.update(answered_by)
        if deployment == BATCH:
            traffic.runs.update(names)
        else:
            whole = [time for row, time in zip(rows, ms, strict=True) if not row]
            traffic.answered += len(whole)
            traffic.latencies.add([time for time in whole if time is not None])
        columns = of_inputs.columns(features)
        columns += _derived(model, dict(zip(of_inputs.names, columns, strict=True)), traffic, time_range)
        for tally, cells in zip(traffic.inputs.values(), columns, strict=True):
            tally.add([cell for cell in cells if cell is not UNSAID] if sparse else cells)
        traffic.sample.add([*columns, predictions], len(batch))
        if any(version != model.version for version in set(answered_by)):
            own = [version == model.version for version in answered_by]
            predictions, outputs = (_only(texts, own) for texts in (predictions, outputs))
        _outputs(traffic, of_outputs, predictions, outputs)
    if deployment == REST:
        _refusals(database, time_range, traffic)


def _derived(
    model: Predictor, columns: Mapping[str, Sequence[Any]], traffic: Traffic, time_range: TimeRange
) -> list[Any]:
    """The derived features [n] that are watched, of logged columns [n] at the end of their window; missing where rows
    of another version do not have what they take."""
    names = [feature.name for feature in model.contract.features if feature.name in traffic.inputs]
    if not names:
        return []
    rows = len(next(iter(columns.values()), ()))
    given = {name: columns.get(name, [None] * rows) for name in model.contract.sources}
    try:
        found = model.derived(given, int(time_range.end * 1e6))
    except InputError:
        return [[None] * rows for _ in names]
    return [found[name].tolist() if found[name].dtype == object else found[name] for name in names]


def table(
    model: Predictor, columns: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray], traffic: Traffic
) -> None:
    """Count a table of conformed rows, with what is derived from them, and what was predicted of them."""
    if model.contract.features:
        columns = {**columns, **model.derived(columns)}
    predictions = outputs["prediction"]
    traffic.rows += len(next(iter(columns.values())))
    for name, tally in traffic.inputs.items():
        if name in columns:
            tally.add(columns[name])
    for name, tally in traffic.outputs.items():
        if name in outputs:
            tally.add(outputs[name])
    traffic.labels.update(map(_written, predictions) if traffic.usual else ())
    if len(predictions) == traffic.rows and all(name in columns for name in traffic.sample.names[:-1]):
        cells = [columns[name].tolist() for name in traffic.sample.names[:-1]]
        traffic.sample.add([*cells, predictions.tolist()], traffic.rows)


def _outputs(traffic: Traffic, fields: Fields, predictions: Sequence[str], outputs: Sequence[str]) -> None:
    traffic.labels.update(predictions if traffic.usual else ())
    if "prediction" in traffic.outputs:
        traffic.outputs["prediction"].add([scalar(text) for text in predictions])
    for name, cells in zip(fields.names, fields.columns(outputs), strict=True):
        traffic.outputs[name].add(cells)


def _refusals(database: Database, time_range: TimeRange, traffic: Traffic) -> None:
    bounds = (time_range.start, time_range.end)
    for status, count in database.rows(
        "SELECT status, COUNT(*) FROM refusal_log WHERE at >= ? AND at < ? GROUP BY status", bounds
    ):
        traffic.refused[int(status)] += int(count)
    if not traffic.refused[422]:
        return
    query = f"SELECT faults FROM refusal_log WHERE status = 422 AND at >= ? AND at < ? ORDER BY at DESC LIMIT {FAULTS}"
    for (faults,) in database.rows(query, bounds):
        found = scalar(faults)
        names = {_field(fault) for fault in found if isinstance(fault, dict)} if isinstance(found, list) else set()
        traffic.faults.update(name for name in names if name)


def _field(fault: Mapping[str, Any]) -> str:
    """The field that a fault is about: the last part of its path that is a name."""
    parts = [part for part in fault.get("loc") or () if isinstance(part, str)]
    return parts[-1] if len(parts) > 1 else ""


def _only(values: Sequence[str], chosen: Sequence[bool]) -> tuple[str, ...]:
    return tuple(value for value, mine in zip(values, chosen, strict=True) if mine)


def _written(label: Any) -> str:
    """A label as the log has it: JSON."""
    import json

    plain = label.item() if hasattr(label, "item") else label
    return json.dumps(plain, ensure_ascii=False)
