"""From margins, in which a model adds things up, to the scores that mean something: values or probabilities.

The ONNX graph computes the same functions with the same operations (`export`), so only these few lines exist twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def scores(margins: Array, link: str) -> Array:
    """Return values [n] (identity, log1p) or probabilities [n, k] (the others) of margins [n, 1 or k]."""
    if link == "identity":
        return margins[:, 0]
    if link == "probabilities":
        return margins
    with np.errstate(over="ignore"):  # e^m beyond a double is infinite, which is the right limit
        if link == "log1p":
            values: Array = np.exp(margins[:, 0]) - 1.0
            return values
        if link == "logistic":
            both: Array = 1.0 / (1.0 + np.exp(margins * np.array([[1.0, -1.0]])))
            return both
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def margins(target: Array, link: str) -> Array:
    """Return what a regression target [n] is in the space where the model adds up."""
    return np.log1p(target) if link == "log1p" else target


def outputs(margins: Array, link: str, interval: Sequence[float] | None) -> Array:
    """Return what a bundle's model computes [n, width]: probabilities, or the value and its interval's ends."""
    if link in ("logistic", "softmax", "probabilities"):
        return scores(margins, link)
    return np.stack([scores(margins + offset, link) for offset in (0.0, *(interval or ()))], axis=1)
