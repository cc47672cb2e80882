"""How far what comes in has moved from the training rows, and what goes out from the predictions for the test rows.

PSI (population stability index): below 0.1 nothing much moved, above 0.2 or 0.25 it did. Each figure says what chance
stays below with this many rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import significance
from ..core.figures import figure
from ..usecase import registry
from .decoding import scalar
from .histogram import Categories, Numbers, Tally
from .measure import Measure, blank

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from .reading import Traffic


def measure(traffic: Traffic, model: Predictor, min_rows: int) -> list[Measure]:
    """Return all figures of drift of a window's traffic."""
    subjects, alike = len(traffic.inputs), registry.find(model.use_case).monitoring_view.dependence(model)
    found = [
        figure
        for name, tally in traffic.inputs.items()
        for figure in (
            *_drift("input_drift", name, tally, min_rows, subjects, alike),
            *_missing(name, tally, min_rows, subjects),
            *_unseen(name, tally, min_rows, subjects),
        )
    ]
    for tally in traffic.outputs.values():
        found += _drift("prediction_drift", "", tally, min_rows, len(traffic.outputs), alike)
    return [*found, *_shares(traffic, model.contract, min_rows)]


def _drift(metric: str, subject: str, tally: Tally, min_rows: int, subjects: int, alike: float) -> list[Measure]:
    if tally.entry["kind"] == "datetime":  # time goes on: that is no drift
        return []
    rows = sum(tally.shown)
    if rows < min_rows:
        return [blank(metric, subject, rows, min_rows)] if tally.rows else []
    value, bins = significance.stability_index(tally.shown, tally.reference, isinstance(tally, Numbers))
    limit, usual = (
        significance.bound(share, bins, rows, sum(tally.reference)) * alike if bins else float("inf")
        for share in (significance.ALPHA / max(subjects, 1), significance.SELDOM)
    )
    proven = value > limit
    name = subject or "predictions"
    against = "training rows" if subject else "predictions for the test rows"
    bound = f"chance stays below {limit:.3f}" if limit < float("inf") else "one value only"
    message = (
        f"{name}: PSI {value:.3f} against the {against} ({rows:,} values; {bound}){_moved(tally) if proven else ''}"
    )
    often = usual if usual < float("inf") else None
    return [
        Measure(metric=metric, subject=subject, value=value, rows=rows, proven=proven, message=message, usual=often)
    ]


def _moved(tally: Tally) -> str:
    """Where the largest part of the difference lies, in words."""
    now, then = tally.shown, tally.reference
    n, m = sum(now), sum(then)
    place = max(range(len(now)), key=lambda at: abs(now[at] / n - then[at] / m))
    if isinstance(tally, Categories):
        name = repr(tally.names[place]) if place < len(tally.names) else "other categories"
    else:
        edges = tally.edges
        low = f"from {figure(edges[place - 1])}" if place else ""
        high = f"below {figure(edges[place])}" if place < len(edges) else ""
        name = " ".join(part for part in (low, high) if part)
    return f": {name} went from {then[place] / m:.1%} to {now[place] / n:.1%}"


def _missing(name: str, tally: Tally, min_rows: int, subjects: int) -> list[Measure]:
    if tally.rows < min_rows:
        return [blank("missing", name, tally.rows, min_rows)] if tally.rows else []
    then, value = float(tally.entry["missing"]), tally.missing / tally.rows
    proven = significance.above(tally.missing, tally.rows, then, int(tally.entry["rows"]), subjects)
    message = f"{name}: {value:.1%} missing, in training {then:.1%} ({tally.rows:,} rows)"
    return [Measure(metric="missing", subject=name, value=value, rows=tally.rows, proven=proven, message=message)]


def _unseen(name: str, tally: Tally, min_rows: int, subjects: int) -> list[Measure]:
    known = tally.rows - tally.missing
    if tally.unseen is None or tally.entry["kind"] == "datetime" or not known:
        return []
    if known < min_rows:
        return [blank("unseen", name, known, min_rows)]
    trained = max(int(tally.entry["rows"]), 1)
    proven = significance.above(tally.unseen, known, min(_novel(tally) / trained, 1.0), trained, subjects)
    value = tally.unseen / known
    kind = "outside the range of training" if isinstance(tally, Numbers) else "of categories that training did not have"
    more = f", {tally.examples}" if tally.unseen else ""
    message = f"{name}: {value:.1%} of the values are {kind}{more} ({known:,} values)"
    return [Measure(metric="unseen", subject=name, value=value, rows=known, proven=proven, message=message)]


def _novel(tally: Tally) -> int:
    """How many of as many new rows as there were in training would be unseen without drift: two beyond the ends of a
    range; as many of a new category as were there once (Good and Turing)."""
    if isinstance(tally, Numbers):
        return 2
    return sum(count == 1 for count in tally.entry["counts"].values())


def _shares(traffic: Traffic, contract: Contract, min_rows: int) -> list[Measure]:
    """The share of each label among the predictions."""
    if not contract.labels:
        return []
    from ..core.cells import text

    counts = dict.fromkeys(contract.labels, 0)
    for written, times in traffic.labels.items():
        name = text(scalar(written)) or ""
        counts[name] = counts.get(name, 0) + times
    rows = sum(counts.values())
    then = traffic.usual
    whole = sum(then.values())
    found = []
    for label in contract.labels:
        if rows < min_rows:
            found.append(blank("prediction_share", label, rows, min_rows))
            continue
        value, usual = counts[label] / rows, then.get(label, 0) / whole if whole else 0.0
        proven = bool(whole) and significance.differs(counts[label], rows, usual, whole, len(contract.labels))
        message = f"{label}: {value:.1%} of {rows:,} predictions, of those for the test rows {usual:.1%}"
        found.append(
            Measure(metric="prediction_share", subject=label, value=value, rows=rows, proven=proven, message=message)
        )
    return found
