"""How the training data looked: the histograms of every input and of the predictions that travel in the bundle.

The server counts its traffic in the same bins, and drift is the distance between the two. One input of each kind:

    "tenure":   {"kind": "number", "rows": 5634, "missing": 0.0, "edges": [1.0, 6.0, …], "counts": [402, 561, …]}
    "Contract": {"kind": "category", "rows": 5634, "missing": 0.0, "counts": {"Month-to-month": 3110, …}, "other": 0}

Edges are deciles of the training values; moments are seconds since 1970 (UTC). There is one count more than there are
edges: below the first edge and from the last one on are bins of their own (`histogram` finds the bin of a value).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from ..contract.schema import Contract

DECILES = 10
#: Categories kept by name; the rest counts as `other`.
CATEGORIES = 50


def summarise(
    frame: pd.DataFrame,
    contract: Contract,
    predictions: Mapping[str, np.ndarray],
    derived: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the reference of conformed training rows and of what the model predicts for unseen ones.

    `predictions` are the predictor's columns for the test rows (training rows would look surer than they are);
    `derived` are the features that the model derives from the training rows.
    """
    import numpy as np

    inputs = {column.name: _column(frame[column.name].to_numpy()) for column in contract.inputs}
    inputs |= {name: _column(np.asarray(values)) for name, values in derived.items()}
    outputs = {name: _column(np.asarray(values)) for name, values in predictions.items()}
    return {"inputs": inputs, "predictions": outputs}


def _column(values: np.ndarray) -> dict[str, Any]:
    """Return the histogram of one column [n] of numbers, datetimes, or text with None where missing."""
    import numpy as np

    if values.dtype.kind == "M":
        return _numbers(
            np.where(np.isnat(values), np.nan, values.astype("datetime64[s]").astype("float64")), "datetime"
        )
    if values.dtype.kind == "f":
        return _numbers(values.astype("float64"), "number")
    return _categories(values)


def _numbers(values: np.ndarray, kind: str) -> dict[str, Any]:
    import numpy as np

    from .histogram import NumberBins

    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, DECILES + 1))) if known.size else np.zeros(0)
    counts = NumberBins(edges).counts(known)
    return {
        "kind": kind,
        "rows": int(values.size),
        "missing": _share(values.size - known.size, values.size),
        "edges": [float(edge) for edge in edges],
        "counts": [int(count) for count in counts],
    }


def _categories(values: np.ndarray) -> dict[str, Any]:
    import pandas as pd

    series = pd.Series(values, dtype=object)
    counts = series.dropna().map(str).value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        "kind": "category",
        "rows": len(series),
        "missing": _share(int(series.isna().sum()), len(series)),
        "counts": {str(name): int(count) for name, count in ordered[:CATEGORIES]},
        "other": int(sum(count for _, count in ordered[CATEGORIES:])),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 9) if whole else 0.0
