"""Which rows of a batch run are logged: as many as are wanted, spread over the run.

A row is chosen by a hash of its number: nothing needs to be remembered, and a run that goes on chooses the same rows.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


class RowSampling:
    """At most about `most` of `rows` rows (None: of however many there are, the later ones more sparsely)."""

    def __init__(self, most: int | None, rows: int | None) -> None:
        self.most = most
        self.base = max(rows or 0, most or 1)
        # a hash draws a few more or less than asked for
        margin = 0.0 if most is None else 4 * math.sqrt(most)
        self.share = 1.0 if most is None or self.base <= most else max(most - margin, most / 2) / self.base

    def chosen(self, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """Which of the rows with these numbers [n], counted from 1, are in the sample."""
        if self.most is None:
            return np.ones(len(numbers), dtype=bool)
        share = np.full(len(numbers), self.share)
        beyond = numbers > self.base
        if beyond.any():  # more rows than there should be: each doubling adds less than the one before
            octave = np.floor(np.log2(numbers[beyond] / self.base)) + 1
            share[beyond] *= 0.5**octave / (octave + 1) ** 2
        return np.asarray(_mixed(numbers) < share)


def number_of(text: str) -> int:
    """A number for what has none: forecasts are told apart by their key."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 2


def _mixed(numbers: Numbers) -> npt.NDArray[np.float64]:
    """Hashes [n] of whole numbers, spread evenly from 0 to 1 (splitmix64)."""
    with np.errstate(over="ignore"):
        value = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    return np.asarray(value >> np.uint64(11), dtype=np.float64) / 2.0**53
