"""The figures that rules judge, in Prometheus' language: what a rule file and a dashboard both ask for.

    selected("http_requests_total", 'job="churn"', PATHS)   http_requests_total{job="churn", path=~"…"}
    filled("$value")                                        $value in two braces: Go's templates, and Grafana's legends

Two sources: the service's own /metrics, which is of this minute and knows no outcomes, and reports/monitor.prom, which
`monitor` writes and node_exporter's textfile collector brings in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import PrometheusSettings, RuleSettings

#: Where records are sent to; pages, health checks and /metrics itself say nothing about predictions.
PATHS = 'path=~"/predict|/invocations"'
#: Metric -> the quantile of the latency that it is.
QUANTILES: Mapping[str, float] = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}
#: Metric -> the statuses that it is the share of.
STATUSES: Mapping[str, str] = {"violations": "422", "error_rate": "5.."}
#: Metric -> the gauge of the service that it is.
GAUGES: Mapping[str, str] = {"input_drift": "feature_psi", "prediction_drift": "prediction_psi"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Whose figures: the scrape job of the service, the prefix of `monitor`'s, the time that rates are taken over, what
    latency is compared with, and how many requests it takes to say anything."""

    job: str
    prefix: str
    range: str
    history: str
    min_requests: int

    @classmethod
    def of(cls, settings: PrometheusSettings, package: str, min_rows: int) -> Source:
        """The source of a project."""
        return cls(
            job=f"job={_text(settings.job)}",
            prefix=f"{package}_monitor",
            range=settings.range,
            history=settings.history,
            min_requests=min_rows,
        )

    def service(self, metric: str, subject: str | None = None) -> str | None:
        """A metric from the service's own counters; None where the service does not know it."""
        if metric in GAUGES:
            of = f"feature={_text(subject)}" if subject else ""
            by = "max by (feature) " if metric == "input_drift" else "max "
            return f"{by}({selected(GAUGES[metric], self.job, of)})"
        if metric in STATUSES:
            wanted = f'status=~"{STATUSES[metric]}"'
            # where no request ever had that status there is no series, and the share is 0
            return f"(sum({self._requests(wanted)}) or vector(0)) / sum({self._requests()})"
        if metric in QUANTILES:
            return f"1000 * {self._quantile(QUANTILES[metric], self.range)}"
        if metric == "latency_ratio":
            return f"{self._quantile(0.95, self.range)} / {self._quantile(0.95, self.history)}"
        return None

    def enough(self, metric: str) -> str:
        """The condition that there are enough requests; gauges of the service hold it themselves."""
        if metric in GAUGES:
            return ""
        count = f"sum(increase({selected('http_requests_total', self.job, PATHS)}[{self.range}]))"
        return f" and {count} >= {self.min_requests}"

    def windows(self, metric: str, subject: str | None = None) -> str:
        """A metric of the newest window that `monitor` evaluated."""
        return selected(f"{self.prefix}_{metric}", "" if subject is None else f"subject={_text(subject)}")

    def firing(self, rule: str) -> str:
        """What `monitor` found to be firing: the rule's own states, with their windows, hysteresis and cooldown."""
        firing = selected(f"{self.prefix}_alert_firing", f"rule={_text(rule)}")
        return f"max by (rule, subject, severity, deployment) ({firing})"

    def _requests(self, more: str = "") -> str:
        return f"rate({selected('http_requests_total', self.job, PATHS, more)}[{self.range}])"

    def _quantile(self, quantile: float, over: str) -> str:
        buckets = selected("http_request_seconds_bucket", self.job, PATHS)
        return f"histogram_quantile({quantile}, sum by (le) (rate({buckets}[{over}])))"


def bad(rule: RuleSettings, expression: str) -> str:
    """The condition that a rule fires on."""
    sign = ">" if rule.above is not None else "<"
    wrapped = f"({expression})" if " / " in expression or " * " in expression else expression
    return f"{wrapped} {sign} {rule.threshold:g}"


def selected(name: str, *labels: str) -> str:
    """The series of a name with these labels; all of them where none are given."""
    wanted = ", ".join(filter(None, labels))
    return name + "{" + wanted + "}" if wanted else name


def filled(what: str) -> str:
    """What Prometheus or Grafana puts in the place of an expression."""
    return 2 * "{" + what + 2 * "}"


def _text(value: str) -> str:
    """A text as the language has it: JSON's escapes are Go's."""
    return json.dumps(value, ensure_ascii=False)
