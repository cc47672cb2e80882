"""What explains a model, drawn: its importances, its curves, its weak slices, its learning curve, each as PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ...core.drawing import plain_names
from ...core.figures import figure
from ..plots import ACCENT, FAINT, INK, INPUTS, OTHER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...contract.schema import Contract
    from ..metrics import Metric
    from .dependence import Dependence
    from .importance import Importance
    from .learning import Point
    from .slices import Slice

#: What each picture shows, for the reader of the card.
CAPTIONS = {
    "importance": "How much worse the metric gets, on rows that the model did not see, when an input is shuffled: the "
    "mean, and the least and the most of the shuffles. Inputs that say the same share what they are worth.",
    "shap": "How far an input moves a prediction, up or down, whatever that is worth.",
    "partial_dependence": "The mean answer by the value of an input, all others as they are; the band holds 80 % of "
    "the single rows. Ticks at the bottom are where the values lie.",
    "slices": "Rows of one level or range in which the metric is worst, with an interval widened for all slices looked "
    "at. Orange: worse than the whole (dashed) beyond luck.",
    "learning_curve": "The metric by number of training rows. Where it still gets better at its end, more rows help.",
}
#: Inches of a picture, and of one panel of several: three beside each other get a row of their own on the card.
PICTURE, PANEL = (5.2, 4.2), (3.6, 2.6)
#: Colours of a picture: so many look like all, and make a page of a third of the size.
COLOURS = 64


def draw(
    metric: Metric,
    weighed: Sequence[Importance],
    curves: Sequence[Dependence],
    weak: Sequence[Slice],
    learnt: Sequence[Point],
    whole: float,
    contract: Contract,
) -> dict[str, bytes]:
    """The pictures by name; none of what was not measured."""
    drawn = {}
    if weighed:
        drawn["importance"] = _sheet([lambda axes: _worse(axes, weighed, metric)], 1, PICTURE)
    if any(each.shap for each in weighed):
        drawn["shap"] = _sheet([lambda axes: _shap(axes, weighed, contract)], 1, PICTURE)
    if curves:
        across = min(3, len(curves))
        size = (PANEL[0] * across, PANEL[1] * -(-len(curves) // across))
        panels = [lambda axes, each=each: _dependence(axes, each) for each in curves]
        drawn["partial_dependence"] = _sheet(panels, across, size)
    if weak:
        drawn["slices"] = _sheet([lambda axes: _slices(axes, weak, metric, whole)], 1, PICTURE)
    if len(learnt) > 1:
        drawn["learning_curve"] = _sheet([lambda axes: _learning(axes, learnt, metric)], 1, PICTURE)
    return drawn


@plain_names()
def _sheet(panels: Sequence[Callable[[Axes], None]], across: int, size: tuple[float, float]) -> bytes:
    """Paint panels side by side and return them as PNG. pyplot keeps state and is slow to import: not used."""
    import numpy as np
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    with rc_context({"text.parse_math": False, "axes.labelsize": 11}):
        sheet = Figure(figsize=size, dpi=110, facecolor="white", layout="constrained")
        canvas = FigureCanvasAgg(sheet)
        for number, paint in enumerate(panels):
            axes = sheet.add_subplot(-(-len(panels) // across), across, number + 1)
            axes.spines[["top", "right"]].set_visible(False)
            axes.spines[["left", "bottom"]].set_color(FAINT)
            axes.tick_params(colors=INK, labelsize=10, color=FAINT)
            axes.grid(color="#eef1f4", linewidth=0.8)
            axes.set_axisbelow(True)
            paint(axes)
            axes.title.set(fontsize=11, color=INK, fontweight="bold")
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).quantize(COLOURS).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _worse(axes: Axes, weighed: Sequence[Importance], metric: Metric) -> None:
    top = list(weighed[:INPUTS])[::-1]
    axes.grid(visible=False, axis="y")
    names = [short(each.input, 26) for each in top]
    axes.barh(range(len(top)), [each.worse for each in top], color=ACCENT, height=0.7)
    axes.hlines(range(len(top)), [e.least for e in top], [e.most for e in top], color=OTHER, linewidth=2)
    axes.axvline(0, color=FAINT, linewidth=1)
    axes.set_yticks(range(len(top)), names)
    axes.set(xlabel=f"{metric.name} lost when it is shuffled", title="What the model needs")


def _shap(axes: Axes, weighed: Sequence[Importance], contract: Contract) -> None:
    top = sorted(weighed, key=lambda each: -(each.shap or 0.0))[:INPUTS][::-1]
    axes.grid(visible=False, axis="y")
    axes.barh(range(len(top)), [each.shap or 0.0 for each in top], color=ACCENT, height=0.7)
    axes.set_yticks(range(len(top)), [short(each.input, 26) for each in top])
    unit = (
        "mean |SHAP|, in log-odds" if contract.labels else f"mean |SHAP|, as the model adds up {contract.target.name}"
    )
    axes.set(xlabel=unit, title="What moves a prediction")


def _dependence(axes: Axes, curve: Dependence) -> None:
    from matplotlib import colormaps

    place: Any = list(curve.values) if curve.numeric else list(range(len(curve.values)))
    several = len(curve.means) > 1
    line = "-" if curve.numeric else "o"
    for number, (name, mean) in enumerate(curve.means.items()):
        colour = colormaps["viridis"](0.05 + 0.85 * number / max(len(curve.means) - 1, 1)) if several else ACCENT
        axes.plot(place, mean, line, color=colour, linewidth=1.8, markersize=4, label=short(name, 18))
    if len(curve.low) and curve.numeric:
        axes.fill_between(place, curve.low, curve.high, color=ACCENT, alpha=0.15, linewidth=0)
    elif len(curve.low):
        axes.vlines(place, curve.low, curve.high, color=ACCENT, alpha=0.25, linewidth=6)
    if curve.numeric:
        axes.plot(place, [0.02] * len(place), "|", color=INK, markersize=5, transform=axes.get_xaxis_transform())
    else:
        crowded = len(place) > 3 or max(len(str(value)) for value in curve.values) > 9
        words = [short(str(value), 14) for value in curve.values]
        step = max(1, -(-len(words) // 8))
        axes.set_xticks(
            place[::step], words[::step], rotation=35 if crowded else 0, ha="right" if crowded else "center"
        )
    if several:
        axes.legend(fontsize=8, frameon=False)
    axes.set(title=short(curve.input, 30), ylabel="" if several else short(next(iter(curve.means)), 24))


def _slices(axes: Axes, weak: Sequence[Slice], metric: Metric, whole: float) -> None:
    shown = list(weak)[::-1]
    axes.grid(visible=False, axis="y")
    for row, each in enumerate(shown):
        colour = OTHER if each.weak else ACCENT
        axes.plot([each.low, each.high], [row, row], color=colour, linewidth=2, alpha=0.6)
        axes.plot([each.value], [row], "o", color=colour, markersize=6)
    axes.axvline(whole, color=INK, linewidth=1, linestyle="--")
    axes.locator_params(axis="x", nbins=5)
    axes.set_yticks(range(len(shown)), [f"{short(each.name, 26)}\n{each.rows:,} rows" for each in shown], fontsize=8)
    axes.set(xlabel=f"{metric.name} (all rows: {figure(whole)})", title="Where it is weakest")


def _learning(axes: Axes, learnt: Sequence[Point], metric: Metric) -> None:
    rows = [point.rows for point in learnt]
    axes.fill_between(rows, [p.low for p in learnt], [p.high for p in learnt], color=ACCENT, alpha=0.15, linewidth=0)
    axes.plot(rows, [point.value for point in learnt], "o-", color=ACCENT, linewidth=1.8)
    axes.set(xlabel="training rows", ylabel=metric.name, title="Learning curve")


def short(text: str, letters: int) -> str:
    """A name cut to so many letters, with the sign that says so."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
