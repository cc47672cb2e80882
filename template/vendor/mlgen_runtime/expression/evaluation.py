"""The values of a checked tree for many rows at once, with numpy alone.

    evaluate(tree, {"income": np.array([100.0, np.nan]), "family_size": np.array([3.0, 1.0])}, rows=2, now=0)
    → array([25., nan])

Numbers and truth values are float64 with NaN where missing, texts an object array of str or None, moments int64
microseconds since 1970 (UTC) with NONE where missing. What is missing stays so through every operation, unless its
function says otherwise. What is divided by zero, has no value, or overflows is missing too: nothing is ever infinite.

`export` copies this module beside `reader.py`, and `features.mjs` says the same in JavaScript.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

if __package__:
    from ..core.cells import BLANKS
    from ..core.zones import offsets
else:  # copied: what lies beside this file
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    BLANKS = import_module("cells").BLANKS
    offsets = import_module("moments").offsets

Array = npt.NDArray[Any]
Tree = Mapping[str, Any]

#: A moment that is not there.
NONE = np.iinfo(np.int64).min
#: Microseconds.
_UNITS = {"days": 86_400_000_000, "hours": 3_600_000_000, "minutes": 60_000_000}
_DAY = _UNITS["days"]
_WORD = re.compile(f"[^{BLANKS}]+")
#: What stands between the categories of a cross.
TIMES = " \u00d7 "


def evaluate(tree: Tree, columns: Mapping[str, Array], rows: int, now: int) -> Array:
    """Return the values [rows] of a tree; `columns` [rows] are held as the module says, `now` is in microseconds."""
    with np.errstate(all="ignore"):
        found = _value(tree, columns, rows, now)
    return found if found.shape == (rows,) else np.full(rows, found)


def _value(tree: Tree, columns: Mapping[str, Array], rows: int, now: int) -> Array:
    op = tree["op"]
    if op == "column":
        return columns[tree["name"]]
    if op == "now":
        return np.asarray(now, dtype=np.int64)
    if op == "value":
        return _literal(tree, rows)
    args = [_value(arg, columns, rows, now) for arg in tree["args"]]
    if op in _NUMBERS:
        found = np.asarray(_NUMBERS[op](*args), dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)
    return _OTHERS[op](tree, args, rows)


def _literal(tree: Tree, rows: int) -> Array:
    value = tree["value"]
    if tree["of"] == "text":
        texts = np.empty(rows, dtype=object)
        texts[:] = value
        return texts
    if tree["of"] == "moment":
        return np.asarray(NONE if value is None else value, dtype=np.int64)
    return np.asarray(np.nan if value is None else value, dtype=np.float64)


def _power(base: Array, exponent: Array) -> Array:
    """A power; missing where either is, also where C says 1."""
    return np.where(np.isnan(base) | np.isnan(exponent), np.nan, np.power(base, exponent))


def _round(values: Array, digits: float = 0) -> Array:
    """Half to even; what is too large to have digits there stays as it is."""
    scale = 10.0 ** abs(digits)
    found = np.rint(values * scale) / scale if digits >= 0 else np.rint(values / scale) * scale
    return np.where(np.isfinite(found), found, values)


def _both(a: Array, b: Array) -> Array:
    """And: false where one is, missing where one is and the other is not false."""
    return np.where((a == 0) | (b == 0), 0.0, np.where(np.isnan(a) | np.isnan(b), np.nan, 1.0))


#: Operations on numbers; what comes out infinite is missing.
_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": lambda a, b: np.where(b == 0, np.nan, a / b),
    "modulo": lambda a, b: np.where(b == 0, np.nan, np.mod(a, b)),
    "power": _power,
    "negate": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "floor": np.floor,
    "ceil": np.ceil,
    "min": lambda *each: _reduced(np.minimum, each),
    "max": lambda *each: _reduced(np.maximum, each),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "and": _both,
    "or": lambda a, b: 1 - _both(1 - a, 1 - b),
    "not": lambda a: 1 - a,
}


def _reduced(two: Callable[[Array, Array], Array], each: Sequence[Array]) -> Array:
    found = each[0]
    for other in each[1:]:
        found = two(found, other)
    return found


def _gone(values: Array, of: str, rows: int) -> Array:
    """Which values [rows] are missing."""
    if of == "text":
        return np.fromiter((value is None for value in values), dtype=bool, count=rows)
    return np.broadcast_to(values == NONE if of == "moment" else np.isnan(values), (rows,))


_COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "unequal": np.not_equal,
}


def _compare(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    a, b = args
    gone = _gone(a, tree["of"], rows) | _gone(b, tree["of"], rows)
    return np.where(gone, np.nan, _COMPARED[tree["op"]](a, b).astype(np.float64))


def _among(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    (values,), wanted, of = args, tree["values"], tree["of"]
    if of == "text":
        known = frozenset(wanted)
        found = np.fromiter((value in known for value in values), dtype=np.float64, count=rows)
    else:
        found = np.isin(values, np.array(wanted, dtype=np.int64 if of == "moment" else np.float64)).astype(np.float64)
    return np.where(_gone(values, of, rows), np.nan, found)


def _where(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    condition, a, b = args
    none: Any = {"text": None, "moment": np.int64(NONE)}.get(tree["of"], np.float64(np.nan))
    found = np.where(condition == 1, a, b)
    return np.where(np.isnan(condition), none, found)


def _coalesce(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    found = args[-1]
    for values in reversed(args[:-1]):
        found = np.where(_gone(values, tree["of"], rows), found, values)
    return found


def _each(function: Callable[[str], Any], values: Array, rows: int) -> Array:
    """A number of each text, NaN where there is none."""
    return np.fromiter((np.nan if value is None else function(value) for value in values), dtype=np.float64, count=rows)


def _texts(found: Sequence[str | None]) -> Array:
    held = np.empty(len(found), dtype=object)
    held[:] = found
    return held


def _bucket(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    values = np.broadcast_to(args[0], (rows,))
    labels = _texts([*tree["labels"], None])
    places = np.searchsorted(np.array(tree["edges"], dtype=np.float64), values, side="right")
    found: Array = labels[np.where(np.isnan(values), len(labels) - 1, places)]
    return found


def _cross(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    return _texts([None if None in row else TIMES.join(row) for row in zip(*args, strict=True)])


def _word(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    said = {0.0: "false", 1.0: "true"}
    return _texts([said.get(value) for value in np.broadcast_to(args[0], (rows,)).tolist()])


def _lookup(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    """What training learnt of a group."""
    table, other = tree["table"], np.nan if tree["otherwise"] is None else tree["otherwise"]
    return np.fromiter((table.get(value, other) for value in args[0]), dtype=np.float64, count=rows)


def _part(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    """A part of a moment by the clocks of its zone."""
    known = args[0] != NONE
    stamps = np.where(known, args[0], 0)
    zone, part = tree["zone"], tree["op"]
    ahead = 0 if zone is None else np.asarray(offsets(stamps // 1_000_000, zone)) * 1_000_000
    days, within = np.divmod(stamps + ahead, _DAY)
    if part in ("weekday", "hour", "minute"):
        found = {"weekday": (days + 3) % 7, "hour": within // _UNITS["hours"], "minute": within // 60_000_000 % 60}[
            part
        ]
    else:
        dates = days.astype("datetime64[D]")
        months = dates.astype("datetime64[M]")
        number = months.astype(np.int64)
        first = months.astype("datetime64[D]").astype(np.int64)
        found = {"year": 1970 + number // 12, "month": 1 + number % 12, "day": 1 + days - first}[part]
    return np.where(known, found.astype(np.float64), np.nan)


def _between(tree: Tree, args: Sequence[Array], rows: int) -> Array:
    a, b = args
    gone = (a == NONE) | (b == NONE)
    return np.where(gone, np.nan, np.where(gone, 0, b - a) / _UNITS[tree["op"]])


_OTHERS: dict[str, Callable[[Tree, Sequence[Array], int], Array]] = {
    "round": lambda tree, args, rows: _round(args[0], tree.get("with", 0)),
    "among": _among,
    "where": _where,
    "coalesce": _coalesce,
    "missing": lambda tree, args, rows: _gone(args[0], tree["of"], rows).astype(np.float64),
    "bucket": _bucket,
    "cross": _cross,
    "word": _word,
    "lower": lambda tree, args, rows: _texts([None if value is None else value.lower() for value in args[0]]),
    "length": lambda tree, args, rows: _each(len, args[0], rows),
    "words": lambda tree, args, rows: _each(lambda text: len(_WORD.findall(text)), args[0], rows),
    "contains": lambda tree, args, rows: _each(lambda text: tree["with"] in text, args[0], rows),
    "lookup": _lookup,
    **dict.fromkeys(("year", "month", "day", "weekday", "hour", "minute"), _part),
    **dict.fromkeys(_UNITS, _between),
    **dict.fromkeys(_COMPARED, _compare),
}
