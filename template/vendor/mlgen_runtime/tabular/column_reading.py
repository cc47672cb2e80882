"""Raw columns as arrays: each cell as its column says, whole arrays at once where that gives the same as cell by cell.

A column comes as a list from a request, or as an array of a table's conformed rows. `encoding` has the readers of a
cell, which decide; `preprocessing` puts the features of a model together from what is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core import zones
from ..core.cells import Unreadable
from ..core.moments import EARLIEST, LATEST
from . import words
from .encoding import LARGEST, NO_MOMENT, Encoding, Levels, boolean, moment, number, refusal

#: float32 where the values came as such, else float64.
Floats = npt.NDArray[np.floating[Any]]
Values = Sequence[Any] | npt.NDArray[Any]
Columns = Mapping[str, Values]

#: The parts that a moment can become, in the order of the features.
PARTS = ("year", "month", "day", "weekday", "hour", "minute", "elapsed")
#: Microseconds.
DAY = 86_400_000_000


def numbers(values: Values, encoding: Encoding) -> Floats:
    """Numbers [n], the fill or NaN where there is none."""
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


def booleans(values: Values, encoding: Encoding) -> Floats:
    """Truth values [n] as 1 and 0, the fill or NaN where there is none."""
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


def categories(values: Values, encoding: Encoding) -> Floats:
    """The codes [n] of categories."""
    levels = _Met(encoding)
    cells = values.tolist() if isinstance(values, np.ndarray) else values
    try:
        return np.fromiter(map(levels.__getitem__, cells), dtype=np.float64, count=len(cells))
    except TypeError:
        return np.array([levels.read(value) for value in cells], dtype=np.float64)


def moments(values: Values, encoding: Encoding) -> npt.NDArray[np.int64]:
    """Moments [n] in microseconds since 1970 (UTC), NO_MOMENT where there is none."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        found = values.astype("datetime64[us]").astype(np.int64)
        return np.where((found >= EARLIEST) & (found < LATEST), found, NO_MOMENT)
    return np.array([moment(value, encoding) for value in values], dtype=np.int64)


def datetimes(values: Values, encoding: Encoding) -> Floats:
    """The parts [n, parts] of moments."""
    found = parts(moments(values, encoding), encoding.parts, encoding.zone)
    return np.stack([found[name] for name in encoding.parts], axis=1)


def texts(values: Values, encoding: Encoding) -> npt.NDArray[np.object_]:
    """Texts [n], as the category that each is where the column lists them; None where there is none."""
    found = np.empty(len(values), dtype=object)
    read = encoding.known.read
    for at, value in enumerate(values.tolist() if isinstance(values, np.ndarray) else values):
        try:
            found[at] = read(value)
        except Unreadable:
            raise refusal(value, encoding) from None
    return found


#: Kind of encoding → what reads a column of it.
READERS: dict[str, Callable[[Values, Encoding], Floats]] = {
    "number": numbers,
    "boolean": booleans,
    "category": categories,
    "datetime": datetimes,
    "text": words.read,
}


def parts(
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
