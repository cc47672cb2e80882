"""Quality: on outcomes that are known by now, the champion is worse than on its test rows, or worth too little.

It is read from the newest window that has the figure, for truth arrives late; what chance may explain asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.errors import InputError
from ..context import RetrainingContext
from ..triggers import OFF, Finding

if TYPE_CHECKING:
    from ...monitoring.measure import Measure
    from ...monitoring.window import Window

#: Windows that are looked through for the newest figure.
WINDOWS = 100


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`quality_loss` is a share of the figure on the test rows, `min_value` the worth of one prediction."""

    quality_loss: float | None
    min_value: float | None


def look(context: RetrainingContext, settings: Settings) -> Finding:
    """Compare the newest figures of the champion with what is allowed."""
    from ...monitoring.window import LOG, kept, streams
    from .logged import database

    if (settings.quality_loss is None and settings.min_value is None) or context.champion is None:
        return OFF
    try:
        with database(context.config) as opened:
            own = {
                stream: [window for window in kept(opened, stream, WINDOWS) if _of_champion(context, window)]
                for stream in streams(LOG)
            }
    except InputError as away:
        return Finding(False, f"the log cannot be read: {away}")
    found = []
    if settings.quality_loss is not None:
        losses = {stream: _newest(windows, "quality_loss") for stream, windows in own.items()}
        found.append(_of_loss(losses[LOG], settings.quality_loss))
        for stream, loss in losses.items():  # worse in one deployment than in all: it may hide behind the others
            if stream != LOG and loss is not None and loss != losses[LOG]:
                part = _of_loss(loss, settings.quality_loss)
                found.append(Finding(part.asks, f"{stream}: {part.message}"))
    if settings.min_value is not None:
        found.append(_of_value(_newest(own[LOG], "value_per_prediction"), settings.min_value))
    asking = [finding for finding in found if finding.asks]
    return Finding(bool(asking), "; ".join(finding.message for finding in asking or found))


def _of_champion(context: RetrainingContext, window: Window) -> bool:
    """Whether a window is of this champion, since it took over."""
    assert context.champion is not None
    mine = window.model_version == context.champion.version
    return mine and (context.since is None or window.end > context.since.timestamp())


def _newest(windows: list[Window], metric: str) -> Measure | None:
    """The newest figure of a metric over the whole."""
    for window in reversed(windows):
        for measure in window.of(metric, ""):
            if measure.value is not None:
                return measure
    return None


def _of_loss(loss: Measure | None, limit: float) -> Finding:
    if loss is None or loss.value is None:
        return Finding(False, "no window of the champion has enough outcomes yet")
    beyond = loss.value > limit
    unsure = "" if loss.proven or not beyond else ", which may be chance"
    return Finding(beyond and loss.proven, f"{loss.message}; retrain.quality_loss={limit:g}{unsure}")


def _of_value(value: Measure | None, limit: float) -> Finding:
    if value is None or value.value is None:
        return Finding(False, "no window of the champion has a value yet")
    below = value.value < limit
    unsure = "" if value.proven or not below else ", which may be chance"
    return Finding(below and value.proven, f"{value.message}; retrain.min_value={limit:g}{unsure}")
