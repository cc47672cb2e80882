"""Does the folder say what the predictor says? Asked of real rows, and of the same with cells missing or unseen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.errors import InputError
from ..usecase.export_package import ParityCase, Row, difference


def compared(cases: Sequence[ParityCase], expected: Sequence[list[Row]], found: Sequence[list[Row]]) -> dict[str, Any]:
    """The parity report: rows that were asked, answers that were compared, and the largest difference of a number."""
    largest = [difference(one, other) for one, other in zip(expected, found, strict=True)]
    pairs = [(one, other) for one, other in zip(expected, found, strict=True)]
    alike = sum(row == answer for one, other in pairs for row, answer in zip(one, other, strict=False))
    whole = sum(map(len, expected))
    return {
        "rows": sum(len(case.rows) for case in cases),
        "spoilt_rows": sum(len(case.rows) for case in cases if case.spoilt),
        "source": cases[0].source,
        "answers": whole,
        "answers_equal": alike,
        "largest_difference": max(largest, default=0.0),
    }


def gate(report: dict[str, Any], tolerance: float) -> None:
    """Refuse a folder whose answers are not the predictor's."""
    largest = report["largest_difference"]
    if not largest <= tolerance:
        words = "other words, or other rows" if largest == float("inf") else f"{largest:.3g}"
        raise InputError(
            f"the exported folder does not say what the predictor says: the largest difference over {report['rows']:,} "
            f"rows is {words}, allowed is {tolerance:g} (edge.tolerance); nothing was written: keep edge.opset and "
            "edge.ml_opset at their defaults, or train another model"
        )
