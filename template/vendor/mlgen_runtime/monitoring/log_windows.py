"""The windows of the log that are due, evaluated one after the other, the newest last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.errors import InputError
from ..prediction_log.settings import LogSettings
from ..prediction_log.ship import ship_once
from . import time_range
from .answering import AnsweringModels
from .window_evaluator import WindowEvaluator

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..prediction_log.database import Database
    from .evaluation import Evaluation
    from .settings import MonitorSettings
    from .window_evaluator import Counted, Quiet


class LogWindows:
    """What is due in one log. `notes` say what the reader should know, once all windows are evaluated."""

    def __init__(
        self,
        config: RunConfig,
        settings: MonitorSettings,
        database: Database,
        champion: Predictor,
        quiet: Quiet,
        counted: Counted,
    ) -> None:
        self.config, self.settings, self.database = config, settings, database
        self.notes: list[str] = []
        self.models = AnsweringModels(config, champion)
        self.evaluator = WindowEvaluator(
            database,
            self.models,
            settings,
            redacted=config.layer("log", LogSettings).redact,
            seed=config.seed,
            quiet=quiet,
            counted=counted,
        )

    def __iter__(self) -> Iterator[Evaluation]:
        self.notes += self._shipped()
        due = time_range.due(self.settings, self.database)
        for each in due:
            yield self.evaluator.evaluate(each, newest=each is due[-1])
        if not due:
            where = self.database.described
            self.notes.append(f"nothing has been logged in {where} yet: serve or score something first")
        self.notes += self.models.notes

    def _shipped(self) -> list[str]:
        """Bring what still lies in local files into the database; what cannot be brought is a note."""
        try:
            shipped = ship_once(self.config.layer("log", LogSettings), self.config.root)
        except InputError as error:
            return [str(error)]
        return [f"{shipped.broken:,} lines of the local log could not be read"] if shipped.broken else []
