"""conf/alert as dataclasses: the rules, and the ways to tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from ..config.schema import Bound, Count, OneOf
from ..core.duration import seconds
from ..core.errors import InputError, nearest
from ..monitoring.measure import METRICS
from . import sink

Severity = Literal["info", "warning", "critical"]
#: From the one that can wait to the one that cannot.
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")

#: Metrics whose subject is a column.
OF_COLUMNS = ("input_drift", "missing", "unseen")

Duration = Annotated[float, Bound(above=0)]


@dataclass(frozen=True, kw_only=True)
class RuleSettings:
    """One rule: which figure is bad, and when it is good again. conf/alert/default.yaml says what each value is for."""

    metric: Annotated[str, OneOf(tuple(METRICS))]
    subject: str | None
    above: float | None
    below: float | None
    windows: Count
    resolve: float | None
    resolve_windows: Count
    cooldown: str | None
    severity: Severity
    runbook: str
    enabled: Literal["true", "false", "set"]

    @property
    def judged(self) -> bool:
        """Whether windows are judged by it."""
        return self.enabled == "true" or (self.enabled == "set" and self.threshold is not None)

    @property
    def threshold(self) -> float | None:
        """The threshold, whichever side of it is bad."""
        return self.below if self.above is None else self.above

    @property
    def pause(self) -> float:
        """Seconds after a resolve in which it does not fire."""
        return 0.0 if self.cooldown is None else seconds(self.cooldown, f"the cooldown of a rule on {self.metric}")

    @property
    def condition(self) -> str:
        """When it fires, such as "above 0.2 in 2 windows in a row"."""
        side = "above" if self.above is not None else "below"
        often = f" in {self.windows} windows in a row" if self.windows > 1 else ""
        return f"{side} {self.threshold:g}{often}"

    @property
    def calm_condition(self) -> str:
        """When it resolves, such as "at most 0.15 in 2 windows in a row"."""
        side = "at most" if self.above is not None else "at least"
        bound = self.threshold if self.resolve is None else self.resolve
        often = f" in {self.resolve_windows} windows in a row" if self.resolve_windows > 1 else ""
        return f"{side} {bound:g}{often}"


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """A line on standard error and in a file. `at_least` is the least severe alert that it is told."""

    enabled: bool
    at_least: Severity
    file: str


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """A POST of JSON; the address is a secret, so ALERT_WEBHOOK_URL has it. `timeout` is in seconds."""

    enabled: bool
    at_least: Severity
    timeout: Duration
    retries: Annotated[int, Bound(at_least=0)]


@dataclass(frozen=True, kw_only=True)
class SmtpSettings:
    """Mail. ALERT_SMTP_USER and ALERT_SMTP_PASSWORD have what the server wants to know. `timeout` is in seconds."""

    enabled: bool
    at_least: Severity
    host: str | None
    port: Annotated[int, Bound(at_least=1, at_most=65535)]
    security: Literal["starttls", "tls", "none"]
    sender: str | None
    to: list[str]
    timeout: Duration


@dataclass(frozen=True, kw_only=True)
class PrometheusSettings:
    """The scrape job of the service, what Prometheus looks at together, and how long a figure must be bad or good;
    durations as Prometheus writes them, such as 15m."""

    job: str
    range: str
    wait: str
    keep: str
    history: str


@dataclass(frozen=True, kw_only=True)
class AlertSettings:
    """One entry per group of conf/alert/default.yaml; `sinks` are the project's own, by name."""

    rules: dict[str, RuleSettings]
    sinks: list[str]
    log: LogSettings
    webhook: WebhookSettings
    smtp: SmtpSettings
    prometheus: PrometheusSettings

    def __post_init__(self) -> None:
        """Refuse what no single value shows to be wrong."""
        for name, rule in self.rules.items():
            _check(f"alert.rules.{name}", rule)
        if self.smtp.enabled:
            for name in ("host", "sender", "to"):
                if not getattr(self.smtp, name):
                    raise InputError(f"alert.smtp.{name}: not set, though alert.smtp.enabled is true; set one of them")
        sink.check(self.sinks)
        for name in ("range", "wait", "keep", "history"):
            text = getattr(self.prometheus, name)
            if not re.fullmatch(r"([1-9]\d*(ms|[smhdwy]))+", text):
                raise InputError(
                    f"alert.prometheus.{name}: {text!r} is no duration of Prometheus; expected such as 15m or 1d"
                )

    def check(self, columns: Sequence[str]) -> None:
        """Refuse a rule on a column that the model does not have: it would be silent for ever."""
        for name, rule in self.judged.items():
            if rule.metric in OF_COLUMNS and rule.subject is not None and rule.subject not in columns:
                raise InputError(
                    f"alert.rules.{name}.subject: {rule.subject!r} is no input of the model"
                    f"{nearest(rule.subject, columns)}; expected null or one of {', '.join(columns)}"
                )

    @property
    def judged(self) -> dict[str, RuleSettings]:
        """The rules that windows are judged by."""
        return {name: rule for name, rule in self.rules.items() if rule.judged}

    @property
    def told(self) -> dict[str, Severity]:
        """The sinks that are on, and the least severe alert that each is told; those of the project are told of all."""
        ways: dict[str, LogSettings | WebhookSettings | SmtpSettings]
        ways = {"log": self.log, "webhook": self.webhook, "smtp": self.smtp}
        found = {name: way.at_least for name, way in ways.items() if way.enabled}
        return found | dict.fromkeys(self.sinks, SEVERITIES[0])

    def owed(self, severity: str) -> list[str]:
        """The sinks that are told of an alert of this severity."""
        grave = _grave(severity)
        return [name for name, at_least in self.told.items() if grave >= _grave(at_least)]


def _grave(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _check(key: str, rule: RuleSettings) -> None:
    """Refuse a rule that could not mean anything, in one line that says what to change."""
    if rule.above is not None and rule.below is not None:
        raise InputError(f"{key}: above {rule.above:g} and below {rule.below:g} are both set; set one of them to null")
    if rule.enabled == "true" and rule.threshold is None:
        raise InputError(f"{key}: neither above nor below is set; give {key}.above=VALUE or {key}.below=VALUE")
    if rule.cooldown is not None:
        seconds(rule.cooldown, f"{key}.cooldown")
    if rule.resolve is None or rule.threshold is None:
        return
    if rule.above is not None and rule.resolve > rule.above:
        raise InputError(f"{key}.resolve: {rule.resolve:g} is more than above={rule.above:g}; expected at most that")
    if rule.below is not None and rule.resolve < rule.below:
        raise InputError(f"{key}.resolve: {rule.resolve:g} is less than below={rule.below:g}; expected at least that")
