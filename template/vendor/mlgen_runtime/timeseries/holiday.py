"""Public holidays as a covariate that is known ahead: 1 on a holiday, 0 on other days.

The `holidays` package is asked at training; the bundle keeps the days, so that the server needs no such package.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError, nearest
from .frequency import Frequency

Array = npt.NDArray[Any]
#: The covariate's name.
NAME = "holiday"
#: How many years of holidays a bundle knows after the newest value.
YEARS = 10


def days(country: str, first: Array, last: Array) -> list[str]:
    """The holidays of a country from one moment's year to ten years after another's, as ISO dates in order.

    Raises InputError for a country that the package does not know.
    """
    import holidays as package

    known = package.list_supported_countries()
    if country not in known:
        raise InputError(
            f"data.holidays: {country!r} is no country code{nearest(country, known)}; expected one such as US, DE or JP"
        )
    years = range(_year(first), _year(last) + YEARS + 1)
    return sorted(day.isoformat() for day in package.country_holidays(country, years=years))


def marks(listed: list[str], frequency: Frequency, ordinals: Array) -> Array:
    """1 where a step begins on a listed day, else 0; in the shape of `ordinals`. A step longer than a day counts the
    holidays within it."""
    holidays = np.array(listed, dtype="M8[D]")
    starts = frequency.clock(ordinals).astype("M8[D]")
    ends = frequency.clock(ordinals + 1).astype("M8[D]")
    ends = np.maximum(ends, starts + 1)
    found: Array = (np.searchsorted(holidays, ends) - np.searchsorted(holidays, starts)).astype(np.float64)
    return found


def _year(moment: Array) -> int:
    return int(moment.astype("M8[Y]").astype(np.int64)) + 1970
