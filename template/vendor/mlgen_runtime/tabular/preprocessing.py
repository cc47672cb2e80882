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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..contract.schema import Column, Contract
from ..core import zones
from ..core.errors import InputError
from ..core.moments import EARLIEST, LATEST
from . import words
from .encoding import LARGEST, NO_MOMENT, Encoding, Levels, boolean, moment, number

if TYPE_CHECKING:
    import pandas as pd

Matrix = npt.NDArray[np.float32]
#: float32 where the values came as such, else float64.
Floats = npt.NDArray[np.floating[Any]]
Values = Sequence[Any] | npt.NDArray[Any]
Columns = Mapping[str, Values]

#: A level needs this many training rows for a code of its own; a level seen once says nothing about the next row.
RARE = 2
#: Levels with a code of their own, the most frequent ones: LightGBM and XGBoost look at about as many bins.
MOST_LEVELS = 254
#: The parts that a moment can become, in the order of the features.
PARTS = ("year", "month", "day", "weekday", "hour", "minute", "elapsed")
#: Microseconds.
DAY = 86_400_000_000


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
    """The encodings of all input columns, in the contract's order."""

    encodings: tuple[Encoding, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the matrix's columns."""
        return tuple(name for encoding in self.encodings for name in encoding.features)

    @property
    def categorical(self) -> dict[int, Encoding]:
        """The matrix's columns that hold codes, by position."""
        kinds = [encoding for encoding in self.encodings for _ in encoding.features]
        return {position: encoding for position, encoding in enumerate(kinds) if encoding.kind == "category"}

    def encode(self, columns: Columns) -> Matrix:
        """Return the matrix [n, features] of raw columns [n] each.

        Raises InputError naming the column, the first value that cannot be read, and what was expected.
        """
        return self.read(columns).matrix()

    def read(self, columns: Columns) -> Read:
        """Read raw columns [n] each, without putting them side by side yet; raises InputError as `encode` does."""
        read = [(encoding, _READERS[encoding.kind](columns[encoding.column], encoding)) for encoding in self.encodings]
        rows = {len(values) for _, values in read}
        if len(rows) > 1:
            lengths = ", ".join(f"{encoding.column} {len(values)}" for encoding, values in read)
            raise InputError(f"the columns differ in length ({lengths}); give each of them one value per row")
        return Read(rows.pop() if rows else 0, len(self.features), tuple(values for _, values in read))

    def frame(self, frame: pd.DataFrame) -> Matrix:
        """Return the matrix [n, features] of conformed rows."""
        return self.encode({encoding.column: frame[encoding.column].to_numpy() for encoding in self.encodings})

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {"columns": [dataclasses.asdict(encoding) for encoding in self.encodings]}

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Preprocessing:
        """From what `to_dict` returned."""
        return cls(tuple(_encoding(entry) for entry in entries["columns"]))


def _encoding(entry: Mapping[str, Any]) -> Encoding:
    """One column from plain data; JSON knows lists only."""
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Encoding(**given)


def fit(frame: pd.DataFrame, contract: Contract) -> Preprocessing:
    """Decide from conformed training rows how each input column of the contract is encoded."""
    fitters = {"number": _fit_number, "integer": _fit_number, "boolean": _fit_number, "datetime": _fit_datetime}
    fitters["text"] = _fit_text
    return Preprocessing(
        tuple(
            fitters.get(column.type, _fit_category)(frame[column.name].to_numpy(), column) for column in contract.inputs
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
    parts = _parts(values.astype("datetime64[us]").astype(np.int64), zone=column.zone)
    varied = tuple(name for name, part in parts.items() if len(np.unique(part[~np.isnan(part)])) > 1)
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


def _numbers(values: Values, encoding: Encoding) -> Floats:
    given = values if isinstance(values, np.ndarray) else _array(values)
    plain = given is not None and given.dtype.kind in "fiu" and given.ndim == 1 and not encoding.writing.sentinels
    if given is None or not plain or (encoding.whole and _broken(given)):  # something is no number: look at each
        return np.array([number(value, encoding) for value in values], dtype=np.float64)
    read = given if given.dtype in (np.float32, np.float64) else given.astype(np.float64)
    # Bounds cost a quarter of a mask of the cells. They pass over NaN; of nothing but NaN they are NaN.
    if read.size and not (np.fmin.reduce(read) >= -LARGEST and np.fmax.reduce(read) <= LARGEST):
        huge = np.abs(read) > LARGEST
        if np.isfinite(read[huge]).any():
            return np.array([number(value, encoding) for value in values], dtype=np.float64)
        read = np.where(huge, np.nan, read)
    if encoding.fill is None or not read.size or not np.isnan(read.min()):
        return read
    return np.where(np.isnan(read), encoding.fill, read)


def _broken(values: npt.NDArray[Any]) -> bool:
    """Whether a number has a fraction."""
    if values.dtype.kind != "f":
        return False
    broken = np.floor(values) != values  # so is what is missing, which few columns have
    return bool(broken.any() and (broken & np.isfinite(values)).any())


def _array(values: Sequence[Any]) -> npt.NDArray[Any] | None:
    """A list as an array of whatever type numpy finds, or None where it is no plain list of values."""
    try:
        return np.asarray(values)
    except (ValueError, OverflowError):
        return None


def _booleans(values: Values, encoding: Encoding) -> Floats:
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        read = values.astype(np.float64)
        missing = np.isnan(read)
        if ((read == 0) | (read == 1) | missing).all():
            return read if encoding.fill is None else np.where(missing, encoding.fill, read)
    return np.array([boolean(value, encoding) for value in values], dtype=np.float64)


class _Met(Levels):
    """The levels of one column of many rows: a text that is no level is looked at once."""

    def __missing__(self, value: Any) -> float:
        """The code, kept where the value is a text; 1, 1.0 and True are one key, but not one level."""
        code = super().__missing__(value)
        if type(value) is str:
            self[value] = code
        return code


def _categories(values: Values, encoding: Encoding) -> Floats:
    levels = _Met(encoding)
    cells = values.tolist() if isinstance(values, np.ndarray) else values
    try:
        return np.fromiter(map(levels.__getitem__, cells), dtype=np.float64, count=len(cells))
    except TypeError:
        return np.array([levels.read(value) for value in cells], dtype=np.float64)


def _datetimes(values: Values, encoding: Encoding) -> Floats:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        moments = values.astype("datetime64[us]").astype(np.int64)
        moments = np.where((moments >= EARLIEST) & (moments < LATEST), moments, NO_MOMENT)
    else:
        moments = np.array([moment(value, encoding) for value in values], dtype=np.int64)
    parts = _parts(moments, encoding.parts, encoding.zone)
    return np.stack([parts[name] for name in encoding.parts], axis=1)


_READERS: dict[str, Callable[[Values, Encoding], Floats]] = {
    "number": _numbers,
    "boolean": _booleans,
    "category": _categories,
    "datetime": _datetimes,
    "text": words.read,
}


def _parts(
    moments: npt.NDArray[np.int64], wanted: Sequence[str] = PARTS, zone: str | None = None
) -> dict[str, npt.NDArray[np.float64]]:
    """Parts of moments [n] (microseconds, UTC) by the clocks of a zone: Monday is weekday 0; `elapsed` is in days since
    1970, the time of day a fraction, and the same everywhere."""
    known = moments != NO_MOMENT
    stamps = np.where(known, moments, 0)
    ahead = 0 if zone is None else zones.offsets(stamps // 1_000_000, zone) * 1_000_000
    days, within = np.divmod(stamps + ahead, DAY)
    whole, rest = (days, within) if zone is None else np.divmod(stamps, DAY)
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    parts: dict[str, Callable[[], npt.NDArray[Any]]] = {
        "year": lambda: 1970 + months.astype(np.int64) // 12,
        "month": lambda: 1 + months.astype(np.int64) % 12,
        "day": lambda: 1 + days - months.astype("datetime64[D]").astype(np.int64),
        "weekday": lambda: (days + 3) % 7,
        "hour": lambda: within // 3_600_000_000,
        "minute": lambda: within // 60_000_000 % 60,
        "elapsed": lambda: whole + rest / DAY,
    }
    return {name: np.where(known, parts[name]().astype(np.float64), np.nan) for name in wanted}
