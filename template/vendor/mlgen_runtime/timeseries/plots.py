"""The pictures of a forecaster, as PNG: history with forecasts and bands, the windows, the error by step, what is left.

Drawn from the backtest's forecasts. Of many series a few are shown: those forecast best, typically and worst.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.drawing import plain_names
from ..core.figures import figure

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from ..usecase.evaluated import EvaluatedModel
    from .cases import Cases
    from .preparation import Prepared

INK, ACCENT, OTHER, FAINT = "#1c2733", "#0b6e99", "#d9822b", "#c9d1d9"
#: Series that are drawn, inputs of the importance chart, horizons of history before the windows.
SHOWN, INPUTS, BEFORE = 4, 15, 3

#: What each picture shows, for the reader of the card.
CAPTIONS = {
    "forecast": "What came, in ink; what was forecast in each window, with its band: colours change with the origin.",
    **{
        f"forecast_{number}": "Another series, likewise; they are ordered from the best to the worst."
        for number in (2, 3, 4)
    },
    "windows": "Where each window lies: learnt from what is left of it, judged on the orange steps.",
    "error_by_step": "The mean absolute error of each step ahead, relative to the seasonal naive error in the history.",
    "coverage": "The share of values inside the band, by step ahead; the line is what was asked for.",
    "error_by_series": "How the error is spread over the series: one bar can hide a few that are forecast badly.",
    "autocorrelation": "What errors have in common with those some steps before: beyond the band is a pattern.",
    "importance": "How much each input contributes to the splits of the trees.",
}


def draw(prepared: Prepared, chosen: EvaluatedModel, importance: Mapping[str, float]) -> dict[str, bytes]:
    """Return the pictures of a model by name, in reading order, each as PNG bytes.

    `importance` is input to share (its sum is 1 where the model has any).
    """
    from . import metrics

    truth, scores = prepared.truth, chosen.scores
    each = metrics.by_series(truth, scores)
    drawn: dict[str, bytes] = {}
    for number, series in enumerate(_typical(each)):
        name = " / ".join(truth.keys[series]) or prepared.contract.target.name
        title = f"{name}: MASE {figure(each[series], 3)}" if each[series] == each[series] else name
        drawn["forecast" if not number else f"forecast_{number + 1}"] = _picture(
            _bound(_forecast, prepared, truth, scores, series, title), wide=True
        )
    if prepared.later is None:
        drawn["windows"] = _picture(_bound(_windows, prepared))
    drawn["error_by_step"] = _picture(_bound(_error_by_step, metrics.by_step(truth, scores)))
    if len(truth.quantiles) > 1:
        drawn["coverage"] = _picture(_bound(_coverage, truth, scores))
    if len(truth.keys) > 1:
        drawn["error_by_series"] = _picture(_bound(_error_by_series, each))
    residuals = _residuals(truth, scores)
    if len(residuals) > 3:
        drawn["autocorrelation"] = _picture(_bound(_autocorrelation, residuals))
    if any(importance.values()):
        drawn["importance"] = _picture(_bound(_importance, importance))
    return drawn


def _bound(draw: Callable[..., None], *given: Any) -> Callable[[Axes], None]:
    return lambda axes: draw(axes, *given)


@plain_names()
def _picture(draw: Callable[[Axes], None], wide: bool = False) -> bytes:
    """One picture of fixed size; text in the card's ink, no frame."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "axes.labelsize": 11}):  # a dollar sign in a name is no formula
        figure = Figure(figsize=(10, 3.6) if wide else (5, 3.8), dpi=110, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(colors=INK, labelsize=10 if wide else 11, color=FAINT)
        draw(axes)
        axes.title.set_fontsize(12)
        data = io.BytesIO()
        figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()


def _typical(each: np.ndarray) -> list[int]:
    """Positions of the series forecast best, worst and in between; all where there are few."""
    import numpy as np

    judged = np.flatnonzero(~np.isnan(each))
    order = judged[np.argsort(each[judged], kind="stable")]
    if len(order) <= SHOWN:
        return [int(series) for series in order] or [0]
    return [int(order[round(share * (len(order) - 1))]) for share in np.linspace(0, 1, SHOWN)]


def _forecast(axes: Axes, prepared: Prepared, truth: Cases, scores: np.ndarray, series: int, title: str) -> None:
    """The newest history, and every window's forecast with its band."""
    import numpy as np

    backtest = prepared.backtest
    panel = backtest.panel
    mine = np.flatnonzero(truth.series == series)
    reach = max(backtest.cuts[-1] if prepared.later is None else 0, backtest.horizon) + BEFORE * backtest.horizon
    start = max(0, panel.steps - max(reach, 2 * backtest.season))
    times = backtest.frequency.clock(panel.ordinals()[series, start:])
    axes.plot(times, panel.target[series, start:], color=INK, linewidth=1, label="actual")
    for number, case in enumerate(mine):
        steps = truth.origin[case] + backtest.gap + np.arange(1, backtest.horizon + 1)
        ahead = backtest.frequency.clock(steps)
        color = (ACCENT, OTHER)[number % 2]
        if prepared.later is not None:
            axes.plot(ahead, truth.actual[case], color=INK, linewidth=1)
        if len(truth.quantiles) > 1:
            axes.fill_between(ahead, scores[case, :, 1], scores[case, :, -1], color=color, alpha=0.2, linewidth=0)
        axes.plot(ahead, scores[case, :, 0], color=color, linewidth=1.4, label="forecast" if not number else None)
    axes.set_title(title, loc="left")
    axes.legend(frameon=False, fontsize=10, loc="upper left")


def _windows(axes: Axes, prepared: Prepared) -> None:
    """Every window as a bar: what it learns from, and what it is judged on."""
    backtest = prepared.backtest
    longest = backtest.cuts[-1] + BEFORE * backtest.horizon
    for row, cut in enumerate(backtest.cuts):
        axes.barh(row, longest - cut, left=-longest, color=FAINT, height=0.6)
        axes.barh(row, backtest.horizon, left=backtest.gap - cut, color=OTHER, height=0.6)
    axes.set_yticks(range(len(backtest.cuts)), [str(row + 1) for row in range(len(backtest.cuts))])
    axes.set_xlabel("steps before the newest value")
    axes.set_ylabel("window")


def _error_by_step(axes: Axes, errors: np.ndarray) -> None:
    axes.plot(range(1, len(errors) + 1), errors, color=ACCENT, marker="o" if len(errors) <= 30 else None, markersize=3)
    axes.axhline(1, color=FAINT, linewidth=1)
    axes.set_xlabel("step ahead")
    axes.set_ylabel("MASE")
    axes.set_ylim(bottom=0)


def _coverage(axes: Axes, truth: Cases, scores: np.ndarray) -> None:
    import numpy as np

    known = ~np.isnan(truth.actual)
    inside = known & (scores[:, :, 1] <= truth.actual) & (truth.actual <= scores[:, :, -1])
    share = inside.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    axes.plot(range(1, len(share) + 1), share, color=ACCENT, marker="o" if len(share) <= 30 else None, markersize=3)
    axes.axhline(truth.quantiles[-1] - truth.quantiles[0], color=OTHER, linewidth=1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("step ahead")
    axes.set_ylabel("share inside the band")


def _error_by_series(axes: Axes, each: np.ndarray) -> None:
    import numpy as np

    known = each[~np.isnan(each)]
    axes.hist(np.minimum(known, np.quantile(known, 0.99)), bins=min(40, max(5, len(known) // 4)), color=ACCENT)
    axes.axvline(float(np.mean(known)), color=OTHER, linewidth=1.5, label=f"mean {figure(np.mean(known), 3)}")
    axes.set_xlabel("MASE of a series")
    axes.set_ylabel("series")
    axes.legend(frameon=False, fontsize=10)


def _residuals(truth: Cases, scores: np.ndarray) -> np.ndarray:
    """Scaled errors in the order of time: window after window, oldest first, averaged over the series."""
    import numpy as np

    errors = (truth.actual - scores[:, :, 0]) / truth.scale[:, None]
    rows = []
    for window in truth.windows[::-1]:
        mine = errors[truth.window == window]
        known = ~np.isnan(mine)
        rows.append(np.where(known, mine, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
    return np.concatenate(rows) if rows else np.empty(0)


def _autocorrelation(axes: Axes, residuals: np.ndarray) -> None:
    import numpy as np

    centred = residuals - residuals.mean()
    size = float(centred @ centred) or 1.0
    lags = range(1, min(40, len(centred) // 2) + 1)
    values = [float(centred[lag:] @ centred[:-lag]) / size for lag in lags]
    axes.bar(list(lags), values, color=ACCENT, width=0.6)
    bound = 1.96 / np.sqrt(len(centred))
    axes.axhspan(-bound, bound, color=FAINT, alpha=0.4, linewidth=0)
    axes.set_xlabel("lag, steps")
    axes.set_ylabel("autocorrelation of the errors")


def _importance(axes: Axes, importance: Mapping[str, float]) -> None:
    shown: Sequence[tuple[str, float]] = sorted(importance.items(), key=lambda item: item[1])[-INPUTS:]
    shown = [(name, share) for name, share in shown if share > 0]
    names = [textwrap.fill(name, 24, max_lines=4, placeholder=" …") if len(name) > 24 else name for name, _ in shown]
    axes.barh(names, [share for _, share in shown], color=ACCENT)
    axes.set_xlabel("share of the gain")
