"""The newest windows as a text file for Prometheus: put it where node_exporter's textfile collector looks.

# HELP churn_monitor_input_drift population stability index of an input against the training rows
# TYPE churn_monitor_input_drift gauge
churn_monitor_input_drift{subject="age",stream="log",version="7",proven="1"} 0.31
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .measure import METRICS

if TYPE_CHECKING:
    from .alerts import FiringAlert
    from .window import Window


def text(package: str, newest: Window, firing: Sequence[FiringAlert]) -> str:
    """The newest window's figures, of all and by deployment where there are several, and what is firing; what there is
    not enough data for is left out."""
    return "\n".join(_lines(f"{package}_monitor", newest, firing)) + "\n"


def _lines(prefix: str, newest: Window, firing: Sequence[FiringAlert]) -> Iterator[str]:
    each = (newest, *newest.apart)
    for metric, meaning in METRICS.items():
        figures = [(part, figure) for part in each for figure in part.of(metric) if figure.value is not None]
        if figures:
            yield f"# HELP {prefix}_{metric} {meaning}"
            yield f"# TYPE {prefix}_{metric} gauge"
        for part, figure in figures:
            labels = f'subject="{_escaped(figure.subject)}",{_common(newest, part)},proven="{int(figure.proven)}"'
            yield _sample(f"{prefix}_{metric}", labels, figure.value)
    yield f"# HELP {prefix}_alert_firing alerts that are firing"
    yield f"# TYPE {prefix}_alert_firing gauge"
    for alert in firing:
        labels = f'rule="{_escaped(alert.rule)}",subject="{_escaped(alert.subject)}",severity="{alert.severity}"'
        labels += f',deployment="{alert.deployment}"' if alert.deployment else ""
        yield _sample(f"{prefix}_alert_firing", labels, 1)
    for name, meaning, values in (
        ("rows", "predictions in the newest window", [part.rows for part in each]),
        ("window_end_seconds", "end of the newest window, in seconds since 1970", [part.end for part in each]),
    ):
        yield f"# HELP {prefix}_{name} {meaning}"
        yield f"# TYPE {prefix}_{name} gauge"
        for part, value in zip(each, values, strict=True):
            yield _sample(f"{prefix}_{name}", _common(newest, part), value)


def _common(newest: Window, part: Window) -> str:
    """The labels that say of what a figure is; one of all deployments has no label for them."""
    deployment = f',deployment="{part.deployment}"' if part.deployment else ""
    return f'stream="{newest.stream}",version="{_escaped(part.model_version)}"{deployment}'


def _sample(name: str, labels: str, value: float | None) -> str:
    return name + "{" + labels + "} " + repr(value)


def _escaped(label: str) -> str:
    """A label's value as the format wants it."""
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
