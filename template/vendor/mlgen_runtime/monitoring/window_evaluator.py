"""Evaluate one window of the log: count what came in, put answers beside their truth, measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import data_age, drift, evaluation, labelled_answers, reading, service, window

if TYPE_CHECKING:
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
        """Evaluate a window; only of the newest one are rows kept for the detailed report."""
        database, settings = self.database, self.settings
        model = self.models.of(reading.versions(database, time_range))
        traffic = reading.empty(model, self.redacted, settings.detail_rows if newest else 0, self.seed)
        reading.log(database, time_range, model, traffic)
        if newest:
            self.counted(model, traffic)
        kept = window.kept(database, window.LOG, before=time_range.end)
        before = [each for each in kept if each.id != time_range.id]
        found = drift.measure(traffic, model, settings.min_rows)
        found += service.measure(traffic, self.quiet(before[-service.USUAL * 2 :]), settings.min_rows)
        answers = labelled_answers.read(database, time_range, model, evaluation.wanted(settings))
        own = answers[answers["model_version"] == model.version].reset_index(drop=True)
        found += evaluation.outcome_measures(model, own, answers, settings, self.seed, before)
        found += data_age.measure(database, model, time_range, before)
        return evaluation.of(window.LOG, time_range, model, traffic, found)
