"""One run of monitoring: what is due is evaluated, judged and kept, window by window.

    with opened(config, settings) as run:
        run.evaluate(alerts)
        files = reports.write(run, shown, fired)

How windows are judged, and who is told, is nobody's business here: `Judge` says what is asked of whoever does it.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ..prediction_log.database import open_database
from ..prediction_log.settings import LogSettings
from ..usecase import registry
from ..usecase.loading import load_champion
from . import quality, table_evaluator, value, window
from .detail import Detail
from .log_windows import LogWindows

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..prediction_log.database import Database
    from .evaluation import Evaluation
    from .reading import Traffic
    from .settings import MonitorSettings
    from .window import Window


class Judge(Protocol):
    """Whoever raises alerts on windows."""

    def judge(self, window: Window, /) -> None:
        """Judge a window that was just evaluated, before it is kept."""

    def quiet(self, windows: Sequence[Window], /) -> Sequence[Window]:
        """Those of some earlier windows in which latency raised no alert."""


class MonitoringRun:
    """A run. `windows` are those that it evaluated, `traffic` what was counted of the newest one, `apart` the same by
    deployment where there are several, `notes` what the reader should know."""

    def __init__(
        self, config: RunConfig, settings: MonitorSettings, database: Database, champion: Predictor, detail: Detail
    ) -> None:
        self.config, self.settings, self.database = config, settings, database
        self.champion, self.detail = champion, detail
        self.windows: list[Window] = []
        self.traffic: Traffic | None = None
        self.apart: Mapping[str, Traffic] = {}
        self.notes: list[str] = []

    @property
    def stream(self) -> str:
        """Of which stream the windows are."""
        return window.LOG if self.settings.current is None else window.CURRENT

    @property
    def watched(self) -> tuple[str, ...]:
        """The inputs that have figures of their own."""
        return registry.find(self.champion.use_case).monitoring_view.watched(self.champion.contract)

    def evaluate(self, judge: Judge) -> None:
        """Evaluate, judge and keep each window that is due."""
        due = self._due(judge)
        with _uncollected():
            for found in due:
                judge.judge(found.window)
                # afterwards: should the process die in between, the next run evaluates it again
                window.keep(self.database, found.window)
                self.windows.append(found.window)
                self.traffic, self.apart = found.traffic, found.apart
        self.notes += due.notes if isinstance(due, LogWindows) else []

    def _due(self, judge: Judge) -> LogWindows | Iterable[Evaluation]:
        config, settings, model, send = self.config, self.settings, self.champion, self.detail.send
        if settings.current is None:
            return LogWindows(config, settings, self.database, model, judge.quiet, send)
        return [table_evaluator.evaluate(config, settings.current, settings, self.database, model, send)]


@contextlib.contextmanager
def opened(config: RunConfig, settings: MonitorSettings) -> Iterator[MonitoringRun]:
    """A run that is ready to evaluate. Raises InputError where a setting does not fit the model."""
    url = config.layer("log", LogSettings).database
    model = load_champion(config, bulk=settings.current is not None)
    with open_database(url, config.root) as database, Detail(config, settings.detail_rows) as detail:
        value.check(settings.value, model.contract)
        quality.check(settings.slices, model.contract)
        yield MonitoringRun(config, settings, database, model, detail)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Do without the collector of cycles for a while: millions of rows make none, and looking for some among them takes
    a third of the time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
