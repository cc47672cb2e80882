"""reports/grafana_dashboard.json: a dashboard of the same rules and figures, each with its threshold as a line.

To be imported as it is; the data source is chosen at the top of the dashboard.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..monitoring.measure import METRICS
from .expressions import Source, filled, selected

if TYPE_CHECKING:
    from .settings import AlertSettings, RuleSettings

#: Grafana's grid is 24 wide; panels are three in a row.
WIDTH, HEIGHT, ACROSS = 8, 8, 3
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
#: Unit of an axis, as Grafana names it.
SHARES = ("missing", "unseen", "violations", "error_rate", "coverage", "quality_loss", "prediction_share")


def text(settings: AlertSettings, package: str, *, service: bool, min_rows: int) -> str:
    """The dashboard as JSON."""
    source = Source.of(settings.prometheus, package, min_rows)
    panels = list(_panels(settings, source, package, service))
    for number, (panel, place) in enumerate(zip(panels, _places(panels), strict=True), 1):
        panel |= {"id": number, "gridPos": place}
    return json.dumps(_dashboard(package, panels), indent=2, ensure_ascii=False) + "\n"


def _dashboard(package: str, panels: list[dict[str, Any]]) -> dict[str, Any]:
    choice = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}
    return {
        "uid": f"{package}-model"[:40],
        "title": f"{package}: the model in production",
        "description": "Written by `monitor` from conf/alert/default.yaml: change the rules there.",
        "tags": ["machine-learning", package],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [choice]},
        "annotations": {"list": []},
        "panels": panels,
    }


def _panels(settings: AlertSettings, source: Source, package: str, service: bool) -> Iterator[dict[str, Any]]:
    yield _row("What is firing")
    yield _firing(package)
    if service:
        yield _row("The service, now")
        requests = f"sum by (status) (rate({selected('http_requests_total', source.job)}[{source.range}]))"
        yield _series("Requests a second, by status", [(requests, filled("status"))], unit="reqps")
        predictions = f"sum by (prediction) (rate({selected('model_predictions_total', source.job)}[{source.range}]))"
        yield _series("Predictions a second", [(predictions, filled("prediction"))], unit="ops")
        waiting = f"sum({selected('prediction_log_unshipped_bytes', source.job)})"
        yield _series("Log entries that wait for the database", [(waiting, "bytes")], unit="bytes")
        for name, rule in settings.judged.items():
            figure = source.service(rule.metric, rule.subject)
            if figure is not None:
                legend = filled("feature") if rule.metric == "input_drift" else rule.metric
                yield _judged(f"{name}, now", rule, figure, legend)
    yield _row("The windows of monitor")
    for name, rule in settings.judged.items():
        yield _judged(
            f"{name}, by window",
            rule,
            source.windows(rule.metric, rule.subject),
            f"{filled('subject')} {filled('deployment')}",
        )


def _judged(title: str, rule: RuleSettings, expression: str, legend: str) -> dict[str, Any]:
    """A figure with the threshold of its rule."""
    unit = "percentunit" if rule.metric in SHARES else "ms" if rule.metric.endswith("_ms") else "short"
    panel = _series(title, [(expression, legend)], unit=unit)
    panel["description"] = (
        f"{METRICS[rule.metric]}. Fires {rule.condition}; resolves at {rule.calm_condition}. {rule.runbook}"
    )
    beyond, within = ("red", "green") if rule.above is not None else ("green", "red")
    steps = [{"color": within, "value": None}, {"color": beyond, "value": rule.threshold}]
    panel["fieldConfig"]["defaults"]["thresholds"] = {"mode": "absolute", "steps": steps}
    panel["fieldConfig"]["defaults"]["custom"]["thresholdsStyle"] = {"mode": "line"}
    return panel


def _series(title: str, queries: list[tuple[str, str]], *, unit: str) -> dict[str, Any]:
    """A plot over time."""
    return {
        "type": "timeseries",
        "title": title,
        "datasource": DATASOURCE,
        "targets": [_target(letter, *query) for letter, query in zip("ABCDEF", queries, strict=False)],
        "fieldConfig": {
            "defaults": {"unit": unit, "custom": {"showPoints": "auto", "spanNulls": True}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
    }


def _firing(package: str) -> dict[str, Any]:
    """A table of all that is firing, in Prometheus itself."""
    query = selected("ALERTS", 'alertstate="firing"', f'project="{package}"')
    hidden = {"__name__": True, "Time": True, "Value": True, "alertstate": True, "project": True}
    return {
        "type": "table",
        "title": "Alerts",
        "datasource": DATASOURCE,
        "targets": [{**_target("A", query, ""), "format": "table", "instant": True}],
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {"showHeader": True},
        "transformations": [{"id": "organize", "options": {"excludeByName": hidden}}],
    }


def _target(letter: str, expression: str, legend: str) -> dict[str, Any]:
    return {"refId": letter, "datasource": DATASOURCE, "expr": expression, "legendFormat": legend}


def _row(title: str) -> dict[str, Any]:
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def _places(panels: list[dict[str, Any]]) -> Iterator[dict[str, int]]:
    """Where each panel stands: rows and tables over the whole width, plots three in a row."""
    top, column = 0, itertools.count()
    for panel in panels:
        if panel["type"] == "timeseries":
            at = next(column)
            yield {"x": at % ACROSS * WIDTH, "y": top + at // ACROSS * HEIGHT, "w": WIDTH, "h": HEIGHT}
            continue
        top += -(-next(column) // ACROSS) * HEIGHT
        column = itertools.count()
        height = 1 if panel["type"] == "row" else HEIGHT
        yield {"x": 0, "y": top, "w": WIDTH * ACROSS, "h": height}
        top += height
