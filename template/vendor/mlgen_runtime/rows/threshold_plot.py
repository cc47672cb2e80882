"""One picture: what each threshold of a binary classifier would give, and the one that is served.

Precision and recall on the left axis, the value of a row on the right one where a table says what outcomes are worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .decision.rule import DecisionRule

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

INK, PRECISION, RECALL, VALUE, CHOSEN = "#1c2733", "#0b6e99", "#d9822b", "#4a8f5c", "#8a939c"
#: At most so many points of a curve.
POINTS = 1000
CAPTION = (
    "What another threshold would give on these rows: fewer alarms and more missed to the right. The dashed line is "
    "the one that is served."
)


def paint(axes: Axes, truth: np.ndarray, printed: np.ndarray, rule: DecisionRule, label: str) -> None:
    """Draw the curves. `truth` [n] is 0 or 1, `printed` [n] the probabilities of the positive class `label`."""
    import numpy as np

    from .decision import threshold

    found = threshold.curve(truth, printed)
    kept = np.unique(np.linspace(0, max(len(found.thresholds) - 1, 0), POINTS).astype(int))
    kept = kept[kept < len(found.thresholds)]
    x, called = found.thresholds[kept], found.tables[kept][:, :, 1].sum(axis=1) > 0
    lines: list[Any] = []
    # above the highest probability nothing is called positive, and of nothing no share is right
    lines += axes.plot(x[called], found.precision[kept][called], color=PRECISION, linewidth=1.8, label="precision")
    lines += axes.plot(x, found.recall[kept], color=RECALL, linewidth=1.8, label="recall")
    axes.set(xlim=(0, 1), ylim=(0, 1.01), xlabel=f"threshold of {label[:40]}", ylabel="precision, recall")
    if rule.value is not None:
        right = axes.twinx()
        right.spines[["top", "left", "bottom"]].set_visible(False)
        right.tick_params(colors=INK, labelsize=11)
        lines += right.plot(x, found.figure("value", rule.value)[kept], color=VALUE, linewidth=1.8, label="value")
        right.set_ylabel("value of a row", fontsize=12)
    named = f"served: {rule.threshold:g}"
    lines.append(axes.axvline(rule.threshold, color=CHOSEN, linewidth=1.4, linestyle="--", label=named))
    axes.set_title("By threshold")
    figure = axes.get_figure()
    assert figure is not None
    figure.legend(handles=lines, fontsize=9, frameon=False, loc="outside lower center", ncols=len(lines))
