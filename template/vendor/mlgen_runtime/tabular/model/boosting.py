"""What LightGBM and XGBoost have in common: rows made ready, boosters that add up, a candidate made of them.

A library's own module offers a `Fit`: rows, the number of trees, and held-out rows to stop on, to fitted `Trees`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...onnx.forest import Forest, join
from ...onnx.graph import Graph
from ...rows.training import Training
from .. import link as links
from .. import preprocessing as preparing
from ..linear import Linear
from . import constraints
from . import objective as objectives
from .candidate import Scorer
from .constraints import Constraints
from .objective import Objective

Array = npt.NDArray[Any]

#: Cells of the matrix that keep a thread busy; with fewer, threads wait for each other longer than they work.
CELLS_PER_THREAD = 200_000


class Trees(Protocol):
    """A fitted booster of either library. One that was stopped keeps the trees beyond `rounds`: see `cut`."""

    @property
    def format(self) -> str:
        """The library's name."""

    @property
    def dtype(self) -> Any:
        """What the library compares and adds in."""

    @property
    def booster(self) -> Any:
        """The library's own object."""

    @property
    def rounds(self) -> int:
        """Its number of trees (for each class)."""

    @property
    def task(self) -> Task:
        """What it was fitted for."""

    @property
    def history(self) -> tuple[float, ...]:
        """The loss of the held-out rows after each tree, those after the best included."""

    def margins(self, matrix: Array, rounds: int | None = None) -> Array:
        """Margins [n, 1 or k] of encoded rows, by the first `rounds` trees."""

    def cut(self, rounds: int) -> Trees:
        """The booster without the trees beyond `rounds`."""

    def forest(self) -> Forest:
        """Its trees, for ONNX."""

    def gain(self) -> Array:
        """What the splits of each feature gained, in total."""

    def write(self, folder: Path, stem: str) -> str:
        """Write the library's own file and return its name."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Encoded rows [n, features], the target [n] as the libraries learn it (or codes), their weights [n]."""

    matrix: Array
    target: Array
    weight: Array

    def take(self, index: Array) -> Rows:
        """Some of the rows."""
        return Rows(matrix=self.matrix[index], target=self.target[index], weight=self.weight[index])


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a library must know besides the rows: objective, classes, code columns, constraints, seed, threads, early
    stopping."""

    objective: Objective
    classes: int
    categorical: tuple[int, ...]
    constraints: Constraints
    seed: int
    threads: int
    patience: int

    @property
    def link(self) -> str:
        """What turns margins into scores."""
        return self.objective.link

    @property
    def targets(self) -> int:
        """Margins of each row: one, or one for each of more than two classes."""
        return self.classes if self.link == "softmax" else 1


#: (rows, the most trees, held-out rows to stop on or None) to a fitted booster.
Fit = Callable[[Rows, int, Rows | None], Trees]


def mistakes(probabilities: Array, truth: Array, weight: Array) -> float:
    """What stops a fit of several classes: the share of wrong labels; among equals, the logarithmic loss.

    The labels are what is wanted, and they go on improving after the probabilities have become too sure: on seven
    grades of wine the logarithmic loss stops at a third of the trees, and macro-F1 then is 0.37 instead of 0.40.
    """
    codes = truth.astype(np.int64)
    wrong = probabilities.argmax(axis=1) != codes
    loss = -np.log(np.maximum(probabilities[np.arange(len(codes)), codes], 1e-15))
    return float(np.average(wrong + 0.01 * loss, weights=weight))


@dataclass(frozen=True)
class Ensemble:
    """A weighted sum of boosters, and of linear models beside them, in link space; one booster of weight 1 is the plain
    case.

    The graph of an ensemble that has `lent` some members takes their margins as inputs, and their files are all that
    it writes.
    """

    members: tuple[tuple[float, Trees], ...]
    linear: tuple[tuple[float, Linear], ...] = ()
    lent: frozenset[int] = frozenset()

    @classmethod
    def of(cls, scorers: Sequence[tuple[float, Scorer]]) -> Ensemble:
        """The weighted sum of ensembles and linear models."""
        members: list[tuple[float, Trees]] = []
        linear: list[tuple[float, Linear]] = []
        for weight, scorer in scorers:
            if isinstance(scorer, Ensemble):
                members += [(weight * inner, trees) for inner, trees in scorer.members]
                linear += [(weight * inner, line) for inner, line in scorer.linear]
            else:
                assert isinstance(scorer, Linear)
                linear.append((weight, scorer))
        return cls(tuple(members), tuple(linear))

    @property
    def format(self) -> str:
        """The library's name, or blend."""
        return self.members[0][1].format if self._alone else "blend"

    @property
    def native(self) -> Any:
        """The booster where it is only one."""
        return self.members[0][1].booster if self._alone else None

    @property
    def _alone(self) -> bool:
        return len(self.members) == 1 and not self.linear

    def margins(self, matrix: Array) -> Array:
        """Margins [n, 1 or k] of encoded rows."""
        parts: list[tuple[float, Trees | Linear]] = [*self.members, *self.linear]
        total: Array = np.sum([weight * part.margins(matrix) for weight, part in parts], axis=0)
        return total

    def lend(self) -> Ensemble | None:
        """This ensemble without the members whose library can compute their margins to the bits of the graph.

        Members that compute in doubles are one forest in the graph, so a library can stand in for one alone only.
        """
        alone = self._alone and self.members[0][0] == 1
        lent = [at for at, (_, trees) in enumerate(self.members) if alone or trees.dtype is not np.float64]
        return replace(self, lent=frozenset(lent)) if lent else None

    def graph(self, graph: Graph, inputs: str) -> str:
        """The members that compute in doubles as one forest, whose leaves add up, then each of the others."""
        exact = [trees.forest().scaled(weight) for weight, trees in self._kept() if trees.dtype is np.float64]
        parts = [graph.forest(inputs, join(exact))] if exact else []
        for at, (weight, trees) in enumerate(self.members):
            if at in self.lent:
                margins = graph.input(f"margins_{at}", trees.task.targets)
            elif trees.dtype is not np.float64:
                margins = graph.forest(inputs, trees.forest(), trees.dtype)
            else:
                continue
            parts.append(graph.add("Mul", margins, graph.constant([[weight]])) if weight != 1 else margins)
        for weight, line in self.linear:
            margins = line.graph(graph, inputs)
            parts.append(graph.add("Mul", margins, graph.constant([[weight]])) if weight != 1 else margins)
        total = parts[0]
        for part in parts[1:]:
            total = graph.add("Add", total, part)
        return total

    def importance(self) -> Array:
        """The gain of each feature, as a share of its booster, by the boosters' weights; likewise of linear models."""
        gains = [(weight, trees.gain()) for weight, trees in self.members]
        moves = [(weight, line.importance()) for weight, line in self.linear]
        gains += [(weight, found) for weight, found in moves if found is not None]
        total: Array = np.sum([weight * gain / max(gain.sum(), 1e-300) for weight, gain in gains], axis=0)
        return total

    def write(self, folder: Path) -> list[dict[str, Any]]:
        """Write each member's own file, or those of the lent ones."""
        names = ["model"] if self._alone else [f"model-{number}" for number in range(len(self.members))]
        if self.lent:
            return [
                {"kind": trees.format, "file": trees.write(folder, names[at]), "input": f"margins_{at}"}
                for at, (_, trees) in enumerate(self.members)
                if at in self.lent
            ]
        found = [
            {"kind": trees.format, "weight": weight, "file": trees.write(folder, name)}
            for name, (weight, trees) in zip(names, self.members, strict=True)
        ]
        lines = [part | {"weight": weight} for weight, line in self.linear for part in line.write(folder)]
        return [*found, *lines]

    def _kept(self) -> list[tuple[float, Trees]]:
        return [member for at, member in enumerate(self.members) if at not in self.lent]


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Training rows made ready for trees."""

    preprocessing: preparing.Preprocessing
    rows: Rows
    task: Task


def prepare(training: Training, link: str) -> Prepared:
    """Encode the training rows and put a regression target on the scale that is learnt."""
    preprocessing, matrix = preparing.learn(training)
    rows = _rows(training, matrix, link)
    task = Task(
        objective=objectives.of(training, link),
        classes=training.classes,
        categorical=tuple(preprocessing.categorical),
        constraints=constraints.of(training.contract, preprocessing),
        seed=training.seed,
        threads=min(training.threads, max(1, rows.matrix.size // CELLS_PER_THREAD)),
        patience=training.settings.early_stopping_rounds,
    )
    return Prepared(preprocessing=preprocessing, rows=rows, task=task)


def encoded(training: Training, preprocessing: preparing.Preprocessing, link: str) -> Rows:
    """Rows as a preprocessing that has not seen them encodes them, with the target on the scale that is learnt."""
    return _rows(training, preprocessing.frame(training.frame), link)


def _rows(training: Training, matrix: Array, link: str) -> Rows:
    target = training.target if training.classes else links.margins(training.target, link)
    return Rows(matrix=matrix, target=target, weight=training.weights())


def link(training: Training) -> str:
    """The link of the task."""
    return objectives.link(training)
