"""Raw columns in, the float32 matrix that the models compute on out: preprocessing as data, never as code.

`fit` decides once, from the training rows, how each input column is encoded; what it decides is plain JSON that travels
in the bundle. `encode` applies it to lists from a request and to whole arrays alike, with numpy alone, so that training
and serving share one code path. One column of `preprocessing.json`:

    {"column": "Contract", "kind": "category", "levels": ["Month-to-month", "One year"], "other": 2, "missing": null, …}

A category becomes the position of its level; rare levels share the code `other`, which unseen levels get too. A moment
becomes its parts, a text the weights of its words (`words`). A missing number stays NaN where training rows had missing
ones, else it becomes their median.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..contract.features import predictors
from ..contract.schema import Column, Contract
from ..core.errors import InputError
from . import derivation as deriving
from . import words
from .column_reading import PARTS, READERS, Columns, Floats, parts
from .derivation import NOTHING, Derivation
from .encoding import Encoding

if TYPE_CHECKING:
    import pandas as pd

    from ..rows.training import Training

__all__ = ["PARTS", "Columns", "Matrix", "Preprocessing", "Read", "fit", "learn"]

Matrix = npt.NDArray[np.float32]

#: A level needs this many training rows for a code of its own; a level seen once says nothing about the next row.
RARE = 2
#: Levels with a code of their own, the most frequent ones: LightGBM and XGBoost look at about as many bins.
MOST_LEVELS = 254


@dataclass(frozen=True, eq=False)
class Read:
    """Columns [rows] or [rows, parts] that were read: every cell is the number that it stands for."""

    rows: int
    width: int
    columns: tuple[Floats, ...]

    def matrix(self, start: int = 0, stop: int | None = None) -> Matrix:
        """Return the matrix [stop - start, width] of some rows: the values side by side, as float32."""
        chosen = slice(start, self.rows if stop is None else min(stop, self.rows))
        matrix = np.empty((chosen.stop - start, self.width), dtype=np.float32)
        position = 0
        for values in self.columns:
            if values.ndim == 1:
                matrix[:, position] = values[chosen]
                position += 1
            else:
                matrix[:, position : position + values.shape[1]] = values[chosen]
                position += values.shape[1]
        return matrix


@dataclass(frozen=True)
class Preprocessing:
    """The encodings of all columns that the model sees: the contract's in its order, then the derived ones."""

    encodings: tuple[Encoding, ...]
    derivation: Derivation = NOTHING

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the matrix's columns."""
        return tuple(name for encoding in self.encodings for name in encoding.features)

    @property
    def raw(self) -> dict[str, Encoding]:
        """The columns that rows must have, by name: those the model sees, and those that features are derived from."""
        derived = {step.name for step in self.derivation.steps}
        own = (encoding for encoding in self.encodings if encoding.column not in derived)
        return {encoding.column: encoding for encoding in (*self.derivation.sources, *own)}

    @property
    def categorical(self) -> dict[int, Encoding]:
        """The matrix's columns that hold codes, by position."""
        kinds = [encoding for encoding in self.encodings for _ in encoding.features]
        return {position: encoding for position, encoding in enumerate(kinds) if encoding.kind == "category"}

    def encode(self, columns: Columns, now: int | None = None) -> Matrix:
        """Return the matrix [n, features] of raw columns [n] each; `now` as `derivation` has it.

        Raises InputError naming the column, the first value that cannot be read, and what was expected.
        """
        return self.read(columns, now).matrix()

    def read(self, columns: Columns, now: int | None = None) -> Read:
        """Read raw columns [n] each, without putting them side by side yet; raises InputError as `encode` does."""
        if self.derivation.steps:
            columns = {**columns, **self.derivation.columns(columns, now)}
        read = [(encoding, READERS[encoding.kind](columns[encoding.column], encoding)) for encoding in self.encodings]
        rows = {len(values) for _, values in read}
        if len(rows) > 1:
            lengths = ", ".join(f"{encoding.column} {len(values)}" for encoding, values in read)
            raise InputError(f"the columns differ in length ({lengths}); give each of them one value per row")
        return Read(rows.pop() if rows else 0, len(self.features), tuple(values for _, values in read))

    def frame(self, frame: pd.DataFrame) -> Matrix:
        """Return the matrix [n, features] of conformed rows of the training's time."""
        return self.encode({name: frame[name].to_numpy() for name in self.raw}, self.derivation.now)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {"columns": [dataclasses.asdict(entry) for entry in self.encodings], **self.derivation.to_dict()}

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Preprocessing:
        """From what `to_dict` returned."""
        return cls(tuple(map(Encoding.from_dict, entries["columns"])), Derivation.from_dict(entries))


def learn(training: Training) -> tuple[Preprocessing, Matrix]:
    """Fit to training rows, and return their matrix [n, features]: no row's own target is in it (see `derivation`)."""
    import pandas as pd

    frame = training.frame
    derivation, served, values = deriving.learn(training)
    derived = {name: pd.Series(found, dtype=found.dtype) for name, found in served.items()}
    frame = frame.assign(**derived)
    fitted = words.learn(fit(frame, training.contract), frame, training)
    plain = (each.column for each in fitted.encodings if each.column not in values)
    given = {name: frame[name].to_numpy() for name in plain} | values
    return Preprocessing(fitted.encodings, derivation), fitted.encode(given)


def fit(frame: pd.DataFrame, contract: Contract) -> Preprocessing:
    """Decide from conformed training rows, with their derived columns, how each column the model sees is encoded."""
    fitters = {"number": _fit_number, "integer": _fit_number, "boolean": _fit_number, "datetime": _fit_datetime}
    fitters["text"] = _fit_text
    return Preprocessing(
        tuple(
            fitters.get(column.type, _fit_category)(frame[column.name].to_numpy(), column)
            for column in predictors(contract)
        )
    )


def _fit_number(values: npt.NDArray[Any], column: Column) -> Encoding:
    """Missing values mean something only where training rows had them; elsewhere the median does the least harm."""
    kind = "boolean" if column.type == "boolean" else "number"
    known = values[~np.isnan(values)]
    fill = float(np.median(known)) if known.size == values.size and known.size else None
    writing = column.writing
    return Encoding(
        column=column.name,
        kind=kind,
        fill=fill,
        words=_words(column),
        decimal=writing.decimal,
        thousands=writing.thousands,
        unit=writing.unit,
        whole=writing.whole,
    )


def _fit_category(values: npt.NDArray[Any], column: Column) -> Encoding:
    """Levels in the contract's order, then those that the contract does not list; rare ones share a code."""
    counts = Counter(value for value in values.tolist() if value is not None)
    frequent = sorted((level for level in counts if counts[level] >= RARE), key=lambda level: (-counts[level], level))
    listed = {level: position for position, level in enumerate(column.categories)}
    levels = tuple(sorted(frequent[:MOST_LEVELS], key=lambda level: (listed.get(level, len(listed)), level)))
    other = len(levels) if len(levels) < len(counts) else None
    missing = len(levels) + (other is not None) if sum(counts.values()) < len(values) else None
    return Encoding(
        column=column.name, kind="category", levels=levels, other=other, missing=missing, words=_words(column)
    )


def _fit_datetime(values: npt.NDArray[Any], column: Column) -> Encoding:
    """The parts that differ between training rows; where nothing differs, the elapsed days alone."""
    told = parts(values.astype("datetime64[us]").astype(np.int64), zone=column.zone)
    varied = tuple(name for name, part in told.items() if len(np.unique(part[~np.isnan(part)])) > 1)
    return Encoding(
        column=column.name,
        kind="datetime",
        parts=varied or ("elapsed",),
        format=column.format,
        zone=column.zone,
        words=_words(column),
    )


def _fit_text(values: npt.NDArray[Any], column: Column) -> Encoding:
    """Its words are learnt with the target in sight: see `words.learn`."""
    return Encoding(column=column.name, kind="text", words=_words(column))


def _words(column: Column) -> tuple[str, ...]:
    """The words for missing; a category is none of them, also a rare one that has no code of its own."""
    return tuple(word for word in column.missing or () if word not in column.categories)
