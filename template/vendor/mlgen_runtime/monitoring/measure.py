"""One figure of one window: what was measured, of what, on how many rows, and whether chance alone could explain it.

    Measure(metric="input_drift", subject="age", value=0.31, rows=4800, proven=True,
            message="age: PSI 0.31 against the training rows (4,800 rows; without drift it stays below 0.006)")

The names of metrics are stable: rules of alerts and triggers of retraining name them (docs/monitor.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..core.jsonable import plain

#: Every metric and what it says in a few words; `monitor` knows no other.
METRICS: Mapping[str, str] = {
    "input_drift": "population stability index of an input against the training rows",
    "missing": "share of missing values of an input",
    "unseen": "share of values of an input that training never saw",
    "prediction_drift": "population stability index of the predictions against those for the test rows",
    "prediction_share": "share of a label among the predictions",
    "violations": "share of requests refused because the input broke the contract (422)",
    "error_rate": "share of requests that failed in the server (5xx)",
    "latency_p50_ms": "half of the requests took no longer, in milliseconds",
    "latency_p95_ms": "19 of 20 requests took no longer, in milliseconds",
    "latency_p99_ms": "99 of 100 requests took no longer, in milliseconds",
    "latency_ratio": "95th percentile of the latency against the median of earlier quiet windows",
    "quality": "the metric of the gate on rows whose truth is known",
    "quality_loss": "how much worse that is than on the test rows, as a share",
    "bias": "mean of prediction less truth, as a share of the truth's spread",
    "coverage": "share of truths inside the predicted interval",
    "mase": "mean absolute error of forecasts in units of the seasonal naive error",
    "level_drift": "how far the level moved from the history's, in units of what is usual",
    "season_drift": "how far the seasonal pattern moved from the history's, in units of what is usual",
    "value": "business value of all predictions whose truth is known",
    "value_per_prediction": "business value of one prediction",
    "requests": "requests in the window",
    "data_age_hours": "hours since the newest value that the answers rest on",
    "data_age_reach": "that age as a share of what forecasts reach ahead; above 1 they lie in the past",
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure. `subject` is the column, slice ("plan=basic") or label; "" for the whole. `value` None: not enough
    data. `proven` is False where the difference may be chance: no rule fires on it. `message` is for people; `low` and
    `high` are an interval of the value where it has one, `usual` is what it stays below in nearly all quiet windows."""

    metric: str
    subject: str
    value: float | None
    rows: int
    proven: bool
    message: str
    low: float | None = None
    high: float | None = None
    usual: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain data."""
        found: dict[str, Any] = plain(asdict(self))
        return found

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Measure:
        """The figure from plain data."""
        return cls(**entries)


def blank(metric: str, subject: str, rows: int, needed: int) -> Measure:
    """The figure that stands for too few rows."""
    message = f"{subject or metric}: not enough data ({rows:,} rows, {needed:,} are needed)"
    return Measure(metric=metric, subject=subject, value=None, rows=rows, proven=False, message=message)
