"""reports/monitor.html: what production did over all windows that were looked at, on one page without any request.

Charts are SVG in the page itself. The detailed report is an own document inside of it that is unpacked when somebody
opens it, so that the page is there at once.
"""

from __future__ import annotations

import datetime
import html
import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..report import STYLE
from . import charts, summary
from .charts import Axis, Line
from .histogram import Categories
from .style import MORE, NOWHERE

if TYPE_CHECKING:
    from .histogram import Tally
    from .reading import Traffic
    from .session import Seen
    from .window import Window

#: Columns of the map of drift, pictures of single columns, lines of one chart, alerts of the list.
COLUMNS, PICTURES, LINES, ALERTS = 60, 6, 8, 40

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


def page(seen: Seen, traffic: Traffic | None, detailed: str = "") -> str:
    """Return the page of a run; `traffic` is that of its newest window, `detailed` the part that Evidently made."""
    name = seen.config.project.name
    title = f"{name} in production"
    body = [f"<header><h1>{_text(title)}</h1><p class=sub>{_text(_subtitle(seen))}</p></header>"]
    if seen.history:
        body += _sections(seen, traffic, detailed)
    else:
        body.append(_card("Nothing yet", "<p>Nothing has been logged so far.</p>"))
    if seen.notes:
        body.append(_card("Notes", "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in seen.notes) + "</ul>"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light">'
        f'<meta http-equiv="Content-Security-Policy" content="{NOWHERE}">'
        f"<title>{_text(title)}</title><style>{STYLE}{MORE}</style></head><body><main>"
        f"{''.join(body)}</main></body></html>\n"
    )


def _sections(seen: Seen, traffic: Traffic | None, detailed: str) -> list[str]:
    windows = seen.history
    axis = _axis(seen)
    newest = windows[-1]
    return [
        _tiles(newest, seen),
        _standing(seen),
        _card("The newest window", _figures(newest)),
        _card("Drift of the inputs", _drift(windows, axis) + _pictures(newest, traffic)),
        _card("Predictions", _charts(_predictions(windows, axis))),
        *(_card("Quality and value", _charts(found)) for found in [_quality(seen, axis)] if found),
        _card("Service", _charts(_service(windows, axis))),
        *(_card("Alerts so far", _alerts(seen)) for _ in seen.alerts[:1]),
        *(_card("In detail", found) for found in [detailed] if found),
    ]


def _subtitle(seen: Seen) -> str:
    if not seen.history:
        return f"version {seen.model.version}"
    newest = seen.history[-1]
    span = f"{_moment(newest.start)} to {_moment(newest.end)}" if newest.end > newest.start else _moment(newest.end)
    return f"{len(seen.history)} windows, the newest {span} UTC, against version {newest.model_version}"


def _axis(seen: Seen) -> Axis:
    """Windows of the log by their time, tables one after the other."""
    windows = seen.history
    first, last = windows[0].end, windows[-1].end
    even = windows[0].stream != "log" or last <= first
    count = max(len(windows) - 1, 1)
    places = [at / count if even else (window.end - first) / (last - first) for at, window in enumerate(windows)]
    if len(windows) == 1:
        places = [0.5]
    fired = {alert["window_id"] for alert in seen.alerts if alert["kind"] == "fired"}
    marks = [at for at, window in enumerate(windows) if window.id in fired]
    close = len(windows) > 1 and last - first < 3 * 86_400
    return Axis(places=places, names=[_moment(window.end, close) for window in windows], marks=marks)


def _tiles(newest: Window, seen: Seen) -> str:
    drifting = sum(figure.proven and (figure.value or 0) > 0.1 for figure in newest.of("input_drift"))
    tiles = [
        (f"{newest.rows:,}", "predictions"),
        (f"{newest.requests:,}", "requests"),
        (str(drifting), "inputs with PSI above 0.1"),
    ]
    said = {"quality": str(seen.model.metrics.get("metric", "quality")), "value": "value", "latency_p99_ms": "ms, p99"}
    for metric, name in said.items():
        tiles += [(summary.shorten(figure), name) for figure in newest.of(metric, "") if figure.value is not None]
    tiles.append((str(len(seen.standing)), "alerts firing"))
    shown = (f'<div class="tile"><b>{_text(value)}</b><span>{_text(name)}</span></div>' for value, name in tiles)
    return f'<div class="tiles">{"".join(shown)}</div>'


def _standing(seen: Seen) -> str:
    if not seen.standing:
        return '<section class="card verdict"><p>No alert is firing.</p></section>'
    rows = "".join(
        f'<li><span class="bad">{_text(alert.severity)}</span> {_text(alert.rule)} {_text(alert.subject)}: '
        f"{_text(alert.says)}<br><span class=sub>{_text(alert.runbook)}</span></li>"
        for alert in seen.standing
    )
    return f'<section class="card verdict held"><h2>Alerts that are firing</h2><ul>{rows}</ul></section>'


def _figures(newest: Window) -> str:
    rows = [{"metric": row["metric"], "of": row["of"], "value": row["value"], "verdict": row["verdict"],
             "because": row["because"]} for row in summary.rows(newest)]  # fmt: skip
    return _table(rows)


def _drift(windows: Sequence[Window], axis: Axis) -> str:
    names = list(dict.fromkeys(figure.subject for window in reversed(windows) for figure in window.of("input_drift")))
    if not names:
        return '<p class="sub">No inputs were logged.</p>'
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
    says = (
        "PSI against the training rows, a cell for each window: pale is as usual, orange 0.2, red 0.5 and more. "
        f"A dot: more than chance explains. A triangle: an alert fired.{left}"
    )
    return charts.heat(axis, rows, lambda value: f"PSI {value:.3f}") + f'<p class="sub">{says}</p>'


def _pictures(newest: Window, traffic: Traffic | None) -> str:
    """Now and then of the columns that moved most."""
    if traffic is None:
        return ""
    moved = sorted((f for f in newest.of("input_drift") if f.proven), key=lambda figure: -(figure.value or 0.0))
    shown = [(figure.subject, traffic.inputs[figure.subject]) for figure in moved if figure.subject in traffic.inputs]
    cards = [f"<div><h3>{_text(name)}</h3>{_bars(tally)}</div>" for name, tally in shown[:PICTURES]]
    if not cards:
        return ""
    says = "Shares by bin: grey the training rows, blue the newest window."
    return f'<h3 class="gap">What moved</h3><div class="charts">{"".join(cards)}</div><p class="sub">{says}</p>'


def _bars(tally: Tally) -> str:
    now, then = tally.shown, tally.reference
    if isinstance(tally, Categories):
        names = [*tally.names, "other"]
    else:
        edges = [f"{edge:.4g}" for edge in tally.edges]
        names = [
            f"< {edges[0]}",
            *(f"{low}–{high}" for low, high in itertools.pairwise(edges)),
            f"≥ {edges[-1]}",
        ]
    order = sorted(range(len(names)), key=lambda at: -(now[at] + then[at]))[:12]
    if not isinstance(tally, Categories):
        order.sort()
    n, m = max(sum(now), 1), max(sum(then), 1)
    return charts.bars([names[at] for at in order], [then[at] / m for at in order], [now[at] / n for at in order])


def _predictions(windows: Sequence[Window], axis: Axis) -> list[tuple[str, str]]:
    labels = list(dict.fromkeys(figure.subject for window in windows for figure in window.of("prediction_share")))
    found = []
    if labels:
        shares = [_line(label, windows, "prediction_share", label) for label in labels[:LINES]]
        found.append(("Share of each label", charts.lines(axis, shares, _percent)))
    drift = [_line("PSI", windows, "prediction_drift", "")]
    found.append(("Drift of the predictions (PSI)", charts.lines(axis, drift, _number)))
    return found


def _quality(seen: Seen, axis: Axis) -> list[tuple[str, str]]:
    windows = seen.history
    found = []
    metric = str(seen.model.metrics.get("metric", "quality"))
    for name, title in {"quality": metric, **TITLES}.items():
        if not any(figure.value is not None for window in windows for figure in window.of(name, "")):
            continue
        shown = [_line("all", windows, name, "")]
        test = seen.model.metrics.get("test", {}).get(metric)
        if name == "quality" and test is not None:
            shown.append(Line(name="test rows", values=[float(test)] * len(windows), dashed=True))
        found.append((title, charts.lines(axis, shown, _number, zero=name not in ("quality", "mase", "coverage"))))
        slices = sorted({figure.subject for window in windows for figure in window.of(name)} - {""})
        if slices:
            by_slice = [_line(part, windows, name, part) for part in slices[:LINES]]
            found.append((f"{title} by slice", charts.lines(axis, by_slice, _number, zero=False)))
    return found


def _service(windows: Sequence[Window], axis: Axis) -> list[tuple[str, str]]:
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


def _alerts(seen: Seen) -> str:
    rows = [
        {
            "when": _moment(float(alert["at"])),
            "what": str(alert["kind"]),
            "severity": str(alert["severity"]),
            "rule": str(alert["rule"]),
            "of": str(alert["subject"]),
            "because": str(alert["says"]),
        }
        for alert in seen.alerts[:ALERTS]
    ]
    left = len(seen.alerts) - len(rows)
    return _table(rows) + (f'<p class="sub">{left} older ones are in the database.</p>' if left > 0 else "")


def _line(name: str, windows: Sequence[Window], metric: str, subject: str) -> Line:
    found = [next(iter(window.of(metric, subject)), None) for window in windows]
    return Line(
        name=name,
        values=[None if figure is None else figure.value for figure in found],
        low=[None if figure is None else figure.low for figure in found],
        high=[None if figure is None else figure.high for figure in found],
    )


def _charts(found: Sequence[tuple[str, str]]) -> str:
    return (
        f'<div class="charts">{"".join(f"<div><h3>{_text(title)}</h3>{chart}</div>" for title, chart in found)}</div>'
    )


def _card(title: str, content: str) -> str:
    return f'<section class="card"><h2>{_text(title)}</h2>{content}</section>'


def _table(rows: Sequence[dict[str, str]]) -> str:
    if not rows:
        return '<p class="sub">Nothing to show.</p>'
    head = "".join(f"<th>{_text(name)}</th>" for name in rows[0])
    lines = "".join(
        "<tr>"
        + "".join(f'<td class="{_kind(name, value)}">{_text(value)}</td>' for name, value in row.items())
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _kind(name: str, value: str) -> str:
    return (
        "bad"
        if value in ("moved", "worse", "fired", "critical")
        else "w"
        if name in ("value", "when", "metric")
        else ""
    )


_percent: Callable[[float], str] = "{:.0%}".format
_number: Callable[[float], str] = "{:,.4g}".format


def _moment(at: float, close: bool = True) -> str:
    """A moment for people: the day alone where windows are days apart."""
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M" if close else "%m-%d")


def _text(value: object) -> str:
    return html.escape(str(value))
