"""How a published forecaster answers for windows that a later one is judged on.

backtest.npz of a bundle holds what it forecast when it was judged itself: keys, origins and forecasts of its cases. A
window with the same origin is answered from there; one whose origin lies at or after the newest value that the bundle
has learnt from is answered by its predictor, which has seen nothing of it. Anything else it may have learnt by heart.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..core.errors import InputError
from .cases import Cases
from .inference import forecaster
from .panel import Panel

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from .preparation import Prepared

Array = npt.NDArray[Any]
FILE = "backtest.npz"


def keep(folder: Path, cases: Cases, forecasts: Array) -> None:
    """Write the cases' keys, origins and forecasts [c, horizon, 1 + q] of a bundle."""
    width = len(cases.keys[0]) if cases.keys else 0
    keys = np.array([cases.keys[series] for series in cases.series], dtype=np.str_).reshape(len(cases), width)
    with (folder / FILE).open("wb") as file:
        np.savez_compressed(
            file, allow_pickle=False, keys=keys, origin=cases.origin, forecasts=forecasts.astype(np.float64)
        )


def forecasts(served: Predictor, prepared: Prepared) -> Array:
    """The forecasts [c, horizon, 1 + q] of a published version for the cases; NaN where it cannot be judged fairly."""
    truth = prepared.truth
    found = np.full((*truth.actual.shape, 1 + len(truth.quantiles)), np.nan)
    if tuple(forecaster(served).levels) != truth.quantiles or forecaster(served).gap != prepared.backtest.gap:
        return found
    if prepared.later is None:
        _from_backtest(found, served.folder, truth)
    for window in truth.windows:
        mine = np.flatnonzero((truth.window == window) & np.isnan(found).any(axis=(1, 2)))
        if mine.size:
            found[mine] = _from_predictor(served, prepared, int(window), mine)
    return found


def answered(found: Array) -> Array:
    """The cases [c] that are forecast throughout."""
    return np.asarray(~np.isnan(found).any(axis=(1, 2)))


def ahead(served: Predictor, prepared: Prepared) -> Array:
    """The forecasts [c, horizon, 1 + q] of a bundle for what comes after all it has learnt: the test file's cases."""
    return _at(served, prepared.backtest.panel, prepared)[prepared.truth.series]


def _from_backtest(found: Array, folder: Path, truth: Cases) -> None:
    """Fill in what the version forecast for the same series and origin when it was judged itself."""
    path = folder / FILE
    if not path.is_file():
        return
    with np.load(path, allow_pickle=False) as file:
        kept, origins, keys = file["forecasts"], file["origin"], file["keys"]
    position = {
        (tuple(map(str, key)), int(origin)): row for row, (key, origin) in enumerate(zip(keys, origins, strict=True))
    }
    for case, (series, origin) in enumerate(zip(truth.series, truth.origin, strict=True)):
        row = position.get((truth.keys[series], int(origin)))
        if row is not None and kept[row].shape == found[case].shape:
            found[case] = kept[row]


def _from_predictor(served: Predictor, prepared: Prepared, window: int, mine: Array) -> Array:
    """Forecasts of the cases `mine` of a window that begin no earlier than what the version has learnt ends."""
    truth, backtest = prepared.truth, prepared.backtest
    panel = backtest.panel.cut(backtest.cuts[window]) if prepared.later is None else backtest.panel
    learnt = dict(zip(forecaster(served).panel.keys, forecaster(served).panel.end.tolist(), strict=True))
    if forecaster(served).panel.categories != panel.categories:  # its codes stand for other levels
        return np.full((len(mine), *truth.actual.shape[1:], 1 + len(truth.quantiles)), np.nan)
    late = np.array([truth.origin[case] >= learnt.get(truth.keys[truth.series[case]], 0) for case in mine])
    found = np.full((len(mine), *truth.actual.shape[1:], 1 + len(truth.quantiles)), np.nan)
    if late.any():
        found[late] = _at(served, panel, prepared)[truth.series[mine[late]]]
    return found


def _at(served: Predictor, panel: Panel, prepared: Prepared) -> Array:
    """The version's forecasts [s, horizon, 1 + q] from the end of a panel; NaN where it cannot."""
    inference = forecaster(served)
    try:
        whole = inference.ahead(panel, prepared.backtest.steps)
    except InputError:  # a covariate is not known for every step of every series: the others are not worth the trouble
        return np.full((panel.series, prepared.backtest.horizon, 1 + len(inference.levels)), np.nan)
    return inference.forecast(whole, inference.scale_of(panel), prepared.backtest.horizon, inference.levels)
