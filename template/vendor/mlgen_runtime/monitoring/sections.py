"""The parts of the page of `monitor` that are charts: drift, predictions, quality and value, service."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.bars import Bar, bars
from ..core.figures import figure
from ..core.page import escape, remark
from . import charts
from .charts import Axis, Line
from .histogram import Categories

if TYPE_CHECKING:
    from .histogram import Tally
    from .reading import Traffic
    from .window import Window

#: Columns of the map of drift, pictures of single columns, lines of one chart.
COLUMNS, PICTURES, LINES = 60, 6, 8
#: What charts of quality and value are called, beside the metric of the gate.
TITLES = {
    "mase": "MASE",
    "coverage": "Coverage of the intervals",
    "bias": "Bias",
    "value_per_prediction": "Value of one prediction",
    "value": "Value of all",
    "level_drift": "Drift of the level",
    "season_drift": "Drift of the season",
}

_percent: Callable[[float], str] = "{:.0%}".format
_number: Callable[[float], str] = figure


def drift(windows: Sequence[Window], axis: Axis) -> str:
    names = list(dict.fromkeys(figure.subject for window in reversed(windows) for figure in window.of("input_drift")))
    if not names:
        return ""
    found = {name: [next(iter(window.of("input_drift", name)), None) for window in windows] for name in names}
    newest = {name: next((f.value or 0.0 for f in reversed(row) if f is not None), 0.0) for name, row in found.items()}
    order = sorted(names, key=lambda name: -newest[name])[:COLUMNS]
    rows = [
        (
            name,
            [None if figure is None else figure.value for figure in found[name]],
            [figure is not None and figure.proven for figure in found[name]],
        )
        for name in order
    ]
    left = f" The other {len(names) - COLUMNS} moved less." if len(names) > COLUMNS else ""
    message = (
        "PSI against the training rows, a cell for each window: pale is as usual, orange 0.2, red 0.5 and more. "
        f"A dot: more than chance explains. A triangle: an alert fired.{left}"
    )
    return charts.heat(axis, rows, lambda value: f"PSI {value:.3f}") + remark(message)


def pictures(newest: Window, traffic: Traffic | None) -> str:
    """Now and then of the columns that moved most."""
    if traffic is None:
        return ""
    moved = sorted((f for f in newest.of("input_drift") if f.proven), key=lambda figure: -(figure.value or 0.0))
    shown = [(figure.subject, traffic.inputs[figure.subject]) for figure in moved if figure.subject in traffic.inputs]
    cards = [f"<div><h3>{escape(name)}</h3>{_bars(tally)}</div>" for name, tally in shown[:PICTURES]]
    if not cards:
        return ""
    message = "Shares by bin: the newest window in colour, the training rows in grey beneath."
    return f'<h3 class="gap">What moved</h3><div class="charts">{"".join(cards)}</div>{remark(message)}'


def gone(windows: Sequence[Window], axis: Axis) -> str:
    """Missing and unseen values over time, of the columns where they were ever more than chance explains."""
    found = []
    for metric, title in (("missing", "Missing values"), ("unseen", "Values that training did not have")):
        proven = (figure.subject for window in windows for figure in window.of(metric) if figure.proven)
        names = list(dict.fromkeys(proven))[:LINES]
        if names:
            found.append((title, charts.lines(axis, [_line(name, windows, metric, name) for name in names], _percent)))
    return f'<div class="gap">{grid(found)}</div>' if found else ""


def _bars(tally: Tally) -> str:
    now, then = tally.shown, tally.reference
    if isinstance(tally, Categories):
        names = [*tally.names, "other"]
    else:
        edges = [figure(edge) for edge in tally.edges]
        names = [
            f"< {edges[0]}",
            *(f"{low} to {high}" for low, high in itertools.pairwise(edges)),
            f"≥ {edges[-1]}",
        ]
    order = sorted(range(len(names)), key=lambda at: -(now[at] + then[at]))[:12]
    if not isinstance(tally, Categories):
        order.sort()
    n, m = max(sum(now), 1), max(sum(then), 1)
    return bars(
        Bar(name=names[at], share=now[at] / n, then=then[at] / m, says=f"{now[at] / n:.1%} / {then[at] / m:.1%}")
        for at in order
    )


def predictions(windows: Sequence[Window], axis: Axis) -> list[tuple[str, str]]:
    labels = list(dict.fromkeys(figure.subject for window in windows for figure in window.of("prediction_share")))
    found = []
    if labels:
        shares = [_line(label, windows, "prediction_share", label) for label in labels[:LINES]]
        found.append(("Share of each label", charts.lines(axis, shares, _percent)))
    if any(window.of("prediction_drift") for window in windows):
        drift = [_line("PSI", windows, "prediction_drift", "")]
        found.append(("Drift of the predictions (PSI)", charts.lines(axis, drift, _number)))
    return found


def quality(windows: Sequence[Window], metrics: Mapping[str, Any], axis: Axis) -> list[tuple[str, str]]:
    """Quality and value over time; `metrics` are those of the bundle."""
    found = []
    metric = str(metrics.get("metric", "quality"))
    for name, title in {"quality": metric, **TITLES}.items():
        if name == metric or not any(figure.value is not None for window in windows for figure in window.of(name, "")):
            continue
        shown = [_line("all", windows, name, "")]
        test = metrics.get("test", {}).get(metric)
        if name == "quality" and test is not None:
            shown.append(Line(name="test rows", values=[float(test)] * len(windows), dashed=True))
        found.append((title, charts.lines(axis, shown, _number, zero=name not in ("quality", "mase", "coverage"))))
        slices = sorted({figure.subject for window in windows for figure in window.of(name)} - {""})
        if slices:
            by_slice = [_line(part, windows, name, part) for part in slices[:LINES]]
            found.append((f"{title} by slice", charts.lines(axis, by_slice, _number, zero=False)))
    return found


def service(windows: Sequence[Window], axis: Axis) -> list[tuple[str, str]]:
    latency = [_line(name, windows, f"latency_{name}_ms", "") for name in ("p50", "p95", "p99")]
    wrong = [_line("refused (422)", windows, "violations", ""), _line("failed (5xx)", windows, "error_rate", "")]
    found = [("Requests", charts.lines(axis, [_line("requests", windows, "requests", "")], _number))]
    found.append(("Refused and failed", charts.lines(axis, wrong, lambda value: f"{value:.1%}")))
    found.append(("Latency in ms", charts.lines(axis, latency, _number)))
    if any(window.of("data_age_hours") for window in windows):
        found.append(
            ("Age of the data in hours", charts.lines(axis, [_line("age", windows, "data_age_hours", "")], _number))
        )
    return found


def _line(name: str, windows: Sequence[Window], metric: str, subject: str) -> Line:
    found = [next(iter(window.of(metric, subject)), None) for window in windows]
    return Line(
        name=name,
        values=[None if figure is None else figure.value for figure in found],
        low=[None if figure is None else figure.low for figure in found],
        high=[None if figure is None else figure.high for figure in found],
    )


def grid(found: Sequence[tuple[str, str]]) -> str:
    return (
        f'<div class="charts">{"".join(f"<div><h3>{escape(title)}</h3>{chart}</div>" for title, chart in found)}</div>'
    )
