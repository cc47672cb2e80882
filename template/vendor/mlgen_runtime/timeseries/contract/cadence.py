"""The frequency of some moments, read from the distances between them.

Most series are regular with gaps, so the commonest distance decides, and every other moment has to lie on its grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import InputError
from ..frequency import DAY, MONTH_NAMES, MONTHS, SECONDS, WEEKDAYS, Frequency

Array = npt.NDArray[Any]
#: A share of the distances that the commonest one must be a divisor of; else the moments follow no frequency.
REGULAR = 0.9


def find(codes: Array, times: Array) -> Frequency:
    """Return the frequency of moments [n] of the series [n] that codes name; NaT and repeated moments are passed over.

    Raises InputError where no series has two moments, or where their distances are irregular.
    """
    known = ~np.isnat(times)
    order = np.lexsort((times[known], codes[known]))
    sorted_codes, stamps = codes[known][order], times[known][order].astype("M8[s]").astype(np.int64)
    steps = np.diff(stamps)[np.diff(sorted_codes) == 0]
    steps = steps[steps > 0]
    if not steps.size:
        raise InputError(
            "no series has two moments to read a frequency from; set data.frequency, or check data.time and data.series"
        )
    distances, counts = np.unique(steps, return_counts=True)
    common = int(distances[counts.argmax()])
    days = stamps // DAY
    frequency = _months(times[known], common) or _business(days, common, stamps) or _fixed(stamps, common)
    regular = float(frequency.ordinals(times[known])[1].mean())
    if regular < REGULAR:
        shown = ", ".join(_words(int(step)) for step in distances[np.argsort(-counts)][:3])
        raise InputError(
            f"the moments follow no frequency: the commonest distances are {shown}, and only {regular:.0%} of the "
            f"moments lie on the grid of {frequency.name}; bring them to regular steps, or set data.frequency"
        )
    return frequency


def offsets(frequency: Frequency, times: Array) -> int:
    """Where most of the moments [n] put the start of a given frequency's grid: the `offset` of `Frequency`."""
    count, unit, anchor = frequency.parsed
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
