"""Whether the texts of a column are dates, how they are written, and what remains in doubt.

01/02/2015 is the first of February or the second of January. Mostly a day above 12 tells; else the reading that gives
regular steps is taken (a monthly series is no twelve days of each January), then the one in which the rows are in
order, and the contract says so. Where both readings fit as well, the proposal asks: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..config.settings import TableSettings
from ..core import moments as one
from ..core import zones
from ..core.errors import InputError
from . import columns as raw
from . import offsets
from .schema import Column, Contract
from .written import Moments, moments

Codes = npt.NDArray[np.int64]

_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d-%b-%Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y",
)  # fmt: skip
#: The ways to write a date that are looked for beside ISO 8601.
FORMATS = tuple(day + time for day in _DAYS for time in _TIMES)
#: 10.11.12 is a date only where all of its parts have two digits: 1.10.2 is a version.
_SHORT = re.compile(r"\d\d\.\d\d\.\d\d\b.*")
#: The length of the longest date, and the digits of the shortest.
_LONGEST, _FEWEST = 40, 4
#: A reading is regular that fills so much of its own steps, and clearly more so than the other one.
_FULL, _CLEARLY = 0.8, 2.0
#: Below this share of cells that are none, a column is almost one of dates.
_ALMOST = 0.05


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the settings say of date columns that are being proposed: `data.date_format` and `data.zone`."""

    format: str | None = None
    zone: str | None = None


def said(settings: TableSettings) -> Said:
    """What the settings say; raises InputError for a format or a zone that is none."""
    if settings.date_format is not None:
        one.check(settings.date_format, "data.date_format")
    if settings.zone is not None:
        zones.named(settings.zone)
    return Said(format=settings.date_format, zone=settings.zone)


def heeded(said: Said, columns: Iterable[Column]) -> None:
    """Refuse a setting that no date column of a proposed contract follows: it says something that is not so."""
    dated = [column for column in columns if column.type == "datetime"]
    plain = said.format is not None and said.format.startswith("%Y-%m-%d")  # which is ISO 8601
    if said.format is not None and not any(c.format == said.format or (plain and c.format is None) for c in dated):
        raise InputError(
            f"data.date_format={said.format} fits no column in all of its cells; check it against the data, or leave "
            "it out"
        )
    if said.zone is not None and not any(column.zone == said.zone for column in dated):
        raise InputError(f"data.zone={said.zone}: no column holds a date with a time of day or an offset; leave it out")


def agree(contract: Contract, settings: TableSettings, path: str) -> None:
    """Refuse settings that say something else than the reviewed contract."""
    for name, value, entry in (("date_format", settings.date_format, "format"), ("zone", settings.zone, "zone")):
        there = {getattr(column, entry) for column in contract.columns if column.type == "datetime"} - {None}
        if value is not None and value not in there:
            raise InputError(
                f"data.{name} is {value}, {path} has {', '.join(sorted(there)) or 'none'}; leave it out, or infer a "
                "new contract with contract.write=true"
            )


@dataclass(frozen=True, kw_only=True)
class Dates:
    """A column of dates: its cells, how they are written, and what the reader of the contract should know.

    `note` says what was decided; `doubt` is a question that only the user can answer; `odd` are cells that keep an
    almost date column from being one (`read` is None then).
    """

    read: Moments | None
    format: str | None = None
    zone: str | None = None
    note: str | None = None
    doubt: str | None = None
    odd: tuple[str, ...] = field(default=())


def find(series: pd.Series, name: str, texts: raw.Texts, said: Said) -> Dates | None:
    """Return what a column of texts is as dates; None where it is not one."""
    levels = [level.strip() for level in texts.levels]
    if not levels:
        return None
    formats = _fitting(levels, said)
    if not formats:
        return _almost(levels)
    chosen, note, doubt = _decided(levels, texts.codes, formats, name)
    zone, remark, question = _zone(levels, name, said, chosen)
    read = raw.moments(series, chosen, zone)
    notes = "; ".join(text for text in (note, remark, _far(read, series)) if text)
    return Dates(read=read, format=chosen, zone=zone, note=notes or None, doubt=doubt or question)


def typed(series: pd.Series, said: Said) -> Dates:
    """Return what a column is that the file holds as moments; the zone is the file's."""
    own = offsets.of_type(series)
    zone = said.zone if own is not None or (said.zone is not None and _timed(series.dropna())) else None
    zone = zone or own
    read = raw.moments(series, None, zone)
    return Dates(read=read, zone=zone, note=_far(read, series))


def _fitting(levels: Sequence[str], said: Said) -> list[str | None]:
    """The formats (None: ISO 8601) that every level fits, the setting's alone where it does."""
    first = levels[0]
    if said.format is not None and not moments(levels, said.format, None).bad.any():
        plain = moments(levels, None, None)
        return [said.format if plain.bad.any() or "%Y-%d" in said.format else None]
    if one.matches(first, None):
        return [None] if not moments(levels, None, None).bad.any() else []
    likely = [format for format in FORMATS if one.matches(first, format)] if _plausible(first) else []
    return [format for format in likely if _fits(levels, format)]


def _plausible(level: str) -> bool:
    """Whether a text may be a date at all; most texts are told by a glance."""
    return len(level) <= _LONGEST and sum(map(str.isdigit, level)) >= _FEWEST


def _fits(levels: Sequence[str], format: str) -> bool:
    if format.startswith("%d.%m.%y") and not all(map(_SHORT.fullmatch, levels)):
        return False
    if moments(levels[:3], format, None).bad.any():
        return False
    return not moments(levels, format, None).bad.any()


def _almost(levels: Sequence[str]) -> Dates | None:
    """A column of which almost all levels are dates: the others are to be named, not passed over."""
    for format in (None, *FORMATS) if any(map(_plausible, levels[:3])) else ():
        if any(one.matches(level, format) for level in levels[:3]):
            bad = moments(levels, format, None).bad
            if 0 < bad.mean() < _ALMOST:
                return Dates(read=None, odd=tuple(np.array(levels, dtype=object)[bad][:3]))
    return None


def _decided(
    levels: Sequence[str], codes: Codes, formats: Sequence[str | None], name: str
) -> tuple[str | None, str | None, str | None]:
    """The format, what to note of the choice, and what to ask where there is none."""
    chosen = formats[0]
    if len(formats) == 1 or chosen is None:
        return chosen, None, None
    other = formats[1]
    assert other is not None
    readings = [moments(levels, format, None).values for format in (chosen, other)]
    order = codes[codes >= 0]
    both = f"{name} holds dates such as {_telling(levels, readings)}, which fit {chosen} and {other}"
    if (readings[0] == readings[1]).all() or len(levels) == 1:
        return chosen, f"{both}, and mean the same: read as {chosen}; set data.date_format to decide", None
    filled = [_filled(values) for values in readings]
    sorted_ = [_in_order(values[order]) for values in readings]
    if max(filled) >= _FULL and max(filled) >= _CLEARLY * min(filled):
        best, why = int(np.argmax(filled)), "gives regular steps"
    elif sorted_[0] != sorted_[1]:
        best, why = sorted_.index(True), "has the rows in order"
    else:
        ask = f"{both} as well; set data.date_format={chosen} or data.date_format={other}, with contract.write=true"
        return chosen, None, ask
    taken, left = (chosen, other)[best], (other, chosen)[best]
    return taken, f"read as {taken}, which {why}; the cells fit {left} too: set data.date_format to say otherwise", None


def _telling(levels: Sequence[str], readings: Sequence[np.ndarray]) -> str:
    """A level that means two days."""
    differ = np.flatnonzero(readings[0] != readings[1])
    return levels[int(differ[0])] if differ.size else levels[0]


def _filled(values: np.ndarray) -> float:
    """The share of regular steps, from the first to the last moment, that have one."""
    known = np.unique(values[~np.isnat(values)])
    if len(known) < 3:
        return 0.0
    days, months = known.astype("M8[D]"), known.astype("M8[M]")
    starts = np.unique((days - months.astype("M8[D]")).astype(np.int64))
    ends = (days == (months + 1).astype("M8[D]") - 1).all()
    if (len(starts) == 1 or ends) and len(np.unique(months)) == len(known):
        places = months.astype(np.int64)
    else:
        places = known.astype("M8[s]").astype(np.int64)
    steps, counts = np.unique(np.diff(places), return_counts=True)
    step = int(steps[counts.argmax()])
    fitting = int(((places - places[0]) % step == 0).sum())
    return float(fitting / ((places[-1] - places[0]) / step + 1))


def _in_order(values: np.ndarray) -> bool:
    """Whether moments never fall, or never rise."""
    steps = np.diff(values[~np.isnat(values)].astype(np.int64))
    return bool((steps >= 0).all() or (steps <= 0).all())


def _zone(
    levels: Sequence[str], name: str, said: Said, format: str | None
) -> tuple[str | None, str | None, str | None]:
    """The zone of texts, what to note of it, and what to ask: offsets as they are written, else what is set."""
    found = offsets.found(levels)
    ends = {end for end in found if end != offsets.NONE}
    if not ends:
        return (said.zone if said.zone and any(":" in level for level in levels) else None), None, None
    if said.zone is not None:
        return said.zone, None, None
    if offsets.NONE in found:
        ask = f"{name} holds moments with an offset and moments without one ({offsets.listed(found)})"
        return "UTC", None, f"{ask}; set data.zone to say whose local time the latter are, such as data.zone=UTC"
    if len(ends) == 1:
        (end,) = ends
        remark = f"all of it is written with the offset {end}: where clocks change, set data.zone to the place"
        return end, None if end == "UTC" else remark, None
    likely = offsets.places(levels, format)
    where = f", as clocks of {likely[0]} have them" if likely else ""
    remark = f"written with {len(ends)} offsets{where}, read in UTC; set data.zone for its local time"
    return "UTC", remark, None


def _timed(cells: pd.Series) -> bool:
    """Whether moments have a time of day."""
    return bool((cells != cells.dt.normalize()).any())


def _far(read: Moments, series: pd.Series) -> str | None:
    """What to note of cells that no moment can hold."""
    count = int(read.far.sum())
    if not count:
        return None
    cell = str(series.iloc[int(read.far.argmax())])
    cells = "1 cell" if count == 1 else f"{count} cells"
    return f"{cells} such as {cell} outside {one.FIRST_YEAR} to {one.LAST_YEAR}, read as missing"
