"""Those who look on at a run (see `observation`): the log of predictions, where the project keeps one.

with looking_on(place, run) as looking:
    for batch in looking.reading(batches): ...
    looking.scored(portion)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .. import observation
from ..observation import BatchRun, Observer, Place
from ..portion import Batch, Portion


class Looking:
    """Tells every observer of a run what happens."""

    def __init__(self, observers: tuple[Observer, ...], run: BatchRun) -> None:
        self.observers = observers
        for observer in observers:
            observer.began(run)

    def reading(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches, each told of when it is read."""
        for batch in batches:
            for observer in self.observers:
                observer.read(batch)
            yield batch

    def scored(self, portion: Portion) -> None:
        """Answers are about to be written."""
        for observer in self.observers:
            observer.scored(portion)


@contextlib.contextmanager
def looking_on(place: Place, run: BatchRun) -> Iterator[Looking]:
    """Let observers look on at a run, and go at its end, whatever that is."""
    looking = Looking(observation.observers(place), run)
    try:
        yield looking
    finally:
        for observer in looking.observers:
            observer.close()
