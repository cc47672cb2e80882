"""Moments as whole numbers: the step of a regular calendar that each of them stands on.

    Frequency("MS").ordinals(np.array(["1949-01-01", "1949-03-01"], "M8[ns]"))  →  [-252, -250], both on the grid
    Frequency("15min").season  →  96

Training and the server count time with it, so numpy is all it needs. Frequencies have pandas' names: a number (left
out: 1) and a unit, such as h, 15min, D, B (business days), W or W-WED, MS or ME (a month's first or last day), QS, YE.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract.schema import Contract
from ..core import moments, zones
from ..core.errors import InputError, nearest

Array = npt.NDArray[Any]

#: Units of fixed length, in seconds.
SECONDS = {"s": 1, "min": 60, "h": 3600, "D": 86_400, "W": 604_800}
#: Units of whole months.
MONTHS = {"MS": 1, "ME": 1, "QS": 3, "QE": 3, "YS": 12, "YE": 12}
#: What older releases of pandas, and people, write.
SYNONYMS = {"S": "s", "T": "min", "H": "h", "d": "D", "M": "ME", "Q": "QE", "A": "YE", "Y": "YE", "AS": "YS"}
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

HOUR, DAY = 3_600, 86_400
#: 1970-01-01 was a Thursday; Monday is 0.
EPOCH_WEEKDAY = 3
#: Days of a Gregorian year.
YEAR = 365.2425


@dataclass(frozen=True)
class Frequency:
    """A regular grid of moments. `name` is as the user wrote it; `offset` is where the grid starts after
    a whole multiple of its step: seconds (hours that begin at half past), or months for units of months.

    Moments are in UTC. With a `zone` its clocks are meant: days begin at their midnight, however long they are, and
    calendar features are theirs; hours and minutes are counted as they pass, 23 or 25 of them on two days a year."""

    name: str
    offset: int = 0
    zone: str | None = None

    def __post_init__(self) -> None:
        parse(self.name)

    @classmethod
    def of(cls, contract: Contract) -> Frequency:
        """The grid of a contract of series. Raises InputError for a contract that does not say it."""
        if contract.forecast is None:
            raise InputError("the contract has no entry forecast; infer a new one with contract.write=true")
        if len(contract.with_role("time")) != 1:
            raise InputError("the contract needs exactly one column with the role time; edit it")
        ahead = contract.forecast
        return cls(ahead.frequency, ahead.offset, contract.with_role("time")[0].zone)

    @property
    def by_clock(self) -> bool:
        """Whether steps are counted by the clocks of a zone, and not as time passes."""
        count, unit, _ = self.parsed
        return self.zone is not None and (unit not in SECONDS or HOUR % (count * SECONDS[unit]) != 0)

    @property
    def whole_days(self) -> bool:
        """Whether all moments are days, so that nobody writes a time of day."""
        _, unit, _ = self.parsed
        days = unit == "B" or unit in MONTHS or self.step_seconds % DAY == self.offset % DAY == 0
        return self.zone is None and days

    @cached_property
    def parsed(self) -> tuple[int, str, int]:
        """Number, unit and anchor (weekday of W, month of quarters and years), such as (1, "W", 6)."""
        return parse(self.name)

    @property
    def unit(self) -> str:
        """The unit's name."""
        return self.parsed[1]

    @cached_property
    def step_seconds(self) -> float:
        """Seconds from one step to the next; the mean where steps differ."""
        count, unit, _ = self.parsed
        if unit in MONTHS:
            return count * MONTHS[unit] * YEAR / 12 * DAY
        return count * 1.4 * DAY if unit == "B" else float(count * SECONDS[unit])

    @cached_property
    def seasons(self) -> tuple[int, ...]:
        """The season lengths, in steps, that this frequency usually has, the shortest first."""
        count, unit, _ = self.parsed
        if unit == "B":
            return (5,) if count == 1 else (1,)
        if unit in MONTHS or unit == "W":
            steps = YEAR * DAY / self.step_seconds
            return (max(1, round(steps)),)
        spans = {"s": (60, 3600), "min": (3600, DAY), "h": (DAY, 7 * DAY), "D": (7 * DAY, YEAR * DAY)}[unit]
        if unit == "min" and count >= 5:  # an hour is too short a season to matter
            spans = (DAY, 7 * DAY)
        found = tuple(round(span / self.step_seconds) for span in spans if span >= 2 * self.step_seconds)
        return found or (1,)

    @property
    def season(self) -> int:
        """The season length, in steps, by which forecasts are judged."""
        return self.seasons[0]

    def ordinals(self, times: Array) -> tuple[Array, Array]:
        """Return the step [n] of each moment [n] of datetime64, rounded down, and whether [n] it lies on the grid."""
        if not self.by_clock:
            return self._ordinals(times)
        steps, _ = self._ordinals(zones.local(times, self.zone))
        return steps, self.times(steps) == times  # a day without a midnight begins an hour later

    def times(self, ordinals: Array) -> Array:
        """Return the moments [n] as datetime64[ns] of steps [n]."""
        found = self._times(ordinals)
        return zones.instants(found, self.zone)[0] if self.by_clock else found

    def clock(self, ordinals: Array) -> Array:
        """Return what the zone's clocks show at steps [n], as datetime64[ns]; the moments where there is no zone."""
        return zones.local(self.times(ordinals), self.zone)

    def written(self, ordinals: Array) -> list[str]:
        """The moments of steps [n] in ISO 8601, as answers and messages have them."""
        return moments.written(self.times(ordinals), self.zone, self.whole_days)

    def _ordinals(self, times: Array) -> tuple[Array, Array]:
        """Steps and fits of what the grid is laid over: local time where the clock counts, else UTC."""
        count, unit, anchor = self.parsed
        if unit in MONTHS:
            return self._months(times, count * MONTHS[unit], unit, anchor)
        if unit == "B":
            days = times.astype("M8[D]")
            weekday = (days.astype(np.int64) + EPOCH_WEEKDAY) % 7
            working = np.busday_count(np.datetime64("1970-01-01"), days)
            return working // count, (weekday < 5) & (times == days) & (working % count == 0)
        seconds = times.astype("M8[s]").astype(np.int64) - self._origin
        step = count * SECONDS[unit]
        whole = times == times.astype("M8[s]")
        return seconds // step, (seconds % step == 0) & whole

    def _times(self, ordinals: Array) -> Array:
        """The moments [n] as datetime64[ns] of steps [n], in the time that the grid is laid over."""
        count, unit, anchor = self.parsed
        steps = np.asarray(ordinals, dtype=np.int64)
        if unit in MONTHS:
            months = steps * (count * MONTHS[unit]) + anchor + self.offset
            if unit.endswith("E"):
                return ((months + 1).astype("M8[M]").astype("M8[D]") - 1).astype("M8[ns]")
            return months.astype("M8[M]").astype("M8[ns]")
        if unit == "B":
            return np.busday_offset(np.datetime64("1970-01-01"), steps * count, roll="forward").astype("M8[ns]")
        return (steps * (count * SECONDS[unit]) + self._origin).astype("M8[s]").astype("M8[ns]")

    def features(self, ordinals: Array) -> dict[str, Array]:
        """Return what of the calendar can matter at this frequency, name to float64 in the shape of `ordinals`.

        Minute and hour of the day, weekday (Monday 0), day of the month, month, quarter, and the day of the year.
        """
        times = self.clock(ordinals)
        days, months = times.astype("M8[D]"), times.astype("M8[M]")
        day = days.astype(np.int64)
        found: dict[str, Array] = {}
        if self.step_seconds < 3600:
            found["minute"] = (times.astype("M8[m]") - times.astype("M8[h]")).astype(np.int64).astype(np.float64)
        if self.step_seconds < DAY:
            found["hour"] = (times.astype("M8[h]") - days).astype(np.int64).astype(np.float64)
        if self.step_seconds < 5 * DAY:
            found["weekday"] = ((day + EPOCH_WEEKDAY) % 7).astype(np.float64)
        if self.step_seconds < 25 * DAY:
            found["day"] = (days - months.astype("M8[D]")).astype(np.int64) + 1.0
            found["day_of_year"] = (days - times.astype("M8[Y]").astype("M8[D]")).astype(np.int64) + 1.0
        if self.step_seconds < 300 * DAY:
            found["month"] = months.astype(np.int64) % 12 + 1.0
        return found

    @cached_property
    def _origin(self) -> int:
        """Seconds from 1970 to the grid's step 0."""
        _, unit, anchor = self.parsed
        week = (anchor - EPOCH_WEEKDAY) % 7 * DAY if unit == "W" else 0
        return week + self.offset

    def _months(self, times: Array, step: int, unit: str, anchor: int) -> tuple[Array, Array]:
        months = times.astype("M8[M]")
        passed = months.astype(np.int64) - anchor - self.offset
        edge = (months + 1).astype("M8[D]") - 1 if unit.endswith("E") else months.astype("M8[D]")
        return passed // step, (passed % step == 0) & (times == edge)


def parse(frequency: str) -> tuple[int, str, int]:
    """Read a frequency such as 15min, W-SUN or QS-FEB; raises InputError naming what is known."""
    found = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+)(?:-([A-Za-z]{3}))?\s*", str(frequency))
    known = [*SECONDS, "B", *MONTHS]
    if found is None or (unit := SYNONYMS.get(found[2], found[2])) not in known or found[1] == "0":
        raise InputError(
            f"frequency: {frequency!r} is not known{nearest(str(frequency), known)}; expected a number and one of "
            f"{', '.join(known)}, such as h, 15min, D, W-SUN or MS; set data.frequency"
        )
    return int(found[1] or 1), unit, _anchor(frequency, unit, found[3])


def _anchor(frequency: str, unit: str, named: str | None) -> int:
    """The weekday (Monday 0) of weeks, the month (January 0) in which quarters and years begin or end."""
    names = WEEKDAYS if unit == "W" else MONTH_NAMES if unit[0] in "QY" else ()
    default = {"W": 6, "QS": 0, "YS": 0, "QE": 2, "YE": 11}.get(unit, 0)
    if named is None:
        return default
    if named.upper() not in names:
        raise InputError(
            f"frequency: {frequency!r} ends in {named!r}, expected "
            f"{'one of ' + ', '.join(names) if names else f'nothing after {unit}'}; set data.frequency"
        )
    anchor = names.index(named.upper())
    return anchor % 3 if unit[0] == "Q" else anchor
