"""One training within its budget of minutes: the pipeline of `train`, stopped before anything is published."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.errors import InputError
from ..core.progress import Step, Steps
from ..training import pipeline

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..training.gate import Decision
    from ..training.pipeline import Trained
    from ..usecase.evaluated import ChampionStatus

#: Why one that the gate lets through is published without being promoted.
SHADOW = "it answers beside the champion first, as retrain.shadow says"
UNEQUAL = "it was not compared with the champion, so the champion stays; look at both, then promote it by hand"
#: Seconds until a run that was interrupted and goes on is interrupted again: cleaning up takes less.
AGAIN = 15


class Limited(Steps):
    """Steps that end the run when it takes too long, up to the one that registers: what is decided is published."""

    def __init__(self, minutes: float | None) -> None:
        super().__init__(pipeline.STEPS)
        self.late = False
        self._over = threading.Lock()
        self._decided = False
        self._ended = threading.Event()
        self._timer = None if minutes is None else threading.Timer(60 * minutes, self._stop)

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[Step]:
        if name == "register":
            with self._over:
                self._decided = True
        with super().__call__(name) as step:
            yield step

    def _stop(self) -> None:
        """Interrupt the run; again where it goes on, as an interrupt is lost that meets a finaliser."""
        while not self._ended.is_set():
            with self._over:
                if self._decided:
                    return
                self.late = True
                _thread.interrupt_main()
            self._ended.wait(AGAIN)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Let the time run during the block. Raises InputError where it is over."""
        if self._timer is None:
            yield
            return
        before = None
        if threading.current_thread() is threading.main_thread():  # a process without a terminal may ignore it
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self._timer.daemon = True
        self._timer.start()
        try:
            yield
        except KeyboardInterrupt:
            if not self.late:
                raise
            raise InputError(
                f"the training was stopped after {self._timer.interval / 60:g} minutes (retrain.budget_minutes) and "
                "nothing was published; raise the budget, or choose a smaller retrain.window"
            ) from None
        finally:
            self._ended.set()
            self._timer.cancel()
            if before is not None:
                signal.signal(signal.SIGINT, before)


def train(config: RunConfig, minutes: float | None, shadow: bool) -> Trained:
    """Run the pipeline. A candidate that passes the gate is promoted, unless it is to answer as a shadow first, or was
    not compared with the champion: nobody is there to judge what that means."""

    def hold(decision: Decision, status: ChampionStatus) -> str | None:
        if status.version is None or not status.rival:
            return None
        if status.served is None:
            return UNEQUAL
        return SHADOW if shadow else None

    steps = Limited(minutes)
    with steps.running():
        return pipeline.train(config, steps, hold)
