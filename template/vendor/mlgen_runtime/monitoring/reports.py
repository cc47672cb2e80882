"""What a run of monitoring leaves for readers: the page, the file for Prometheus, a run in MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import atomic
from . import page, prometheus, tracked, window

if TYPE_CHECKING:
    from .alerts import ShownAlerts
    from .run import MonitoringRun

#: Windows that the page shows.
SHOWN = 400
METRICS, PAGE = "reports/monitor.prom", "reports/monitor.html"


def write(run: MonitoringRun, alerts: ShownAlerts, fired: str) -> dict[str, str]:
    """Write all of them; return where files are, by what they are for. `fired` says in words what fired in this run."""
    config, files = run.config, {}
    if run.windows:
        metrics = prometheus.text(config.project.package, run.windows[-1], alerts.firing)
        atomic.write(config.root / METRICS, metrics)
        files["prometheus"] = METRICS
    if run.settings.track and run.windows:
        run.notes += tracked.keep(config.tracking, config.root, run.windows, fired)
    detailed = run.detail.drawn()
    run.notes += run.detail.notes
    history = window.kept(run.database, run.stream, SHOWN)
    text = page.page(
        config.project.name,
        run.champion,
        history,
        alerts,
        traffic=run.traffic,
        apart=[(part, run.apart[part.deployment]) for part in run.windows[-1].apart] if run.windows else [],
        detailed=detailed,
        notes=run.notes,
    )
    atomic.write(config.root / PAGE, text)
    files["page"] = PAGE
    return files
