"""reports/prometheus_rules.yml: the rules of conf/alert for Prometheus, which sends what fires to Alertmanager.

Two groups. `service` judges what the service's own /metrics can say within minutes: errors, refusals, latency, drift,
and whether the service itself is well. `monitor` passes on what `monitor` found to be firing, state for state, from
reports/monitor.prom; it also says when nobody has run `monitor` for long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from ..core.duration import seconds
from .expressions import Source, bad, filled, selected

if TYPE_CHECKING:
    from .settings import AlertSettings, RuleSettings

HEAD = """\
# The rules of conf/alert/default.yaml for Prometheus 2.42 and later, written by `monitor`: change them there, not here.
# Prometheus: rule_files: [prometheus_rules.yml]; check it with `promtool check rules`. docs/alert.md has the rest.
"""
#: Windows without a run of `monitor` after which somebody is told.
MISSED = 2.5


def text(settings: AlertSettings, package: str, *, service: bool, window: str, min_rows: int) -> str:
    """The rule file; `service` tells whether the project has one, `window` is the length of monitor's."""
    source = Source.of(settings.prometheus, package, min_rows)
    groups = [{"name": f"{package}-monitor", "rules": list(_monitor(settings, source, package, window))}]
    if service:
        groups.insert(0, {"name": f"{package}-service", "rules": list(_service(settings, source, package))})
    return HEAD + yaml.safe_dump({"groups": groups}, sort_keys=False, allow_unicode=True, width=1000)


def _service(settings: AlertSettings, source: Source, package: str) -> Iterator[dict[str, Any]]:
    own = settings.prometheus
    for name, rule in settings.judged.items():
        figure = source.service(rule.metric, rule.subject)
        if figure is not None:
            value = filled('$value | printf "%.3g"')
            summary = f"{package}: {rule.metric}{_label('feature')} is {value}, {_side(rule)}"
            entry = _entry(package, name, "service", bad(rule, figure) + source.enough(rule.metric), rule.severity)
            yield {
                **entry,
                "for": own.wait,
                "keep_firing_for": own.keep,
                "annotations": {"summary": summary, "runbook": rule.runbook},
            }
    for name, condition, wait, severity, summary, runbook in _health(source):
        entry = _entry(package, name, "service", condition, severity)
        yield {**entry, "for": wait, "annotations": {"summary": f"{package}: {summary}", "runbook": runbook}}


def _health(source: Source) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Whether the service and its log are well: name, condition, for how long, severity, summary, what to do."""
    job, over = source.job, source.range

    def grown(counter: str) -> str:
        return f"sum(increase({selected(counter, job)}[{over}])) > 0"

    yield (
        "service_absent", f"absent({selected('model_info', job)})", "5m", "critical", "no service answers on /metrics",
        "Start it, or give alert.prometheus.job the name of the scrape job.",
    )  # fmt: skip
    yield (
        "reload_failing", f"max({selected('model_reload_failing', job)}) > 0", "5m", "critical",
        "the champion cannot be loaded, the one before goes on serving",
        "See the service's log; `rollback`, or publish the version again.",
    )  # fmt: skip
    yield (
        "log_dropped", grown("prediction_log_dropped_total"), "0s", "warning",
        "predictions were answered, but are missing from the log",
        "Look at the disk and at log.memory_mb and log.disk_mb: what waits for the database is bounded.",
    )  # fmt: skip
    yield (
        "log_database_away", f"max({selected('prediction_log_database_away', job)}) > 0", over, "warning",
        "the log's database cannot be reached or written; entries wait on the service's disk",
        "Start the database; what waits is shipped by itself.",
    )  # fmt: skip
    yield (
        "access_log_dropped", grown("log_lines_dropped_total"), "0s", "info",
        "lines of the service's own log are lost", "Look at what reads the service's output: it is slow or gone.",
    )  # fmt: skip
    yield (
        "observer_errors", grown("observer_errors_total"), "0s", "warning",
        "counting or logging predictions failed; they were answered all the same",
        "A bug: the service's log has its trace.",
    )  # fmt: skip


def _monitor(settings: AlertSettings, source: Source, package: str, window: str) -> Iterator[dict[str, Any]]:
    for name, rule in settings.judged.items():
        entry = _entry(package, name, "monitor", f"{source.firing(name)} > 0", rule.severity)
        summary = f"{package}: {rule.metric}{_label('subject')}{_label('deployment')} is {rule.condition}"
        yield {**entry, "annotations": {"summary": summary, "runbook": rule.runbook}}
    late = round(MISSED * seconds(window, "monitor.window"))
    condition = f"time() - max({source.prefix}_window_end_seconds) > {late}"
    entry = _entry(package, "monitor_late", "monitor", condition, "warning")
    annotations = {
        "summary": f"{package}: nobody has run `monitor` for {filled('$value | humanizeDuration')}",
        "runbook": "See the scheduler, and whether reports/monitor.prom reaches node_exporter.",
    }
    yield {**entry, "annotations": annotations}


def _entry(package: str, name: str, source: str, condition: str, severity: str) -> dict[str, Any]:
    return {
        "alert": f"{package}_{name}",
        "expr": condition,
        "labels": {"severity": severity, "source": source, "project": package},
    }


def _label(name: str) -> str:
    """A label of the alert, behind a blank, where it has one."""
    return f"{filled(f'if $labels.{name}')} {filled(f'$labels.{name}')}{filled('end')}"


def _side(rule: RuleSettings) -> str:
    return f"{'more' if rule.above is not None else 'less'} than {rule.threshold:g}"
