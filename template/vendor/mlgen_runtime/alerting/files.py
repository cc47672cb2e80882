"""The files for others that follow from the rules alone: Prometheus' and Grafana's, in the reports' folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import atomic
from . import grafana, prometheus

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..monitoring.settings import MonitorSettings
    from .settings import AlertSettings

RULES, DASHBOARD = "reports/prometheus_rules.yml", "reports/grafana_dashboard.json"


def write(settings: AlertSettings, monitor: MonitorSettings, config: RunConfig) -> dict[str, str]:
    """Write both where they would differ from what is there; return where they are, by what they are for."""
    package, service = config.project.package, "rest" in config.raw
    rules = prometheus.text(settings, package, service=service, window=monitor.window, min_rows=monitor.min_rows)
    atomic.write_if_changed(config.root / RULES, rules)
    dashboard = grafana.text(settings, package, service=service, min_rows=monitor.min_rows)
    atomic.write_if_changed(config.root / DASHBOARD, dashboard)
    return {"rules": RULES, "dashboard": DASHBOARD}
