"""Who looks on while predictions are made, and what it is told. A deployment says where it is and what happens; who
listens, and to what end, it does not know. Those who do are written down in `registry`; each is a module that fulfils
`Hook`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig
    from ..usecase.batches import Batch, Portion

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where predictions are made: by which deployment and model, and how it is set.

    `store` is where bundles are published; `outcomes` the file in which a service keeps the truth that it is told.
    """

    source: Literal["rest", "batch"]
    model: Predictor
    environment: Mapping[str, str]
    store: str
    outcomes: str | None = None


@dataclass(slots=True)
class Answered:
    """A request that got predictions, just before they are sent.

    `at` is in seconds since 1970, `ms` what it took so far. `columns` are the typed inputs [n], `counts` how many
    predictions are of each class (by its label) or in each bin of the model's reference (by its place). `request` and
    `answer` are JSON, as `/predict` takes and gives them, whatever the client spoke.
    """

    id: str
    at: float
    ms: float
    model: Predictor
    columns: Mapping[str, Sequence[Any]]
    counts: Mapping[str | int, int]
    request: bytes
    answer: bytes


@dataclass(slots=True)
class Refusal:
    """A request that got none: bad input, a fault, too busy. `faults` are pairs of where something is wrong and how."""

    id: str
    at: float
    ms: float
    version: str
    path: str
    status: int
    faults: Sequence[tuple[Sequence[str | int], str]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure for Prometheus. Counters and gauges of several processes are summed; one whose name begins with `_`
    is summed, too, but only shown to `derived`."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    value: float
    labels: Labels = ()


@dataclass(frozen=True, kw_only=True)
class BatchRun:
    """A batch run: `id` is the same for one that goes on. `rows` are how many to expect, where that is known or
    reckoned; `key` names the columns that tell rows apart."""

    id: str
    model: Predictor
    rows: int | None
    key: tuple[str, ...]


class Observer:
    """Looks on. It overrides what it cares for; what it does in `predicted` every answer waits for."""

    def predicted(self, answered: Answered) -> None:
        """A request is about to be answered."""

    def refused(self, refusal: Refusal) -> None:
        """A request is about to be refused."""

    def swapped(self, model: Predictor) -> None:
        """From the next request on, another model answers."""

    def samples(self) -> Iterable[Sample]:
        """Figures of this process."""
        return ()

    def derived(self, summed: Mapping[tuple[str, Labels], float]) -> Iterable[Sample]:
        """Figures that follow from all processes' samples together."""
        return ()

    def began(self, run: BatchRun) -> None:
        """A batch run begins, or goes on."""

    def read(self, batch: Batch) -> None:
        """Rows of it were read; several batches may be under way."""

    def scored(self, portion: Portion) -> None:
        """Answers are about to be written; should the process die before, they will be scored again."""

    def close(self) -> None:
        """Nothing more will happen."""


class Hook(Protocol):
    """A module that looks on."""

    def observe(self, place: Place, /) -> Observer | None:
        """Look on here; None where the settings in `place.environment` leave nothing to do. Raises InputError where
        one of them is wrong."""

    def variables(self, config: RunConfig, /) -> dict[str, str]:
        """Its settings of conf/ as environment variables, empty where another hook's are its own, too. Raises
        InputError where one is wrong."""

    def check(self, environment: Mapping[str, str], /) -> None:
        """Raise InputError where the variables set it wrongly."""
