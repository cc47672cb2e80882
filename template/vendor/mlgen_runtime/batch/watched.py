"""Those who look on at a run (see `hooks`): the log of predictions, where the project keeps one.

with looking_on(place, run) as looking:
    for batch in looking.reading(batches): ...
    looking.scored(portion)
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..hooks import BatchRun, Observer, Place
from ..hooks.registry import observers
from ..usecase.batches import Batch, Portion

logger = logging.getLogger(__name__)


class Looking:
    """Tells every observer of a run what happens; one that fails, which is a bug, is told no more: the run goes on."""

    def __init__(self, observers: tuple[Observer, ...], run: BatchRun) -> None:
        self.observers = list(observers)
        for observer in observers:
            self._tell(observer, observer.began, run)

    def reading(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, each told of when it is read."""
        for batch in batches:
            for observer in [*self.observers]:
                self._tell(observer, observer.read, batch)
            yield batch

    def scored(self, portion: Portion) -> None:
        """Answers are about to be written."""
        for observer in [*self.observers]:
            self._tell(observer, observer.scored, portion)

    def close(self) -> None:
        """The run is at its end."""
        for observer in [*self.observers]:
            self._tell(observer, observer.close)

    def _tell(self, observer: Observer, listener: Callable[..., None], *what: Any) -> None:
        try:
            listener(*what)
        except Exception:
            logger.exception("bug in an observer")
            if observer in self.observers:
                self.observers.remove(observer)


@contextlib.contextmanager
def looking_on(place: Place, run: BatchRun) -> Iterator[Looking]:
    """Let observers look on at a run, and go at its end, whatever that is."""
    looking = Looking(observers(place), run)
    try:
        yield looking
    finally:
        looking.close()
