"""What every sink of answers offers: it takes portions in order, keeps each whole or not at all, knows how far it is.

    with sink.hold(run, form):            nobody else writes there meanwhile
        standing = sink.begin()           where an earlier process of the same run was stopped
        sink.write(portion)               answers, rejected rows and the new standing: all three, or none
        sink.finish(standing)             now the run is whole

A process that is killed between any two instructions leaves a standing that the next one goes on from, and the table
ends as if nothing had happened.
"""

from __future__ import annotations

import datetime
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ...usecase.batches import Form, Portion

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns that every table of answers has beside those of its form.
STAMPS = ("model_version", "run_id", "scored_at")


@dataclass(frozen=True)
class Run:
    """What makes a run the same run: its `id` follows from the model, the input's content and the logical date.

    `job` is the same for every run of this input into this output on this date, whatever the model or the content.
    """

    id: str
    job: str
    source: str
    fingerprint: str
    model_version: str
    date: str


@dataclass(frozen=True)
class Standing:
    """How far a run is: where to go on (`mark`), and how many rows were read, written and rejected so far.

    `started` is when the run began, ISO 8601 in UTC: the moment that all of its rows are stamped with.
    """

    mark: int
    read: int
    written: int
    rejected: int
    started: str
    finished: bool = False


def stamped(answers: pa.Table, run: Run, standing: Standing) -> pa.Table:
    """Answers [n] with the columns of STAMPS; all of a run's rows bear the moment at which it began."""
    import pyarrow as pa

    moment = pa.scalar(datetime.datetime.fromisoformat(standing.started), pa.timestamp("us", "UTC"))
    for name, value in zip(STAMPS, (run.model_version, run.id, moment), strict=True):
        answers = answers.append_column(name, pa.repeat(value, len(answers)))
    return answers


def beginning() -> Standing:
    """Where a new run is, now."""
    return Standing(0, 0, 0, 0, started=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


class Sink(Protocol):
    """A place for answers. Opening one has checked that it can be reached."""

    @property
    def described(self) -> str:
        """Where the answers go, fit to be shown and stored: no password in it."""

    @property
    def quarantine(self) -> str:
        """Where the rejected rows of a run are, once it is held."""

    def check(self, form: Form) -> None:
        """Raise InputError where what is there already cannot take answers of this form. Changes nothing."""

    def hold(self, run: Run, form: Form, wait: bool) -> AbstractContextManager[None]:
        """Keep every other run out; raises InputError where one is at work and `wait` is False."""

    def begin(self) -> Standing:
        """Make what is missing, remove what an abandoned run of the same job left, and tell how far this run is."""

    def write(self, portion: Portion, to: Standing) -> int:
        """Keep a portion, and with it the standing `to`; return how many of its answers were doubles.

        A double has the key of another row of the same run; it is rejected, and the first one stays.
        """

    def finish(self, standing: Standing) -> None:
        """The run is whole."""

    def close(self) -> None:
        """Let go of connections."""
