"""What evaluating a window gives, and what every evaluation does once its answers are beside their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import quality, value
from .window import Window

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.predictor import Predictor
    from .measure import Measure
    from .reading import Traffic
    from .settings import MonitorSettings
    from .time_range import TimeRange


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The figures of a window, and the counts that they were made of: of all, and of the deployments apart where there
    are several."""

    window: Window
    traffic: Traffic
    apart: Mapping[str, Traffic] = field(default_factory=dict)


def window_of(
    stream: str, time_range: TimeRange, model: Predictor, traffic: Traffic, measures: Sequence[Measure]
) -> Window:
    """Put a window's figures together; `model` is the one that it was compared with."""
    return Window(
        stream=stream,
        id=time_range.id,
        start=time_range.start,
        end=time_range.end,
        model_version=model.version,
        rows=traffic.rows,
        requests=traffic.requests,
        measures=tuple(measures),
    )


def wanted(settings: MonitorSettings) -> tuple[str, ...]:
    """The inputs that quality and value take beside the answers: columns of slices, and that of amounts."""
    amount = settings.value.amount
    return tuple(dict.fromkeys((*settings.slices, *(() if amount is None else (amount,)))))


def outcome_measures(
    model: Predictor,
    own: pd.DataFrame,
    answers: pd.DataFrame,
    settings: MonitorSettings,
    seed: int,
    before: Sequence[Window],
) -> list[Measure]:
    """Quality of the `own` answers of a model, and the value of all; `before` are the windows before this one."""
    return quality.measure(model, own, settings, seed, before) + value.measure(model, answers, settings)
