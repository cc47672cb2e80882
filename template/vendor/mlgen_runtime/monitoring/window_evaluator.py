"""Evaluate one window of the log: count what came in, put answers beside their truth, measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from . import data_age, deployments, drift, evaluation, labelled_answers, reading, service, window

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.predictor import Predictor
    from ..prediction_log.database import Database
    from .answering import AnsweringModels
    from .evaluation import Evaluation
    from .reading import Traffic
    from .settings import MonitorSettings
    from .time_range import TimeRange
    from .window import Window

#: Is told as soon as the newest window's traffic is counted.
Counted = Callable[["Predictor", "Traffic"], None]
#: Those of earlier windows in which latency raised no alert.
Quiet = Callable[[Sequence["Window"]], Sequence["Window"]]


class WindowEvaluator:
    """Evaluates windows of one log; `redacted` are columns that never get into it."""

    def __init__(
        self,
        database: Database,
        models: AnsweringModels,
        settings: MonitorSettings,
        *,
        redacted: Sequence[str],
        seed: int,
        quiet: Quiet,
        counted: Counted,
    ) -> None:
        self.database, self.models, self.settings = database, models, settings
        self.redacted, self.seed = redacted, seed
        self.quiet, self.counted = quiet, counted

    def evaluate(self, time_range: TimeRange, newest: bool) -> Evaluation:
        """Evaluate a window, all of it and by deployment; of the newest one, rows are kept for the detailed report."""
        database, settings = self.database, self.settings
        answered = reading.versions(database, time_range)
        model = self.models.of(sum(answered.values(), Counter()))
        own = {name: self.models.of(rows, quietly=True) for name, rows in answered.items()}
        sample = settings.detail_rows if newest else 0
        traffic, parts = deployments.counted(
            database, time_range, model, own, redacted=self.redacted, sample=sample, seed=self.seed
        )
        if newest:
            self.counted(model, traffic)
        answers = labelled_answers.read(database, time_range, model, evaluation.wanted(settings))
        quiet = self.quiet(self._before(window.LOG, time_range)[-service.USUAL * 2 :])
        whole = self._window(window.LOG, time_range, model, traffic, answers, quiet)
        if len(parts) > 1:
            apart = [self._window(name, time_range, own[name], part, answers, quiet) for name, part in parts.items()]
        else:  # the whole under another name: the same figures, at no cost
            apart = [replace(whole, stream=name) for name in parts]
            parts = {}
        return evaluation.Evaluation(window=replace(whole, parts=tuple(apart)), traffic=traffic, apart=parts)

    def _window(
        self,
        stream: str,
        time_range: TimeRange,
        model: Predictor,
        traffic: Traffic,
        answers: pd.DataFrame,
        quiet: Sequence[Window],
    ) -> Window:
        """The figures of one stream: of the whole log, or of one deployment."""
        database, settings, before = self.database, self.settings, self._before(stream, time_range)
        named = window.DEPLOYMENTS if stream == window.LOG else (stream,)
        found = drift.measure(traffic, model, settings.min_rows)
        found += service.measure(traffic, quiet, settings.min_rows)
        given = labelled_answers.chosen(model, answers, named)
        own = given[given["model_version"] == model.version].reset_index(drop=True)
        found += evaluation.outcome_measures(model, own, given, settings, self.seed, before)
        found += data_age.measure(database, model, time_range, before, named)
        return evaluation.window_of(stream, time_range, model, traffic, found)

    def _before(self, stream: str, time_range: TimeRange) -> list[Window]:
        """The windows of a stream before this one, oldest first."""
        kept = window.kept(self.database, stream, before=time_range.end)
        return [each for each in kept if each.id != time_range.id]
