"""The table that a training ends with: who scored what on the test rows, with intervals, and what serving costs.

  model                         roc_auc              log_loss   p99 ms    MB
  majority       baseline       0.5 [0.5, 0.5]          0.579     0.02  0.01
● lightgbm       candidate      0.931 [0.926, 0.936]    0.272     0.04  1.20
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .entrants import Entrant
    from .gate import Decision


def rows(task: str, entrants: Sequence[Entrant], decision: Decision) -> list[dict[str, Any]]:
    """Return the scorecard as data: one row per entrant in the order they were fitted, the promoted one marked."""
    from . import metrics

    others = [name for name in metrics.BESIDE[task] if name != decision.metric][:2]
    return [
        {
            "": "●" if entrant is decision.promoted else " ",
            "model": entrant.name if entrant.version is None else f"{entrant.name} (version {entrant.version})",
            "role": entrant.kind,
            decision.metric: figure(entrant.metrics[decision.metric], *decision.intervals[entrant.key]),
            **{name: f"{entrant.metrics[name]:.4g}" for name in others},
            "p99 ms": f"{entrant.latency.p99_ms:.2g}" if entrant.latency else "",
            "MB": f"{entrant.megabytes:.2g}" if entrant.latency else "",
        }
        for entrant in entrants
    ]


def lines(table: Sequence[dict[str, Any]]) -> list[str]:
    """Return the scorecard as aligned lines of text, its heading first."""
    names = list(table[0])
    cells = [names, *([str(row[name]) for name in names] for row in table)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def figure(value: float, low: float, high: float) -> str:
    """A metric with its interval, such as `0.931 [0.926, 0.936]`."""
    return f"{value:.4g} [{low:.4g}, {high:.4g}]"
