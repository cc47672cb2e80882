"""The power of a transform that makes a target's spread even: Box and Cox (1964), Yeo and Johnson (2000).

    fit(values, weights)      → "box_cox:0.31" where all values are above 0, else "yeo_johnson:0.31"

The power is where the likelihood of a normal distribution is largest, in hundredths from 0 to 2: every margin then has
a value, so that an interval's end or a new row is never without one. A logarithm is the strongest of these transforms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import link as links

Array = npt.NDArray[Any]

#: At most so many rows are looked at, evenly spread over their order: more would not move a hundredth.
MOST_ROWS = 50_000
#: Steps of the first look, and of the second one around the best of the first.
COARSE, FINE = 0.1, 0.01
LARGEST = 2.0


def fit(values: Array, weights: Array) -> str:
    """The link for values [n] with weights [n]."""
    step = -(-len(values) // MOST_ROWS)
    some, weight = values[::step].astype(np.float64), weights[::step]
    word = "box_cox" if (values > 0).all() else "yeo_johnson"
    best = _best(word, some, weight, np.arange(0, LARGEST + COARSE / 2, COARSE))
    around = np.arange(best - COARSE, best + COARSE + FINE / 2, FINE)
    best = _best(word, some, weight, around[(around > -FINE / 2) & (around < LARGEST + FINE / 2)])
    return f"{word}:{best!r}"


def _best(word: str, values: Array, weights: Array, powers: Array) -> float:
    tried = [round(abs(float(power)), 2) for power in powers]
    return tried[int(np.argmax([_likelihood(word, values, weights, power) for power in tried]))]


def _likelihood(word: str, values: Array, weights: Array, power: float) -> float:
    """The mean log-likelihood of values [n], but for a constant."""
    margins = links.margins(values, f"{word}:{power!r}")
    mean = np.average(margins, weights=weights)
    variance = float(np.average((margins - mean) ** 2, weights=weights))
    logs = np.log(values) if word == "box_cox" else np.sign(values) * np.log1p(np.abs(values))
    if not np.isfinite(variance) or variance <= 0:
        return -np.inf
    return float((power - 1) * np.average(logs, weights=weights) - np.log(variance) / 2)
