"""A window in short: the figures that matter for people, all of them as plain data, a few for a table of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core import figures
from ..core.jsonable import masked
from .settings import written
from .window import BATCH

if TYPE_CHECKING:
    from .measure import Measure
    from .window import Window

#: Figures that are always shown; of the others, those that differ from what is usual and the largest.
ALWAYS = ("requests", "violations", "error_rate", "latency_p99_ms", "quality", "value", "mase", "data_age_hours")
#: Lines of the table at most.
LINES = 24
#: How many figures of a metric are shown though nothing is wrong with them, where it is not one.
LARGEST = {"input_drift": 2, "prediction_share": 2, "missing": 0, "unseen": 0, "latency_p50_ms": 0, "latency_p95_ms": 0}
#: The ranks of figures that there is not enough data for, and of those that are as usual.
QUIET = (2, 3)
#: Figures that are shown as per cent.
SHARES = ("missing", "unseen", "prediction_share", "violations", "error_rate", "coverage", "quality_loss")
#: Characters of a sentence.
WIDTH = 100
#: Figures that say how what came in and went out differs from the training; there are always some where rows are.
DRIFT = ("input_drift", "missing", "unseen", "prediction_drift", "prediction_share", "level_drift", "season_drift")
#: Figures that are held against chance.
GUARDED = (
    "input_drift", "missing", "unseen", "prediction_drift", "prediction_share", "level_drift", "season_drift",
    "quality_loss", "bias", "coverage", "latency_ratio",
)  # fmt: skip


def rows(window: Window, *, whole: bool = False) -> list[dict[str, str]]:
    """The figures of a window that matter, the worrying ones first; `whole` where nothing needs to fit a terminal."""
    ordered = sorted(window.measures, key=_order)
    shown: list[Measure] = []
    for figure in ordered:
        quiet = sum(_rank(other) in QUIET and other.metric == figure.metric for other in shown)
        if _rank(figure) < min(QUIET) or (_rank(figure) in QUIET and quiet < LARGEST.get(figure.metric, 1)):
            shown.append(figure)
    return [
        {
            "": "!" if _rank(figure) == 0 else " ",
            "metric": figure.metric,
            "of": figure.subject if whole else figure.subject[:32],
            "value": shorten(figure),
            "verdict": verdict(figure),
            "because": _because(figure, whole),
        }
        for figure in shown[:LINES]
    ]


def part_title(part: Window) -> str:
    """What a deployment had, in a line, and whether it was enough to look at it apart."""
    from ..contract.catalogue import counted

    asked = counted(part.requests, "run" if part.deployment == BATCH else "request")
    drift = [figure for figure in part.measures if figure.metric in DRIFT]
    judged = [figure for figure in drift if figure.value is not None]
    moved = sum(figure.proven and figure.metric in GUARDED for figure in part.measures)
    verdict = "nothing moved by more than chance" if not moved else f"{counted(moved, 'figure')} moved"
    if drift and not judged:
        verdict = "too few to judge apart (monitor.min_rows)"
    elif not drift:
        verdict = "nothing to compare"
    what = f"{counted(part.rows, 'prediction')}, {asked}"
    return f"{part.deployment} alone: {what}, against version {part.model_version}: {verdict}"


def moved(part: Window, *, whole: bool = False) -> list[dict[str, str]]:
    """The figures of a deployment that moved, as `rows` has them."""
    return [row for row in rows(part, whole=whole) if row[""] == "!"]


def verdict(figure: Measure) -> str:
    """What a figure means, in a word or two."""
    if figure.value is None:
        return "not enough data"
    if figure.metric not in GUARDED:
        return ""
    return ("worse" if figure.metric == "quality_loss" else "moved") if figure.proven else "as usual"


def _because(figure: Measure, whole: bool) -> str:
    """The figure's sentence, without the subject that stands before it."""
    text = figure.message.removeprefix(f"{figure.subject}: ").removeprefix(f"{figure.metric}: ")
    text = text.removeprefix("not enough data ")
    return text if whole or len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def shorten(figure: Measure) -> str:
    """A value for people."""
    if figure.value is None:
        return "–"
    if figure.metric in SHARES:
        return f"{figure.value:.1%}"
    return figures.figure(figure.value)


def entries(window: Window) -> dict[str, Any]:
    """The whole window as plain data, and below it the part of each deployment."""
    return {
        "stream": window.stream,
        "id": window.id,
        "start": written(window.start),
        "end": written(window.end),
        "model_version": window.model_version,
        "rows": window.rows,
        "requests": window.requests,
        "measures": [figure.to_dict() for figure in window.measures],
    } | ({"deployments": {part.deployment: entries(part) for part in window.parts}} if window.parts else {})


def headline(window: Window) -> dict[str, Any]:
    """A few figures for a table of many runs."""
    drifting = [figure for figure in window.of("input_drift") if figure.proven]
    found: dict[str, Any] = {"rows": window.rows, "drifting": len(drifting)}
    for metric in ("quality", "mase", "value"):
        for figure in window.of(metric, ""):
            found[metric] = figure.value
    return found


def title(windows: Sequence[Window], current: str | None) -> str:
    """What was evaluated, in a line: windows of the log, oldest first, or the table `current`."""
    from ..contract.catalogue import counted

    newest, count = windows[-1], len(windows)
    if current is not None:
        return f"{masked(current)}: {newest.rows:,} rows against version {newest.model_version}"
    several = f"{count} windows, the newest" if count > 1 else "window"
    when = f"{written(newest.start)[:19]} to {written(newest.end)[:19]} UTC"
    what = f"{counted(newest.rows, 'prediction')}, {counted(newest.requests, 'request')}"
    return f"{several} {when}: {what}, against version {newest.model_version}"


def _order(figure: Measure) -> tuple[int, int, bool, float, str]:
    """Where a figure stands: by rank, the order of metrics, the whole before its parts, the larger ones first."""
    place = ALWAYS.index(figure.metric) if figure.metric in ALWAYS else len(ALWAYS)
    return _rank(figure), place, figure.subject != "", -abs(figure.value or 0.0), figure.subject


def _rank(figure: Measure) -> int:
    """What comes first: what is proven to have moved, what is always shown, what there is not enough of; then what may
    be chance, and the rest."""
    if figure.value is None:
        return QUIET[0]
    if figure.metric in GUARDED:
        return 0 if figure.proven else QUIET[1]
    return 1 if figure.metric in ALWAYS else 4
