"""reports/monitor.html: what production did over all windows that were looked at, on one page without any request.

Charts are in the page itself. The detailed report is an own document inside of it that is unpacked when somebody
opens it, so that the page is there at once.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.page import document, escape, heading, listed, remark, section, table, tiles
from . import sections, summary
from .charts import Axis

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from .alerts import FiringAlert, PastAlert, ShownAlerts
    from .reading import Traffic
    from .window import Window

#: Alerts of the list.
ALERTS = 40
#: Nothing is fetched from anywhere, neither by this page nor by the one inside of it.
NOWHERE = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data: blob:; "
    "font-src data:; frame-src 'self'; worker-src blob:"
)
#: Words of tables that stand out.
ALARMING = ("moved", "worse", "fired", "critical")


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
    body = [heading(title, subtitle)]
    if windows:
        body += _sections(windows, champion.metrics, alerts, traffic, apart, detailed)
    else:
        body.append(section("Nothing yet", "<p>Nothing has been logged so far.</p>"))
    if notes:
        body.append(section("Notes", listed(notes)))
    return document(title, "".join(body), policy=NOWHERE)


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
        section("The newest window", _figures(newest)),
        *(section(f"{part.deployment} alone", _apart(part, own)) for part, own in apart),
        *(section("Drift of the inputs", found) for found in [drift] if found),
        *(section("Predictions", sections.grid(found)) for found in [sections.predictions(windows, axis)] if found),
        *(section("Quality and value", sections.grid(found)) for found in [quality] if found),
        section("Service", sections.grid(sections.service(windows, axis))),
        *(section("Alerts so far", _past(alerts.past)) for _ in alerts.past[:1]),
        *(section("In detail", found) for found in [detailed] if found),
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
    return Axis(places=places, names=_names([window.end for window in windows]), marks=marks)


def _names(ends: Sequence[float]) -> list[str]:
    """Windows by as much of their end as tells them apart: the hour where they are close, the year where it changes."""
    moments = [datetime.datetime.fromtimestamp(end, datetime.UTC) for end in ends]
    close = len(ends) > 1 and ends[-1] - ends[0] < 3 * 86_400
    pattern = "%m-%d %H:%M" if close else "%m-%d" if moments[0].year == moments[-1].year else "%Y-%m-%d"
    return [moment.strftime(pattern) for moment in moments]


def _tiles(newest: Window, metric: str, firing: int) -> str:
    drifting = sum(figure.proven and (figure.value or 0) > 0.1 for figure in newest.of("input_drift"))
    shown = [
        (f"{newest.rows:,}", "predictions"),
        (f"{newest.requests:,}", "requests"),
        (str(drifting), "inputs with PSI above 0.1"),
    ]
    names = {"quality": metric, "value": "value", "latency_p99_ms": "ms, p99"}
    for measured, name in names.items():
        shown += [(summary.shorten(figure), name) for figure in newest.of(measured, "") if figure.value is not None]
    shown.append((str(firing), "alerts firing"))
    return tiles(shown)


def _firing(alerts: Sequence[FiringAlert]) -> str:
    if not alerts:
        return '<section class="card verdict"><p>No alert is firing.</p></section>'
    rows = "".join(
        f'<li><span class="bad">{escape(alert.severity)}</span> {escape(alert.title)}: '
        f"{escape(alert.message.removeprefix(f'{alert.subject}: '))}<br>"
        f"<span class=sub>{escape(alert.runbook)}</span></li>"
        for alert in alerts
    )
    return f'<section class="card verdict held"><h2>Alerts that are firing</h2><ul>{rows}</ul></section>'


def _figures(newest: Window) -> str:
    return _figures_of(summary.rows(newest, whole=True))


def _figures_of(found: Sequence[dict[str, str]]) -> str:
    rows = [{"metric": row["metric"], "of": row["of"], "value": row["value"], "verdict": row["verdict"],
             "because": row["because"]} for row in found]  # fmt: skip
    return table(rows, style=_kind)


def _apart(part: Window, traffic: Traffic) -> str:
    """What moved in what one deployment answered."""
    found = f'<p class="sub">{escape(summary.part_title(part))}</p>'
    moved = summary.moved(part, whole=True)
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
    return table(rows, style=_kind) + (remark(f"{left} older ones are in the database.") if left > 0 else "")


def _kind(name: str, value: str) -> str:
    """How a cell looks: alarming, or a figure that stays in one piece."""
    return "bad" if value in ALARMING else "w" if name in ("value", "when", "metric", "verdict") else ""


def _moment(at: float) -> str:
    """A moment for people."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%d %H:%M")
