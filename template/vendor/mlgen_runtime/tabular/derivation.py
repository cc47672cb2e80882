"""Derived features of a model: what training learnt for them, and their values for raw columns on every path.

preprocessing.json holds it as data, beside the encodings; there is no entry where nothing is derived:

    "sources": [{"column": "income", "kind": "number", …}, …]            how the columns behind them are read
    "derived": [{"name": "ratio", "type": "number", "tree": {"op": "divide", …}}, …]
    "now": 1719792000000000                                              of the training rows, in microseconds (UTC)

`now` in an expression is that of the training rows in training and wherever they (or rows of their time) are judged,
and the clock's, cut to the minute, where a prediction is asked for: see `rows.moment`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core import extensions
from ..core.errors import InputError
from ..expression.evaluation import NONE, evaluate
from ..expression.learning import learn as learn_tree
from ..rows import moment
from . import column_reading as reading
from .column_reading import Columns
from .encoding import LARGEST, Encoding

if TYPE_CHECKING:
    from ..contract.schema import Column, Contract
    from ..rows.training import Training

Array = npt.NDArray[Any]

#: Folds in which what looks at the target is learnt for the training rows themselves.
FOLDS = 5


@dataclass(frozen=True)
class Step:
    """One feature: its tree, or the function of the project's own that computes it from `arguments`."""

    name: str
    type: str
    tree: Mapping[str, Any] | None = None
    function: str | None = None
    arguments: tuple[str, ...] = ()

    def value(self, known: Mapping[str, Array], rows: int, now: int) -> Array:
        """Its values [rows], held as `expression.evaluation` says, from columns and features that are."""
        if self.tree is not None:
            return evaluate(self.tree, known, rows, now)
        return _own(self, known, rows)


@dataclass(frozen=True)
class Derivation:
    """All derived features in an order of evaluation, and how the columns behind them are read."""

    sources: tuple[Encoding, ...] = ()
    steps: tuple[Step, ...] = ()
    now: int = 0

    def columns(self, given: Columns, now: int | None = None) -> dict[str, Array]:
        """The features [n] of raw columns [n] as an encoding reads them: float64, str or None, datetime64. `now` is in
        microseconds, None for the clock's. Raises InputError for a cell that cannot be read."""
        if not self.steps:
            return {}
        known = {source.column: _READ[source.kind](given[source.column], source) for source in self.sources}
        lengths = {len(values) for values in known.values()}
        if len(lengths) > 1:
            shown = ", ".join(f"{name} {len(values)}" for name, values in known.items())
            raise InputError(f"the columns differ in length ({shown}); give each of them one value per row")
        return self.of(known, lengths.pop(), moment.clock() if now is None else now)

    def of(self, known: Mapping[str, Array], rows: int, now: int) -> dict[str, Array]:
        """The features of columns that were read."""
        held = dict(known)
        for step in self.steps:
            held[step.name] = step.value(held, rows, now)
        return {step.name: _column(held[step.name], step.type) for step in self.steps}

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        if not self.steps:
            return {}
        steps = [{name: value for name, value in vars(step).items() if value not in (None, ())} for step in self.steps]
        return {"sources": [dataclasses.asdict(source) for source in self.sources], "derived": steps, "now": self.now}

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Derivation:
        """From what `to_dict` returned."""
        steps = [
            Step(**entry | {"arguments": tuple(entry.get("arguments", ()))}) for entry in entries.get("derived", ())
        ]
        return cls(tuple(map(Encoding.from_dict, entries.get("sources", ()))), tuple(steps), entries.get("now", 0))


NOTHING = Derivation()


def learn(training: Training) -> tuple[Derivation, dict[str, Array], dict[str, Array]]:
    """Learn the features of training rows; return them, their values as they are served, and those to learn from.

    What looks at the target is learnt for each of FOLDS folds from the other ones: no row's own target is in the value
    that a model learns from.
    """
    contract = training.contract
    if not contract.features:
        return NOTHING, {}, {}
    sources = tuple(source(column) for column in contract.columns if column.name in contract.sources)
    known = {each.column: _READ[each.kind](training.frame[each.column].to_numpy(), each) for each in sources}
    target = (training.target == 1 if training.classes else training.target).astype(np.float64)
    whole = Derivation(sources, _learnt(contract, known, target, training.now), training.now)
    served = whole.of(known, len(target), training.now)
    found = dict(served)
    looking = [feature.name for feature in contract.features if "target_mean" in feature.learns]
    if looking:
        from .model import validation

        fold = validation.folds(training, FOLDS)
        for number in range(int(fold.max()) + 1):
            rest, rows = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            steps = _learnt(contract, {name: v[rest] for name, v in known.items()}, target[rest], training.now)
            part = Derivation(sources, steps).of({n: v[rows] for n, v in known.items()}, len(rows), training.now)
            for name in looking:
                found[name] = found[name].copy() if number == 0 else found[name]
                found[name][rows] = part[name]
    return whole, served, found


def _learnt(contract: Contract, known: Mapping[str, Array], target: Array, now: int) -> tuple[Step, ...]:
    """The steps with what they learn from rows, one after the other."""
    held, steps, rows = dict(known), [], len(target)
    for feature in contract.features:
        tree = feature.tree
        if tree is not None and feature.learns:
            tree = learn_tree(tree, held, rows, now, target)
        step = Step(feature.name, feature.type, tree, feature.function, feature.arguments)
        held[step.name] = step.value(held, rows, now)
        steps.append(step)
    return tuple(steps)


def source(column: Column) -> Encoding:
    """How a column behind features is read: nothing is filled, and no level is rare."""
    writing = column.writing
    kind = {"number": "number", "integer": "number", "boolean": "boolean", "datetime": "datetime"}.get(column.type)
    return Encoding(
        column=column.name,
        kind=kind or "category",
        levels=() if kind else column.categories,
        format=column.format,
        zone=column.zone,
        words=tuple(word for word in column.missing or () if word not in column.categories),
        decimal=writing.decimal,
        thousands=writing.thousands,
        unit=writing.unit,
        whole=writing.whole,
    )


def _numbers(values: reading.Values, encoding: Encoding) -> Array:
    """As float64, in which trees compute."""
    return reading.numbers(values, encoding).astype(np.float64)


_READ: dict[str, Any] = {
    "number": _numbers,
    "boolean": reading.booleans,
    "category": reading.texts,
    "datetime": reading.moments,
}


def _column(values: Array, kind: str) -> Array:
    """A feature as a column of the table: a number that fits no float32 is missing."""
    if kind == "moment":
        return np.where(values == NONE, np.datetime64("NaT", "us"), values.astype("datetime64[us]"))
    if kind in ("category", "text"):
        return values
    return np.where(np.abs(values) <= LARGEST, values, np.nan)


def _own(step: Step, known: Mapping[str, Array], rows: int) -> Array:
    """What a function of the project's own gives. Raises InputError where that is no column of its type."""
    function = extensions.registered("feature")[str(step.function)].function
    given = [_shown(known[name]) for name in step.arguments]
    found = np.asarray(function(*given))
    if found.shape != (rows,):
        raise InputError(
            f"the feature {step.name!r} gave {' x '.join(map(str, found.shape)) or 'one value'} for {rows} rows; "
            "return an array with a value for each"
        )
    try:
        if step.type == "moment":
            return np.where(np.isnat(stamps := found.astype("datetime64[us]")), NONE, stamps.astype(np.int64))
        if step.type == "category":
            texts = np.empty(rows, dtype=object)
            texts[:] = [None if value is None or value != value else str(value) for value in found.tolist()]
            return texts
        numbers = found.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"the feature {step.name!r} gave something that is no {step.type}: {error}") from error
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _shown(values: Array) -> Array:
    """A column as a function of the project's own gets it: moments as datetime64, all else as it is; its own copy."""
    return _column(values, "moment") if values.dtype == np.int64 else values.copy()
