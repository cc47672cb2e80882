"""How right the answers were: the gate's metric and others on answers whose truth is known, in all and by slice.

The metric's interval comes from the bootstrap; a loss counts as proven only where it is more than luck with the rows of
the window and with the test rows together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import significance
from ..core.errors import InputError, nearest
from ..core.figures import figure
from ..training import bootstrap
from ..usecase import registry
from .measure import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..contract.schema import Contract
    from ..usecase.labelled import Figure, LabelledAnswers
    from ..usecase.protocol import Metric
    from .settings import MonitorSettings
    from .window import Window

#: Bootstrap draws, and the cases that they are drawn from at most: more make no better interval.
RESAMPLES, DRAWN = 300, 20_000
#: Of the interval that is shown.
CONFIDENCE = 0.95
#: Windows of a version that say what a slice's quality is, and how many it takes at least.
BEGUN, FEWEST = 10, 3
#: Values of one slice that get figures of their own: the most frequent.
VALUES = 20


@dataclass(frozen=True)
class Standard:
    """What quality is compared with: of what, its value and standard error."""

    of: str
    value: float
    error: float


def check(slices: Sequence[str], contract: Contract) -> None:
    """Raise InputError where `monitor.slices` names what is no column."""
    names = [column.name for column in contract.columns if column.role != "target"]
    for name in slices:
        if name not in names:
            raise InputError(
                f"monitor.slices: {name!r} is no column of the contract{nearest(name, names)}; "
                f"expected some of {', '.join(names)}"
            )


def measure(
    model: Predictor, answers: pd.DataFrame, settings: MonitorSettings, seed: int, before: Sequence[Window] = ()
) -> list[Measure]:
    """Return the figures of quality; `answers` are those of the window's version, `before` the windows before it."""
    case = registry.find(model.use_case)
    known = case.monitoring_view.evidence(model, answers) if len(answers) else None
    if known is None or not len(known.rows):
        return []
    parts = [("", known), *_slices(answers, known, settings)]
    decisive = case.metrics.metric(model.metrics.get("metric"), model.contract.task)
    standards = {"": _test(model, decisive)} | {name: _began(name, model.version, before) for name, _ in parts[1:]}
    found = [
        figure for name, part in parts for figure in _metric(decisive, name, part, standards[name], settings, seed)
    ]
    enough = known.outcomes >= settings.min_outcomes
    return found + [_figure(figure, enough) for figure in case.monitoring_view.figures(model, answers)]


def _slices(
    answers: pd.DataFrame, known: LabelledAnswers, settings: MonitorSettings
) -> Iterator[tuple[str, LabelledAnswers]]:
    """The parts of the answers by the values of each column of `monitor.slices`."""
    for name in settings.slices:
        values = answers[name].iloc[known.rows].map(str).to_numpy()
        counts = answers[name].iloc[known.rows].map(str).value_counts()
        for value in sorted(counts.index[:VALUES]):
            yield f"{name}={value}", known.only(values == value)


def _metric(
    metric: Metric,
    subject: str,
    known: LabelledAnswers,
    standard: Standard | None,
    settings: MonitorSettings,
    seed: int,
) -> list[Measure]:
    """Quality and its loss against a standard, of the whole or of a slice."""
    rows = known.outcomes
    where = f" where {subject}" if subject else ""
    if rows < settings.min_outcomes:
        message = f"{metric.name}{where}: not enough data ({rows} known outcomes, {settings.min_outcomes} are needed)"
        blank = [Measure(metric="quality", subject=subject, value=None, rows=rows, proven=False, message=message)]
        return [
            *blank,
            Measure(metric="quality_loss", subject=subject, value=None, rows=rows, proven=False, message=message),
        ]
    value, low, high, error = _interval(metric, known, seed)
    if value != value:
        message = f"{metric.name}{where} is not defined on these {rows:,} outcomes (one class only)"
        return [Measure(metric="quality", subject=subject, value=None, rows=rows, proven=False, message=message)]
    message = f"{metric.name}{where} {figure(value)} [{figure(low)}, {figure(high)}] on {rows:,} known outcomes"
    found = [
        Measure(
            metric="quality", subject=subject, value=value, rows=rows, proven=True, message=message, low=low, high=high
        )
    ]
    if standard is None:
        return found
    then = standard.value
    worse = then - value if metric.greater_is_better else value - then
    loss = worse / (abs(then) or 1.0)
    share = len(settings.slices) * VALUES + 1
    proven = (
        worse > significance.critical_value(share, len(known.rows)) * (error**2 + standard.error**2) ** 0.5
        and not low <= then <= high
    )
    message += f"; {standard.of} {figure(then)}: {abs(loss):.1%} {'worse' if loss > 0 else 'better'}"
    return [
        *found,
        Measure(metric="quality_loss", subject=subject, value=loss, rows=rows, proven=bool(proven), message=message),
    ]


def _test(model: Predictor, metric: Metric) -> Standard | None:
    """The metric on the test rows, as the bundle has it."""
    kept = model.metrics
    value = kept.get("test", {}).get(metric.name)
    if value is None:
        return None
    low, high = kept.get("low"), kept.get("high")
    if kept.get("metric") != metric.name or low is None or high is None:
        return Standard("test rows", float(value), 0.0)
    return Standard("test rows", float(value), (float(high) - float(low)) / 3.92)  # of an interval of 95 %


def _began(subject: str, version: str, before: Sequence[Window]) -> Standard | None:
    """What a slice's quality was when this version began: the bundle knows none, and some are harder than others."""
    import numpy as np

    windows = [window for window in before if window.model_version == version]
    figures = [figure.value for window in windows for figure in window.of("quality", subject)]
    first = [value for value in figures if value is not None][:BEGUN]
    if len(first) < FEWEST:
        return None
    return Standard("at first", float(np.median(first)), 1.25 * float(np.std(first)) / len(first) ** 0.5)


def _interval(metric: Metric, known: LabelledAnswers, seed: int) -> tuple[float, float, float, float]:
    """The metric, its interval and its standard error. Of many cases a part is drawn and its interval narrowed."""
    import numpy as np

    cases = len(known.rows)
    value = metric.value(known.truth, known.scores)
    part = known if cases <= DRAWN else known.only(_drawn(cases, seed))
    draws = bootstrap.resample(metric, part.truth, [part.scores], RESAMPLES, seed)[0]
    narrower = (min(cases, DRAWN) / cases * known.overlap) ** 0.5
    middle = float(np.nanmedian(draws)) if np.isfinite(draws).any() else float("nan")
    low, high = bootstrap.interval(value + (draws - middle) * narrower, CONFIDENCE)
    return value, low, high, float(np.nanstd(draws)) * narrower


def _drawn(cases: int, seed: int) -> np.ndarray:
    """A mask [cases] of DRAWN random ones."""
    import numpy as np

    mask = np.zeros(cases, dtype=bool)
    mask[np.random.default_rng(seed).permutation(cases)[:DRAWN]] = True
    return mask


def _figure(figure: Figure, enough: bool) -> Measure:
    """A figure beside the metric, with the same guard."""
    value = figure.value if enough and figure.value is not None and figure.value == figure.value else None
    shown = abs((value or 0.0) - figure.expected) > significance.critical_value() * figure.error
    proven = value is not None and (shown if figure.proven is None else figure.proven)
    message = figure.message if value is not None else f"{figure.metric}: not enough data ({figure.message})"
    return Measure(
        metric=figure.metric,
        subject=figure.subject,
        value=value,
        rows=figure.rows,
        proven=bool(proven),
        message=message,
    )
