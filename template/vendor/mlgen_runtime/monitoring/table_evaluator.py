"""Evaluate the table of `monitor.current` as one window: predict its rows, and measure as if they had been logged."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from ..data import tables
from ..usecase import registry
from . import drift, evaluation, reading, uploaded_table, window
from .time_range import TimeRange

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..prediction_log.database import Database
    from .evaluation import Evaluation
    from .settings import MonitorSettings
    from .window_evaluator import Counted


def evaluate(
    config: RunConfig, path: str, settings: MonitorSettings, database: Database, model: Predictor, counted: Counted
) -> Evaluation:
    """Evaluate the rows of a file, a table or a query. Raises InputError where they cannot be read or lack a column.

    `counted` is told as soon as the rows are counted; windows of tables that were evaluated before are in `database`.
    """
    uploaded = uploaded_table.read(config, path, model)
    traffic = reading.empty(model, (), settings.detail_rows, config.seed)
    outputs, answers = registry.find(model.use_case).monitoring_view.answer(model, uploaded.typed, config)
    reading.table(model, {name: uploaded.typed[name].to_numpy() for name in uploaded.typed.columns}, outputs, traffic)
    traffic.versions = Counter({model.version: traffic.rows})
    counted(model, traffic)
    time_range = _time_range(database, tables.fingerprint(uploaded.typed)[:32], settings.until_seconds)
    before = [kept for kept in window.kept(database, window.CURRENT) if kept.id != time_range.id]
    found = drift.measure(traffic, model, settings.min_rows)
    found.append(uploaded.violations(settings.min_rows))
    if len(answers):
        for name in evaluation.wanted(settings):
            if name not in answers.columns:
                answers[name] = uploaded.beside(name, answers)
    found += evaluation.outcome_measures(model, answers, answers, settings, config.seed, before)
    whole = evaluation.window_of(window.CURRENT, time_range, model, traffic, found)
    return evaluation.Evaluation(window=whole, traffic=traffic)


def _time_range(database: Database, fingerprint: str, until: float | None) -> TimeRange:
    """The window of a table: the newest one again where it is the same table, else a new one that ends now."""
    before = window.kept(database, window.CURRENT, limit=1)
    if before and before[0].id == fingerprint:
        return TimeRange(fingerprint, before[0].start, before[0].end)
    end = time.time() if until is None else until
    end = max(end, before[0].end + 1e-3) if before else end
    return TimeRange(fingerprint, end, end)
