"""Which engine scores many rows, by measurement when a bundle is written: ONNX Runtime, or the library that fitted.

Neither is the quicker one everywhere: on two cores ONNX Runtime scored 1.8 times as many rows a second as LightGBM, and
XGBoost twice as many as ONNX Runtime. A library's files go into the bundle only where they pay, and only where their
scores are ONNX's bit for bit, so that no answer depends on the engine.
"""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...usecase.parity import Bulk
from .. import inference, inference_native

Array = npt.NDArray[Any]
Score = Callable[[Array], Array]

#: How much quicker the library must be: less is not worth its import and its files, and would change from run to run.
MARGIN = 1.2
#: Rounds of each engine, in turns, and how long the slower one should take for a round, in seconds.
ROUNDS, ROUND = 5, 0.04
#: Rows of the first round, which warms up and tells how many rows a round should have.
FIRST = 128
#: Rows, and as many spoilt ones, on which both must have the same scores.
PROBED = 250


def choose(folder: Path, rest: bytes, parts: list[dict[str, Any]], rows: Array, spoilt: Array) -> tuple[Bulk, Any]:
    """Return what was measured on encoded rows [n, features], and what inference.json should say of bulk.

    `folder` holds model.onnx and the `parts`, files from which the library computes margins; `rest` is the graph from
    those to scores. The files stay only if the library is chosen. `spoilt` are rows with missing and unseen values.
    """
    entries = {"engine": "native", "graph": "bulk.onnx", "parts": parts}
    (folder / "bulk.onnx").write_bytes(rest)
    onnx, native = inference.scorer(folder, {"format": "onnx"}), inference_native.bulk(folder, entries)
    probes = np.concatenate([rows[:PROBED], spoilt[:PROBED]])
    if not np.array_equal(native(probes), onnx(probes), equal_nan=True):
        found = Bulk(engine="onnx", reason="the library's scores are not those of the ONNX model bit for bit")
    else:
        first, second = rates(onnx, native, rows)
        found = Bulk(engine="native" if second >= MARGIN * first else "onnx", onnx=round(first), native=round(second))
    if found.engine == "native":
        return found, entries | {"parts": [part | {"file": _packed(folder / part["file"])} for part in parts]}
    for name in ("bulk.onnx", *(part["file"] for part in parts)):
        (folder / name).unlink()
    return found, {"engine": "onnx"}


def _packed(path: Path) -> str:
    """Compress a file (to a third, for trees), the same bytes every time, and return its new name."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), compresslevel=6, mtime=0))
    path.unlink()
    return packed.name


def rates(first: Score, second: Score, rows: Array) -> tuple[float, float]:
    """Rows a second of two engines on one thread: the median of short rounds in turns.

    Bulk makes as many such calls at a time as it has threads. Processor time is what is counted, so that other work on
    the machine cannot choose the engine.
    """

    def timed(score: Score, share: Array) -> float:
        start = time.thread_time()
        score(share)
        return max(time.thread_time() - start, 1e-9)

    share = np.resize(rows, (FIRST, rows.shape[1]))
    slower = max(min(timed(score, share) for _ in range(2)) for score in (first, second))
    count = min(inference.long(rows.shape[1]), max(FIRST, round(FIRST * ROUND / slower)))
    share = np.resize(rows, (count, rows.shape[1]))
    seconds = [(timed(first, share), timed(second, share)) for _ in range(ROUNDS)]
    one, other = (count / statistics.median(engine) for engine in zip(*seconds, strict=True))
    return one, other
