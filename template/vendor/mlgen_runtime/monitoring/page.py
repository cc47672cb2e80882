"""reports/monitor.html: what production did over all windows that were looked at, on one page without any request.

Charts are SVG in the page itself. The detailed report is an own document inside of it that is unpacked when somebody
opens it, so that the page is there at once.
"""

from __future__ import annotations

import datetime
import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.page import STYLE
from . import sections, summary
from .charts import Axis
from .style import MORE, NOWHERE

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from .alerts import FiringAlert, PastAlert, ShownAlerts
    from .reading import Traffic
    from .window import Window

#: Alerts of the list.
ALERTS = 40


def page(
    project: str,
    champion: Predictor,
    windows: Sequence[Window],
    alerts: ShownAlerts,
    *,
    traffic: Traffic | None,
    apart: Sequence[tuple[Window, Traffic]],
    detailed: str,
    notes: Sequence[str],
) -> str:
    """Return the page of a project's windows, oldest first; `traffic` is that of the newest one, `apart` its parts by
    deployment, where it has several, `detailed` the part that Evidently made."""
    title = f"{project} in production"
    subtitle = _subtitle(windows) if windows else f"version {champion.version}"
    body = [f"<header><h1>{_text(title)}</h1><p class=sub>{_text(subtitle)}</p></header>"]
    if windows:
        body += _sections(windows, champion.metrics, alerts, traffic, apart, detailed)
    else:
        body.append(_card("Nothing yet", "<p>Nothing has been logged so far.</p>"))
    if notes:
        body.append(_card("Notes", "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in notes) + "</ul>"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light">'
        f'<meta http-equiv="Content-Security-Policy" content="{NOWHERE}">'
        f"<title>{_text(title)}</title><style>{STYLE}{MORE}</style></head><body><main>"
        f"{''.join(body)}</main></body></html>\n"
    )


def _sections(
    windows: Sequence[Window],
    metrics: Mapping[str, Any],
    alerts: ShownAlerts,
    traffic: Traffic | None,
    apart: Sequence[tuple[Window, Traffic]],
    detailed: str,
) -> list[str]:
    axis = _axis(windows, alerts.past)
    quality = sections.quality(windows, metrics, axis)
    newest = windows[-1]
    drift = sections.drift(windows, axis) + sections.pictures(newest, traffic) + sections.gone(windows, axis)
    return [
        _tiles(newest, str(metrics.get("metric", "quality")), len(alerts.firing)),
        _firing(alerts.firing),
        _card("The newest window", _figures(newest)),
        *(_card(f"{part.deployment} alone", _apart(part, own)) for part, own in apart),
        *(_card("Drift of the inputs", found) for found in [drift] if found),
        *(_card("Predictions", sections.grid(found)) for found in [sections.predictions(windows, axis)] if found),
        *(_card("Quality and value", sections.grid(found)) for found in [quality] if found),
        _card("Service", sections.grid(sections.service(windows, axis))),
        *(_card("Alerts so far", _past(alerts.past)) for _ in alerts.past[:1]),
        *(_card("In detail", found) for found in [detailed] if found),
    ]


def _subtitle(windows: Sequence[Window]) -> str:
    newest = windows[-1]
    when = f"{_moment(newest.start)} to {_moment(newest.end)}" if newest.end > newest.start else _moment(newest.end)
    count = len(windows)
    return f"{count} window{'s' * (count > 1)}, the newest {when} UTC, against version {newest.model_version}"


def _axis(windows: Sequence[Window], past: Sequence[PastAlert]) -> Axis:
    """Windows of the log by their time, tables one after the other."""
    first, last = windows[0].end, windows[-1].end
    even = windows[0].stream != "log" or last <= first
    count = max(len(windows) - 1, 1)
    places = [at / count if even else (window.end - first) / (last - first) for at, window in enumerate(windows)]
    if len(windows) == 1:
        places = [0.5]
    fired = {alert.window_id for alert in past if alert.kind == "fired"}
    marks = [at for at, window in enumerate(windows) if window.id in fired]
    close = len(windows) > 1 and last - first < 3 * 86_400
    return Axis(places=places, names=[_moment(window.end, close) for window in windows], marks=marks)


def _tiles(newest: Window, metric: str, firing: int) -> str:
    drifting = sum(figure.proven and (figure.value or 0) > 0.1 for figure in newest.of("input_drift"))
    tiles = [
        (f"{newest.rows:,}", "predictions"),
        (f"{newest.requests:,}", "requests"),
        (str(drifting), "inputs with PSI above 0.1"),
    ]
    names = {"quality": metric, "value": "value", "latency_p99_ms": "ms, p99"}
    for measured, name in names.items():
        tiles += [(summary.shorten(figure), name) for figure in newest.of(measured, "") if figure.value is not None]
    tiles.append((str(firing), "alerts firing"))
    shown = (f'<div class="tile"><b>{_text(value)}</b><span>{_text(name)}</span></div>' for value, name in tiles)
    return f'<div class="tiles">{"".join(shown)}</div>'


def _firing(alerts: Sequence[FiringAlert]) -> str:
    if not alerts:
        return '<section class="card verdict"><p>No alert is firing.</p></section>'
    rows = "".join(
        f'<li><span class="bad">{_text(alert.severity)}</span> {_text(alert.title)}: '
        f"{_text(alert.message.removeprefix(f'{alert.subject}: '))}<br>"
        f"<span class=sub>{_text(alert.runbook)}</span></li>"
        for alert in alerts
    )
    return f'<section class="card verdict held"><h2>Alerts that are firing</h2><ul>{rows}</ul></section>'


def _figures(newest: Window) -> str:
    return _figures_of(summary.rows(newest))


def _figures_of(found: Sequence[dict[str, str]]) -> str:
    rows = [{"metric": row["metric"], "of": row["of"], "value": row["value"], "verdict": row["verdict"],
             "because": row["because"]} for row in found]  # fmt: skip
    return _table(rows)


def _apart(part: Window, traffic: Traffic) -> str:
    """What moved in what one deployment answered."""
    found = f'<p class="sub">{_text(summary.part_title(part))}</p>'
    moved = summary.moved(part)
    return found + (_figures_of(moved) if moved else "") + sections.pictures(part, traffic)


def _past(alerts: Sequence[PastAlert]) -> str:
    rows = [
        {
            "when": _moment(alert.at),
            "what": alert.kind,
            "severity": alert.severity,
            "rule": alert.rule,
            "of": f"{alert.subject} ({alert.deployment})".strip() if alert.deployment else alert.subject,
            "because": alert.message,
        }
        for alert in alerts[:ALERTS]
    ]
    left = len(alerts) - len(rows)
    return _table(rows) + (f'<p class="sub">{left} older ones are in the database.</p>' if left > 0 else "")


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


def _moment(at: float, close: bool = True) -> str:
    """A moment for people: the day alone where windows are days apart."""
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M" if close else "%m-%d")


def _text(value: object) -> str:
    return html.escape(str(value))
