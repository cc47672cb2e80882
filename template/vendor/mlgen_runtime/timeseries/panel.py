"""Series on one regular grid, as arrays: what every forecaster reads, in training and in the server.

All arrays are right-aligned, so that column T-1 of each series is its own newest step, however long it is:

    target        2 series, T = 4        known["price"]        T + 2 columns: two future steps
    . . 5 7                              . . 1 1 | 2 2
    1 2 3 4                              3 3 3 3 | 3 4         (. is NaN)

Cutting off the newest steps (`cut`) gives the panel as it was then: the whole of a backtest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: One series' key columns as text; empty where there is a single series without a key.
Key = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """Histories of many series, and what is known of their future.

    `end` int64 [s] is the ordinal of each newest step; `target` float64 [s, T], NaN for a gap and before the start;
    `past` name to [s, T]; `known` name to [s, T + F], the last F of them in the future; `static` name to [s].
    Covariates that are categories are codes into `categories[name]`, NaN for a missing or unseen one.
    """

    keys: tuple[Key, ...]
    end: Array
    target: Array
    past: Mapping[str, Array] = field(default_factory=dict)
    known: Mapping[str, Array] = field(default_factory=dict)
    static: Mapping[str, Array] = field(default_factory=dict)
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def series(self) -> int:
        """The number of series."""
        return len(self.keys)

    @property
    def steps(self) -> int:
        """The columns of history, T."""
        return int(self.target.shape[1])

    @property
    def future(self) -> int:
        """The steps after the end for which known covariates are there, F; 0 without such covariates."""
        return min((values.shape[1] - self.steps for values in self.known.values()), default=0)

    def lengths(self) -> Array:
        """Steps [s] from each series' first value to its end; 0 where it has none."""
        present = ~np.isnan(self.target)
        first = np.where(present.any(axis=1), present.argmax(axis=1), self.steps)
        return (self.steps - first).astype(np.int64)

    def ordinals(self) -> Array:
        """The ordinals [s, T] of all columns of history."""
        return self.end[:, None] + np.arange(1 - self.steps, 1)[None, :]

    def ahead(self, horizon: int) -> Array:
        """The ordinals [s, horizon] of the next steps."""
        return self.end[:, None] + np.arange(1, horizon + 1)[None, :]

    def cut(self, steps: int) -> Panel:
        """The panel as it was `steps` steps ago; of known covariates the same number of future columns stays."""
        if not steps:
            return self
        future = self.future
        return dataclasses.replace(
            self,
            end=self.end - steps,
            target=self.target[:, : self.steps - steps],
            past={name: values[:, : self.steps - steps] for name, values in self.past.items()},
            known={name: values[:, : self.steps - steps + future + steps] for name, values in self.known.items()},
        )

    def tail(self, steps: int) -> Panel:
        """The newest `steps` columns, padded with NaN on the left where there are fewer; the future stays."""
        missing = max(0, steps - self.steps)
        start = max(0, self.steps - steps)

        def newest(values: Array) -> Array:
            return np.pad(values[:, start:], ((0, 0), (missing, 0)), constant_values=np.nan)

        return dataclasses.replace(
            self,
            target=newest(self.target),
            past={name: newest(values) for name, values in self.past.items()},
            known={name: newest(values) for name, values in self.known.items()},
        )

    def only(self, chosen: Array) -> Panel:
        """The series at the given positions, or where a mask [s] is true."""
        positions = np.arange(self.series)[chosen]
        return dataclasses.replace(
            self,
            keys=tuple(self.keys[position] for position in positions),
            end=self.end[positions],
            target=self.target[positions],
            past={name: values[positions] for name, values in self.past.items()},
            known={name: values[positions] for name, values in self.known.items()},
            static={name: values[positions] for name, values in self.static.items()},
        )


def seasonal_error(panel: Panel, season: int) -> Array:
    """The mean absolute error [s] of the seasonal naive forecast within each history, the scale of MASE.

    Source: Hyndman & Koehler (2006), "Another look at measures of forecast accuracy". A season that is longer than the
    history, or that repeats exactly, gives no scale: then the naive error of one step, then the mean size, then 1.
    """
    scale = np.full(panel.series, np.nan)
    for lag in dict.fromkeys((season, 1)):
        if lag < panel.steps:
            scale = _filled(scale, np.abs(panel.target[:, lag:] - panel.target[:, :-lag]))
    scale = _filled(scale, np.abs(panel.target))
    return np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)


def _filled(scale: Array, errors: Array) -> Array:
    """The scale, with the mean of the errors [s, …] where it is not above zero yet."""
    known = ~np.isnan(errors)
    counts = known.sum(axis=1)
    mean = np.where(known, errors, 0.0).sum(axis=1) / np.maximum(counts, 1)
    usable = np.isfinite(scale) & (scale > 0)
    return np.where(usable | (counts == 0), scale, mean)
