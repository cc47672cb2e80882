"""The newest steps of every series, kept in the bundle as plain arrays: history.npz, read without pickle.

Keys are text; covariates are named in `inference.json` by the order in which their arrays lie here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from . import forecast
from .panel import Panel

Array = npt.NDArray[Any]
FILE = "history.npz"


def needs(folder: Path, entry: Mapping[str, Any]) -> int:
    """How many newest steps the forecaster of a bundle's folder reads."""
    return forecast.load(folder, entry).needs


def write(folder: Path, panel: Panel, scale: Array) -> None:
    """Write a panel and the scale [s] of its series; the same panel gives the same bytes."""
    width = len(panel.keys[0]) if panel.keys else 0
    keys = np.array(panel.keys, dtype=np.str_).reshape(panel.series, width)
    arrays = {"keys": keys, "end": panel.end, "target": panel.target, "scale": scale}
    for group in ("past", "known", "static"):
        values = getattr(panel, group)
        arrays |= {f"{group}.{number}": values[name] for number, name in enumerate(values)}
    with (folder / FILE).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read(
    folder: Path, names: Mapping[str, list[str]], categories: Mapping[str, tuple[str, ...]]
) -> tuple[Panel, Array]:
    """Read the panel and the scale [s]; `names` are the covariates of past, known and static in their order."""
    with np.load(folder / FILE, allow_pickle=False) as file:
        groups = {
            group: {name: file[f"{group}.{number}"] for number, name in enumerate(names[group])}
            for group in ("past", "known", "static")
        }
        keys = tuple(tuple(str(part) for part in key) for key in file["keys"])
        panel = Panel(keys=keys, end=file["end"], target=file["target"], categories=dict(categories), **groups)
        return panel, file["scale"]
