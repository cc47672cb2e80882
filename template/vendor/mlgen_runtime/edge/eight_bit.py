"""Weights in 8 bits (dynamic quantisation by ONNX Runtime): kept only where that is smaller, faster and good enough.

All three are measured on this model, with its own rows: transformers gain, convolutions lose, trees have no weights.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from ..usecase.export_package import ParityCase, Row, difference
from . import trial

#: Rounds in which both are timed, one after the other, so that a busy moment hits both.
ROUNDS = 3


def put(
    folder: Path, graphs: Sequence[str], cases: Sequence[ParityCase], expected: Sequence[list[Row]], quality: float
) -> dict[str, Any]:
    """Replace the graphs of a folder by their 8-bit form and return the figures; raises InputError with them."""
    copy = folder.with_name(f"{folder.name}int8")
    try:
        shutil.copytree(folder, copy)
        quantised = [name for name in graphs if _quantised(copy / name)]
        sizes = [sum((place / name).stat().st_size for name in graphs) for place in (folder, copy)]
        if not quantised:
            what = "its weights are in trees" if _grown(folder, graphs) else "it has no layers of a network"
            stays = f": {_mb(sizes[0])} stay {_mb(sizes[0])}" if graphs else ""
            raise _refusal(f"nothing of this model can be held in 8 bits ({what}){stays}")
        timed = [[trial.asked(place, cases) for place in (folder, copy)] for _ in range(ROUNDS)]
        before, after = (min(one[at].latency_us["p50"] for one in timed) for at in (0, 1))
        lost = max(difference(one, other) for one, other in zip(expected, timed[0][1].answers, strict=True))
        figures = {
            "graphs": quantised,
            "mb": {"before": sizes[0] / 1e6, "after": sizes[1] / 1e6},
            "p50_us": {"before": before, "after": after},
            "largest_difference": lost,
        }
        if sizes[1] >= sizes[0] or after >= before or not lost <= quality:
            raise _refusal(
                f"size {_mb(sizes[0])} → {_mb(sizes[1])}, one row {before:.1f} → {after:.1f} µs, largest difference "
                f"{lost:.3g} (edge.quality {quality:g}): it must be smaller, faster and within the quality"
            )
        for name in quantised:
            (copy / name).replace(folder / name)
        return figures
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _quantised(path: Path) -> bool:
    """Quantise a graph in place; False where nothing in it could be."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    before = {node.op_type for node in onnx.load(path).graph.node}
    logging.disable(logging.WARNING)
    try:
        temporary = path.with_name(f"{path.name}.8")
        quantize_dynamic(path, temporary, weight_type=QuantType.QInt8)
        changed = {node.op_type for node in onnx.load(temporary).graph.node} != before
    finally:
        logging.disable(logging.NOTSET)
    temporary.replace(path) if changed else temporary.unlink()
    return changed


def _grown(folder: Path, graphs: Sequence[str]) -> bool:
    """Whether the graphs are made of trees."""
    import onnx

    return any(
        node.op_type.startswith("TreeEnsemble") for name in graphs for node in onnx.load(folder / name).graph.node
    )


def _refusal(figures: str) -> InputError:
    return InputError(f"edge.quantize=int8 is refused: {figures}; nothing was written: export with edge.quantize=none")


def _mb(size: int) -> str:
    return f"{size / 1e6:.3g} MB"
