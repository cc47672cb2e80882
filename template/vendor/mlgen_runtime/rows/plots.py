"""The pictures of a trained model, as PNG: what it confuses, how it ranks, whether its probabilities can be believed.

Drawn from the test rows as the bundle predicts them. Scatter plots show a bounded sample, so the time does not grow
with the data.
"""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core.drawing import plain_names
from . import threshold_plot

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

    from ..usecase.evaluated import EvaluatedModel
    from .decision.decided import Scores
    from .preparation import Prepared

INK, ACCENT, OTHER, FAINT = "#1c2733", "#0b6e99", "#d9822b", "#c9d1d9"
#: At most so many points of a scatter plot, classes of a confusion matrix with figures, inputs of the importance chart.
POINTS, CLASSES, INPUTS = 3000, 12, 15


#: What each picture shows, for the reader of the card.
CAPTIONS = {
    "confusion": "Rows are the true classes. A good model is dark on the diagonal.",
    "roc": "How well the model ranks: the chance that a random positive is ranked above a random negative.",
    "precision_recall": "Of the rows called positive, the share that is; against the share of all positives found.",
    "threshold": threshold_plot.CAPTION,
    "calibration": "On the diagonal, “70 %” comes true in 70 of 100 cases.",
    "fit": "On the line, the prediction is the truth.",
    "residuals": "A band without shape around zero: no pattern is left to learn.",
    "residual_histogram": "How large the errors are, and whether they lean to one side.",
    "interval": "Split-conformal intervals: their coverage holds whatever the distribution of the errors.",
    "importance": "How much each input contributes to the splits of the trees, or to the weights of the linear model.",
}


def draw(prepared: Prepared, chosen: EvaluatedModel, importance: Mapping[str, float]) -> dict[str, bytes]:
    """Return the pictures of a model by name, in reading order, each as PNG bytes.

    `importance` is input to share of the gain (its sum is 1 where the model has any).
    """
    labels, target = prepared.contract.labels, prepared.contract.target.name
    return pictures(labels, prepared.truth, chosen.outputs, chosen.scores, importance, target)


def pictures(
    labels: Sequence[str],
    truth: np.ndarray,
    outputs: Mapping[str, np.ndarray],
    found: Scores,
    importance: Mapping[str, float],
    target: str,
) -> dict[str, bytes]:
    """Return the pictures by name.

    `truth` is [n] values or label codes; `found` [n] values, or what a classifier says; `outputs` the predictor's
    columns.
    """
    from .decision import decided

    scores = decided.probabilities(found)
    if labels:
        codes = decided.decide(found)
        drawn = {
            "confusion": _picture(lambda axes: _confusion(axes, labels, truth, codes)),
            "roc": _picture(lambda axes: _roc(axes, labels, truth, scores)),
            "precision_recall": _picture(lambda axes: _precision_recall(axes, labels, truth, scores)),
            "calibration": _picture(lambda axes: _calibration(axes, labels, truth, scores)),
        }
        if (served := decided.served(found)) is not None:
            paint = functools.partial(threshold_plot.paint, rule=served, label=labels[-1])
            drawn["threshold"] = _picture(lambda axes: paint(axes, truth, scores[:, 1]))
    else:
        drawn = {
            "fit": _picture(lambda axes: _fit(axes, truth, scores, target)),
            "residuals": _picture(lambda axes: _residuals(axes, truth, scores, target)),
            "residual_histogram": _picture(lambda axes: _residual_histogram(axes, truth, scores, target)),
        }
        if "prediction_low" in outputs:
            drawn["interval"] = _picture(lambda axes: _interval(axes, truth, outputs, target))
    if any(importance.values()):
        drawn["importance"] = _picture(lambda axes: _importance(axes, importance))
    return drawn


@plain_names()
def _picture(paint: Callable[[Axes], None]) -> bytes:
    """Paint one chart and return it as PNG. pyplot keeps state and is slow to import: not used."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"text.parse_math": False, "axes.labelsize": 12}):  # a dollar sign in a name is no formula
        figure = Figure(figsize=(5.2, 4.2), dpi=110, facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(FAINT)
        axes.tick_params(colors=INK, labelsize=11, color=FAINT)
        axes.grid(color="#eef1f4", linewidth=0.8)
        axes.set_axisbelow(True)
        paint(axes)
        axes.title.set(fontsize=12, color=INK, fontweight="bold")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _confusion(axes: Axes, labels: Sequence[str], truth: np.ndarray, codes: np.ndarray) -> None:
    import numpy as np

    size = len(labels)
    counts = np.zeros((size, size), dtype=int)
    np.add.at(counts, (truth.astype(int), codes), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.grid(visible=False)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set(xlabel="predicted", ylabel="true", title="Confusion (shade: share of the true class)")
    if size <= CLASSES:
        for row in range(size):
            for column in range(size):
                shade = "white" if shares[row, column] > 0.55 else INK
                words, points = f"{counts[row, column]:,}", 13 if size <= 5 else 9
                axes.text(column, row, words, ha="center", va="center", color=shade, fontsize=points)
    shown = [_wrapped(label) for label in labels]
    axes.set_xticks(range(size), shown, rotation=0 if size <= 4 else 60)
    axes.set_yticks(range(size), shown)


def _curves(labels: Sequence[str], truth: np.ndarray, scores: np.ndarray) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, is this class [n], its probability [n]): the positive class of two, or every class that has test rows."""
    chosen = [len(labels) - 1] if len(labels) == 2 else range(len(labels))
    found = [(labels[code], truth.astype(int) == code, scores[:, code]) for code in chosen]
    return [entry for entry in found if entry[1].any() and not entry[1].all()][:CLASSES]


def _ranked(is_class: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives [m] at every distinct threshold, highest first."""
    import numpy as np

    order = np.argsort(-probability, kind="stable")
    last = np.flatnonzero(np.append(np.diff(probability[order]) != 0, True))
    hits = np.cumsum(is_class[order])[last]
    return hits, last + 1 - hits


def _thin(*series: np.ndarray) -> list[np.ndarray]:
    """At most POINTS points of a curve, its first and last among them."""
    import numpy as np

    kept = np.unique(np.linspace(0, len(series[0]) - 1, POINTS).astype(int))
    return [values[kept] for values in series]


def _roc(axes: Axes, labels: Sequence[str], truth: np.ndarray, scores: np.ndarray) -> None:
    import numpy as np

    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1)
    curves = _curves(labels, truth, scores)
    for number, (name, is_class, probability) in enumerate(curves):
        hits, alarms = _ranked(is_class, probability)
        x, y = np.append(0, alarms / alarms[-1]), np.append(0, hits / hits[-1])
        area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
        axes.plot(
            *_thin(x, y), color=_colour(number, len(curves)), linewidth=1.8, label=f"{_wrapped(name)}: area {area:.3f}"
        )
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC", xlim=(0, 1), ylim=(0, 1.01))
    _legend(axes, "lower right")


def _precision_recall(axes: Axes, labels: Sequence[str], truth: np.ndarray, scores: np.ndarray) -> None:
    curves = _curves(labels, truth, scores)
    for number, (name, is_class, probability) in enumerate(curves):
        hits, alarms = _ranked(is_class, probability)
        colour = _colour(number, len(curves))
        axes.plot(*_thin(hits / hits[-1], hits / (hits + alarms)), color=colour, linewidth=1.8, label=_wrapped(name))
        if len(curves) == 1:
            axes.axhline(is_class.mean(), color=FAINT, linewidth=1)
    axes.set(xlabel="recall", ylabel="precision", title="Precision and recall", xlim=(0, 1), ylim=(0, 1.01))
    _legend(axes, "lower left")


def _calibration(axes: Axes, labels: Sequence[str], truth: np.ndarray, scores: np.ndarray) -> None:
    import numpy as np

    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1)
    curves = _curves(labels, truth, scores)
    for number, (name, is_class, probability) in enumerate(curves):
        edges = np.unique(np.quantile(probability, np.linspace(0, 1, 11)))
        bins = np.clip(np.searchsorted(edges, probability, side="right") - 1, 0, max(len(edges) - 2, 0))
        filled = np.flatnonzero(np.bincount(bins))
        x = [probability[bins == one].mean() for one in filled]
        y = [is_class[bins == one].mean() for one in filled]
        axes.plot(x, y, "o-", color=_colour(number, len(curves)), markersize=4, linewidth=1.4, label=_wrapped(name))
    title = "Calibration (ten bins of equal size)"
    axes.set(xlabel="predicted probability", ylabel="observed share", title=title, xlim=(0, 1), ylim=(0, 1.01))
    _legend(axes, "upper left")


def _sample(rows: int) -> np.ndarray:
    import numpy as np

    return np.arange(rows) if rows <= POINTS else np.random.default_rng(0).choice(rows, POINTS, replace=False)


def _fit(axes: Axes, truth: np.ndarray, scores: np.ndarray, target: str) -> None:
    kept = _sample(len(truth))
    ends = [float(min(truth.min(), scores.min())), float(max(truth.max(), scores.max()))]
    axes.plot(ends, ends, color=OTHER, linewidth=1)
    axes.scatter(scores[kept], truth[kept], s=7, alpha=0.35, color=ACCENT, linewidths=0)
    axes.set(xlabel=f"predicted {target}", ylabel=f"true {target}", title="Predicted and true")


def _residuals(axes: Axes, truth: np.ndarray, scores: np.ndarray, target: str) -> None:
    kept = _sample(len(truth))
    axes.axhline(0, color=OTHER, linewidth=1)
    axes.scatter(scores[kept], (truth - scores)[kept], s=7, alpha=0.35, color=ACCENT, linewidths=0)
    axes.set(xlabel=f"predicted {target}", ylabel="residual (true - predicted)", title="Residuals")


def _residual_histogram(axes: Axes, truth: np.ndarray, scores: np.ndarray, target: str) -> None:
    import numpy as np

    residuals = truth - scores
    low, high = np.quantile(residuals, [0.005, 0.995])
    axes.hist(residuals, bins=50, range=(low, high if high > low else low + 1), color=ACCENT)
    axes.axvline(0, color=OTHER, linewidth=1)
    axes.set(xlabel=f"residual of {target} (middle 99 %)", ylabel="test rows", title="Distribution of the residuals")


def _interval(axes: Axes, truth: np.ndarray, outputs: Mapping[str, np.ndarray], target: str) -> None:
    import numpy as np

    kept = np.sort(_sample(len(truth))[:120])
    kept = kept[np.argsort(outputs["prediction"][kept], kind="stable")]
    low, high = outputs["prediction_low"], outputs["prediction_high"]
    inside = (low <= truth) & (truth <= high)
    place = np.arange(len(kept))
    axes.vlines(place, low[kept], high[kept], color="#9cc4d6", linewidth=2)
    hit = inside[kept]
    axes.scatter(place[hit], truth[kept][hit], s=9, color=ACCENT, linewidths=0, label="true value, inside")
    axes.scatter(place[~hit], truth[kept][~hit], s=13, color=OTHER, linewidths=0, label="true value, outside")
    title = f"Interval: holds {inside.mean():.1%} of the test rows"
    axes.set(xlabel="test rows, by prediction (a sample)", ylabel=target, title=title)
    _legend(axes, "upper left")


def _importance(axes: Axes, importance: Mapping[str, float]) -> None:
    top = sorted(importance.items(), key=lambda item: (-item[1], item[0]))[:INPUTS][::-1]
    axes.grid(visible=False, axis="y")
    axes.barh([_wrapped(name, 26) for name, _ in top], [value for _, value in top], color=ACCENT, height=0.7)
    axes.set(xlabel="share of the model's total gain", title="What the model looks at")


def _legend(axes: Axes, place: str) -> None:
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=10, frameon=False, loc=place)


def _colour(number: int, among: int) -> Any:
    if among == 1:
        return ACCENT
    from matplotlib import colormaps

    return colormaps["viridis"](0.05 + 0.85 * number / max(among - 1, 1))


def _wrapped(name: str, letters: int = 18) -> str:
    """A name on as many lines as it needs, up to four: the card's table of inputs has the whole of it."""
    return textwrap.fill(name, letters, max_lines=4, placeholder=" …") if len(name) > letters else name
