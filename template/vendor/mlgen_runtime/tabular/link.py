"""From margins, in which a model adds things up, to the scores that mean something: values or probabilities.

A link is a word, and what was learnt for it behind a colon (`box_cox:0.31`):

    identity, log1p                  values as they are, or their logarithm
    box_cox:P, yeo_johnson:P         a power of them; P from 0 (a logarithm) to 2, so that every margin has a value
    log:P                            the logarithm of the mean of values whose variance grows as mean^P
    logistic, softmax, probabilities classes

The ONNX graph computes the same functions with the same operations (`onnx_export`): only these few lines exist twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: A value that Box and Cox do not know (0 and below) stands for this one.
SMALLEST = 1e-300


def named(link: str) -> tuple[str, float]:
    """The word of a link, and its power; NaN where it has none."""
    word, _, power = link.partition(":")
    return word, float(power or "nan")


def scores(margins: Array, link: str) -> Array:
    """Return values [n] (of amounts) or probabilities [n, k] (of classes) of margins [n, 1 or k]."""
    word, power = named(link)
    if word == "probabilities":
        return margins
    with np.errstate(over="ignore", invalid="ignore"):  # e^m beyond a double is infinite, which is the right limit
        if word in _VALUES:
            values: Array = _VALUES[word](margins[:, 0], power)
            return values
        if word == "logistic":
            both: Array = 1.0 / (1.0 + np.exp(margins * np.array([[1.0, -1.0]])))
            return both
    powers = np.exp(margins - margins.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def margins(target: Array, link: str) -> Array:
    """Return what a regression target [n] is in the space where the model adds up."""
    word, power = named(link)
    if word == "log1p":
        return np.log1p(target)
    if word == "box_cox":
        return _powered(np.maximum(target, SMALLEST), power)
    if word == "yeo_johnson":
        return _powered(1 + np.maximum(target, 0), power) - _powered(1 - np.minimum(target, 0), 2 - power)
    return target


def residuals(target: Array, margins: Array, link: str) -> Array:
    """How far values [n] lie from margins [n], in the unit in which an interval is as wide everywhere: that of the
    margins, or standard deviations (a share of mean^(P/2)) where the link is the logarithm of the mean."""
    word, power = named(link)
    if word == "log":
        found: Array = (target - np.exp(margins)) / np.exp(margins * (power / 2))
        return found
    away: Array = _margins(target, link) - margins
    return away


def outputs(margins: Array, link: str, interval: Sequence[float] | None) -> Array:
    """Return what a bundle's model computes [n, width]: probabilities, or the value and its interval's ends."""
    word, power = named(link)
    if word in ("logistic", "softmax", "probabilities"):
        return scores(margins, link)
    offsets = (0.0, *(interval or ()))
    if word == "log":
        with np.errstate(over="ignore", invalid="ignore"):
            mean, deviation = np.exp(margins), np.exp(margins * (power / 2))
            ends: Array = np.maximum(deviation * np.array([offsets]) + mean, 0.0)
            return ends
    return np.stack([scores(margins + offset, link) for offset in offsets], axis=1)


def _powered(values: Array, power: float) -> Array:
    """Box and Cox's (v^P - 1) / P of values above 0, whose limit at P = 0 is the logarithm."""
    margins: Array = np.log(values) if power == 0 else (values**power - 1.0) / power
    return margins


def _grown(margins: Array, power: float) -> Array:
    """What `_powered` made the margins of; 0 for a margin below all that it makes."""
    values: Array = np.exp(margins) if power == 0 else np.maximum(power * margins + 1.0, 0.0) ** (1.0 / power)
    return values


def _yeo_johnson(margins: Array, power: float) -> Array:
    above, below = np.maximum(margins, 0.0), np.maximum(-margins, 0.0)
    values: Array = _grown(above, power) - _grown(below, 2.0 - power)
    return values


_margins = margins
_VALUES = {
    "identity": lambda margins, power: margins,
    "log": lambda margins, power: np.exp(margins),
    "log1p": lambda margins, power: np.exp(margins) - 1.0,
    "box_cox": _grown,
    "yeo_johnson": _yeo_johnson,
}
