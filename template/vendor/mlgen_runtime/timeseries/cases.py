"""What forecasts are judged on: the windows of a backtest, series by series, and the values that came.

A case is one series in one window: `horizon` steps after an origin. Cases are drawn, chosen and counted as a whole, for
the errors of neighbouring steps are no independent evidence.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .panel import Key

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Cases:
    """The truth of c cases.

    `actual` float64 [c, horizon], NaN where no value came; `scale` [c] is the seasonal naive error before the origin;
    `series` and `window` [c] are positions, `origin` [c] the ordinal of the last step known; `quantiles` are the levels
    that forecasts carry beside the point.
    """

    actual: Array
    scale: Array
    series: Array
    window: Array
    origin: Array
    keys: tuple[Key, ...]
    quantiles: tuple[float, ...]

    def __len__(self) -> int:
        """The number of cases."""
        return len(self.actual)

    def __getitem__(self, chosen: Any) -> Cases:
        """Some of the cases."""
        return dataclasses.replace(
            self,
            actual=self.actual[chosen],
            scale=self.scale[chosen],
            series=self.series[chosen],
            window=self.window[chosen],
            origin=self.origin[chosen],
        )

    @property
    def windows(self) -> Array:
        """The windows that have a case, the newest (0) first."""
        return np.unique(self.window)
