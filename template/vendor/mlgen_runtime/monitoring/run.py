"""One run of monitoring: which windows are due, each evaluated, judged and kept; then the reports.

    with opened(config, settings) as run:
        run.evaluate(alerts)            what is due, the newest window last
        files = run.report(shown)       the page, the file for Prometheus, the run in MLflow

Who judges windows, and whom it tells, is nobody's business here: `Alerts` says what is asked of it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from ..core.errors import InputError, nearest
from ..prediction_log.database import open_database
from ..prediction_log.settings import LogSettings
from ..prediction_log.ship import ship_once
from ..usecase import registry
from ..usecase.loading import load_champion
from . import reports, table_evaluator, time_range, value, window
from .answering import AnsweringModels
from .detail import Detail
from .window_evaluator import WindowEvaluator

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..prediction_log.database import Database
    from .alerts import ShownAlerts
    from .evaluation import Evaluation
    from .reading import Traffic
    from .settings import MonitorSettings
    from .window import Window
