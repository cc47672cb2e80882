"""The frequency of some moments, read from the distances between them.

Most series are regular with gaps, so the commonest distance decides, and every other moment has to lie on its grid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core import zones
from ...core.errors import InputError
from ..frequency import DAY, HOUR, MONTH_NAMES, MONTHS, SECONDS, WEEKDAYS, Frequency

Array = npt.NDArray[Any]
#: A share of the distances that the commonest one must be a divisor of; else the moments follow no frequency.
REGULAR = 0.9


#: Series that are looked at one by one, where together they follow no frequency.
ALONE = 200


def find(codes: Array, times: Array, zone: str | None = None, label: Callable[[int], str] = str) -> Frequency:
    """Return the frequency of moments [n] (UTC) of the series [n] that codes name; NaT and repeated moments are passed
    over. Days and what is longer are counted by the clocks of the `zone`; `label` names a series.

    Raises InputError where no series has two moments, where their distances are irregular, or differ by series.
    """
    known = ~np.isnat(times)
    order = np.lexsort((times[known], codes[known]))
    sorted_codes, moments = codes[known][order], times[known][order]
    elapsed, _ = _steps(sorted_codes, moments)
    if not elapsed.size:
        raise InputError(
            "no series has two moments to read a frequency from; set data.frequency, or check data.time and data.series"
        )
    common = _commonest(elapsed)
    by_clock = zone is not None and HOUR % common != 0
    local = zones.local(moments, zone) if by_clock else moments
    agree(sorted_codes, local, label)
    steps, stamps = _steps(sorted_codes, local)
    frequency = _frequency(local, stamps, _commonest(steps))
    regular = float(frequency.ordinals(local)[1].mean())
    if regular < REGULAR:
        _differing(sorted_codes, local, label)
        distances, counts = np.unique(steps, return_counts=True)
        shown = ", ".join(_words(int(step)) for step in distances[np.argsort(-counts)][:3])
        clocks = f" by the clocks of {zone}" if by_clock else ""
        raise InputError(
            f"the moments follow no frequency: the commonest distances are {shown}, and only {regular:.0%} of the "
            f"moments lie on the grid of {frequency.name}{clocks}; bring them to regular steps, or set data.frequency"
        )
    return dataclasses.replace(frequency, zone=zone)


def agree(codes: Array, times: Array, label: Callable[[int], str]) -> None:
    """Raise InputError where some series [n] are stamped at the starts of months and others at their ends; `times` [n]
    are local, sorted by series, and never NaT."""
    days, months = times.astype("M8[D]"), times.astype("M8[M]")
    whole = times == days
    starts = whole & (days == months.astype("M8[D]"))
    ends = whole & (days == (months + 1).astype("M8[D]") - 1)
    if not (starts.any() and ends.any()):
        return
    rows = np.bincount(codes)
    first = np.flatnonzero((np.bincount(codes, starts) == rows) & (rows > 1))
    last = np.flatnonzero((np.bincount(codes, ends) == rows) & (rows > 1))
    if first.size and last.size and (starts | ends).all():
        raise InputError(
            f"series are stamped in two ways: {label(int(first[0]))} at month starts, such as "
            f"{days[codes == first[0]][0]}, and {label(int(last[0]))} at month ends, such as "
            f"{days[codes == last[0]][0]} ({first.size} and {last.size} series); stamp all of them alike, or forecast "
            "them apart"
        )


def _steps(codes: Array, times: Array) -> tuple[Array, Array]:
    """The distances in seconds between neighbouring moments of a series, and all moments [n] in seconds."""
    stamps = times.astype("M8[s]").astype(np.int64)
    steps = np.diff(stamps)[np.diff(codes) == 0]
    return steps[steps > 0], stamps


def _commonest(steps: Array) -> int:
    distances, counts = np.unique(steps, return_counts=True)
    return int(distances[counts.argmax()])


def _frequency(times: Array, stamps: Array, common: int) -> Frequency:
    return _months(times, common) or _business(stamps // DAY, common, stamps) or _fixed(stamps, common)


def _differing(codes: Array, times: Array, label: Callable[[int], str]) -> None:
    """Raise InputError where series are regular each by itself, on grids that differ, naming two of them."""
    found: dict[tuple[str, int], int] = {}
    for code in np.unique(codes)[:ALONE].tolist():
        own = times[codes == code]
        steps, stamps = _steps(np.zeros(len(own), dtype=np.int64), own)
        if len(steps) < 2:
            continue
        alone = _frequency(own, stamps, _commonest(steps))
        if alone.ordinals(own)[1].mean() < REGULAR:
            return
        found.setdefault((alone.name, alone.offset), code)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        raise InputError(
            f"series follow different grids: {label(first)} is of {_named(*one)}, {label(second)} of {_named(*other)}; "
            "bring them to one frequency, or forecast them apart"
        )


def _named(name: str, offset: int) -> str:
    """A grid for people."""
    _, unit, _ = Frequency(name).parsed
    return f"{name} (begun {_words(offset) if unit not in MONTHS else f'{offset} months'} later)" if offset else name


def offsets(frequency: Frequency, times: Array) -> int:
    """Where most of the moments [n] (UTC) put the start of a given frequency's grid: the `offset` of `Frequency`."""
    count, unit, anchor = frequency.parsed
    times = zones.local(times, frequency.zone) if frequency.by_clock else times
    if unit in MONTHS:
        phase = (times.astype("M8[M]").astype(np.int64) - anchor) % (count * MONTHS[unit])
    elif unit == "B":
        return 0
    else:
        origin = (anchor - 3) % 7 * DAY if unit == "W" else 0
        phase = (times.astype("M8[s]").astype(np.int64) - origin) % (count * SECONDS[unit])
    phases, counts = np.unique(phase, return_counts=True)
    return int(phases[counts.argmax()]) if counts.max() > REGULAR * len(times) else 0


def _months(times: Array, common: int) -> Frequency | None:
    """Months, quarters or years, where the moments begin or end one."""
    spans = {"M": (28, 31), "Q": (90, 92), "Y": (365, 366)}
    unit = next((name for name, (low, high) in spans.items() if low * DAY <= common <= high * DAY), None)
    if unit is None:
        return None
    months = times.astype("M8[M]")
    days = times.astype("M8[D]")
    whole = times == days
    starts = (whole & (days == months.astype("M8[D]"))).mean()
    ends = (whole & (days == (months + 1).astype("M8[D]") - 1)).mean()
    if max(starts, ends) < REGULAR:
        return None
    edge = "S" if starts >= ends else "E"
    if unit == "M":
        return Frequency(f"M{edge}")
    number = np.bincount(months.astype(np.int64) % 12, minlength=12)
    if unit == "Q":
        number = np.bincount(months.astype(np.int64) % 3, minlength=3)
        anchor = int(number.argmax()) + (9 if edge == "E" else 0)
    else:
        anchor = int(number.argmax())
    plain = {("Q", "S"): 0, ("Q", "E"): 11, ("Y", "S"): 0, ("Y", "E"): 11}[(unit, edge)]
    return Frequency(f"{unit}{edge}" + ("" if anchor == plain else f"-{MONTH_NAMES[anchor]}"))


def _business(days: Array, common: int, stamps: Array) -> Frequency | None:
    """Days without a single weekend, where a week or more was seen."""
    weekday = (days + 3) % 7
    weekends = (weekday >= 5).any()
    if common != DAY or weekends or (stamps % DAY).any() or days.max() - days.min() < 7:
        return None
    return Frequency("B")


def _fixed(stamps: Array, common: int) -> Frequency:
    """A fixed number of seconds, in the largest unit that fits, and where its grid starts."""
    if common % (7 * DAY) == 0:
        weeks = common // (7 * DAY)
        day = int(np.bincount((stamps // DAY + 3) % 7).argmax())
        name = f"{weeks if weeks > 1 else ''}W{'' if day == 6 else '-' + WEEKDAYS[day]}"
        origin = (day - 3) % 7 * DAY
    else:
        unit, seconds = next(
            (unit, size) for unit, size in (("D", DAY), ("h", 3600), ("min", 60), ("s", 1)) if common % size == 0
        )
        name, origin = f"{common // seconds if common > seconds else ''}{unit}", 0
    phases, counts = np.unique((stamps - origin) % common, return_counts=True)
    return Frequency(name, int(phases[counts.argmax()]))


def _words(seconds: int) -> str:
    """A distance for people."""
    for name, size in (("day", DAY), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} s"
