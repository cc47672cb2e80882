"""How long requests took: counts in bins that are one per cent wide, from a microsecond to an hour."""

from __future__ import annotations

from collections.abc import Sequence

#: Each bin's end is so many times its start; the first bin ends at LEAST milliseconds.
STEP, LEAST, BINS = 1.01, 0.001, 2200


class Latencies:
    """Milliseconds of requests, counted: quantiles to the nearest per cent, whatever their number."""

    def __init__(self) -> None:
        import numpy as np

        self.counts = np.zeros(BINS, dtype=np.int64)

    def add(self, milliseconds: Sequence[float]) -> None:
        """Count some more."""
        import numpy as np

        if not milliseconds:
            return
        values = np.maximum(np.asarray(milliseconds, dtype=np.float64), LEAST)
        places = np.minimum((np.log(values / LEAST) / np.log(STEP)).astype(np.int64), BINS - 1)
        self.counts += np.bincount(places, minlength=BINS)

    def merge(self, other: Latencies) -> None:
        """Count what another has counted."""
        self.counts += other.counts

    def __len__(self) -> int:
        """How many were counted."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """The milliseconds that a share of the requests stayed below."""
        import numpy as np

        place = int(np.searchsorted(np.cumsum(self.counts), share * len(self)))
        return float(LEAST * STEP ** (place + 0.5))

    def slower(self, milliseconds: float) -> int:
        """How many took longer than this."""
        import math

        place = int(math.log(max(milliseconds, LEAST) / LEAST) / math.log(STEP))
        return int(self.counts[min(place, BINS - 1) + 1 :].sum())
