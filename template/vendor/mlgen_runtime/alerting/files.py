"""The files for others that follow from the rules: Prometheus' and Grafana's, in the reports' folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from . import grafana, prometheus

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..monitoring.settings import MonitorSettings
    from .settings import AlertSettings

RULES, DASHBOARD = "reports/prometheus_rules.yml", "reports/grafana_dashboard.json"


def write(settings: AlertSettings, monitor: MonitorSettings, config: RunConfig) -> dict[str, str]:
    """Write both; return where they are, by what they are for."""
    package, service = config.project.package, "rest" in config.raw
    rules = prometheus.text(settings, package, service=service, window=monitor.window, min_rows=monitor.min_rows)
    _replace(config.root / RULES, rules)
    _replace(config.root / DASHBOARD, grafana.text(settings, package, service=service, min_rows=monitor.min_rows))
    return {"rules": RULES, "dashboard": DASHBOARD}


def _replace(path: Path, text: str) -> None:
    """Write a file under another name first, so that Prometheus never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, "utf8")
    temporary.replace(path)
