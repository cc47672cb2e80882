"""The table that a training ends with: who scored what on the test rows, with intervals, and what serving costs.

  model                         roc_auc              log_loss   p99 ms    MB
  majority       baseline       0.5 [0.5, 0.5]          0.579     0.02  0.01
● lightgbm       candidate      0.931 [0.926, 0.936]    0.272     0.04  1.20
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.figures import figure as shown
from ..core.figures import interval

if TYPE_CHECKING:
    from ..usecase.evaluated import EvaluatedModel
    from .gate import Decision


def rows(beside: Sequence[str], models: Sequence[EvaluatedModel], decision: Decision) -> list[dict[str, Any]]:
    """Return the scorecard as data: one row per model in the order they were fitted, the promoted one marked."""
    others = [name for name in beside if name != decision.metric][:2]
    return [
        {
            "": "●" if model is decision.promoted else " ",
            "model": model.name if model.version is None else f"{model.name} (version {model.version})",
            "role": model.kind,
            decision.metric: figure(model.metrics[decision.metric], *decision.intervals[model.key]),
            **{name: shown(model.metrics[name]) for name in others},
            "p99 ms": shown(model.latency.p99_ms, 2) if model.latency else "",
            "MB": shown(model.megabytes, 2) if model.latency else "",
        }
        for model in models
    ]


def figure(value: float, low: float, high: float) -> str:
    """A metric with its interval, such as `0.931 [0.926, 0.936]`."""
    return interval(value, low, high)
