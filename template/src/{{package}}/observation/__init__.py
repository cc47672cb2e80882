"""Whoever looks on while predictions are made: each is a module of this folder, found here, so that a layer adds one by
adding a file. A deployment says where it is and what happens; who listens, and to what end, it does not know.

A module has `observe`, which may look at the settings in `place.environment` and say that it has nothing to do; and,
where it has settings in conf/, `variables`, which turns them into environment variables, and `check`, which refuses bad
ones:

    def observe(place: Place) -> Observer | None: ...
    def variables(config: RunConfig) -> dict[str, str]: ...
    def check(environment: Mapping[str, str]) -> None: ...
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types import ModuleType

    from ..config import RunConfig
    from ..portion import Batch, Portion
    from ..predictor import Predictor

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

    `at` is in seconds since 1970, `ms` what it took so far. `columns` are the typed inputs [n], `predictions` the
    answers [m]. `request` and `answer` are JSON, as `/predict` takes and gives them, whatever the client spoke.
    """

    id: str
    at: float
    ms: float
    model: Predictor
    columns: Mapping[str, Sequence[Any]]
    predictions: Sequence[Any]
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


def observers(place: Place) -> tuple[Observer, ...]:
    """Return all who look on here. Raises InputError where one of them is set wrongly."""
    found = [module.observe(place) for module in _modules()]
    return tuple(observer for observer in found if observer is not None)


def variables(config: RunConfig) -> dict[str, str]:
    """Return all their settings of conf/ as environment variables. Raises InputError where one is wrong."""
    return {
        name: text
        for module in _modules()
        if hasattr(module, "variables")
        for name, text in module.variables(config).items()
    }


def check(environment: Mapping[str, str]) -> None:
    """Raise InputError where the variables set one of them wrongly."""
    for module in _modules():
        if hasattr(module, "check"):
            module.check(environment)


def _modules(folder: Path = Path(__file__).parent) -> Iterator[ModuleType]:
    for path in sorted(folder.glob("*.py")):
        if not path.name.startswith("_"):
            yield importlib.import_module(f".{path.stem}", __package__)
