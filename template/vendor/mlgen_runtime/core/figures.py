"""Figures as a person writes them: 47,170 and 0.0004732, not 4.717e+04 and 0.00047320000000000001.

    figure(47168.3)            47,170       figure(0.93119)        0.9312
    figure(1234567.0)          1,234,567    figure(-0.0004732)     -0.0004732
    figure(0.02876, sign=True) +0.02876     figure(3.2e-9)         3.2e-09

What people read goes through here; what machines read (a label of Prometheus, a tag, a file) does not.
"""

from __future__ import annotations

import math

#: Below the one a figure is written with an exponent, from the other on too: nobody counts so many zeros.
TINY, HUGE = 1e-7, 1e15
#: From here on thousands are set apart; a year is not.
GROUPED = 10_000


def figure(value: float, digits: int = 4, *, sign: bool = False) -> str:
    """Return a figure rounded to so many digits that count, without zeros at its end; a whole number stays whole.

    With `sign`, one that is not negative has a plus.
    """
    number = float(value) + 0.0  # the zero below zero is one like the other
    shown = "+" if sign else ""
    if not math.isfinite(number) or (number != 0 and not TINY <= abs(number) < HUGE):
        return f"{number:{shown}.{digits}g}"
    if not number.is_integer():
        number = float(f"{number:.{digits}g}")
    places = 0 if number.is_integer() else max(0, digits - 1 - math.floor(math.log10(abs(number))))
    grouped = "," if abs(number) >= GROUPED else ""
    text = f"{number:{shown}{grouped}.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(value: float, low: float, high: float, *, sign: bool = False) -> str:
    """A figure with its interval, such as `0.931 [0.926, 0.936]`."""
    return f"{figure(value, sign=sign)} [{figure(low, sign=sign)}, {figure(high, sign=sign)}]"
