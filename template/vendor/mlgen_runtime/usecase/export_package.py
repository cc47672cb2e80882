"""What a use case hands to whoever takes a model elsewhere: files that predict without this package, and questions.

kit = portable.write(model, config, folder)     the files, a reader among them
portable.questions(model, config, 1000)   rows of data, as they are and spoilt
portable.answers(model, question)         what the predictor says of them, as the reader must say it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class ExportPackage:
    """What lies in the folder now: `graphs` are ONNX files that may be rewritten, `readers` the programs that predict.

    `gaps` says in sentences what is not there, and why.
    """

    graphs: tuple[str, ...]
    readers: tuple[str, ...]
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ParityCase:
    """Rows whose cells JSON can hold, and the options beside them; `spoilt` where cells were taken out or made up.

    `source` says where the rows are from. The first of several questions is the smallest that makes sense.
    """

    rows: Sequence[Row]
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    spoilt: bool = False


def difference(expected: Sequence[Row], found: Sequence[Row]) -> float:
    """The largest difference between answers [n]; infinite where words, or the number of rows, are not the same.

    Probabilities differ by what lies between them; other numbers by that as a share of the number itself, or of the
    mean size of its column where that is larger.
    """
    if len(expected) != len(found) or any(
        one.keys() != other.keys() for one, other in zip(expected, found, strict=True)
    ):
        return float("inf")
    largest = 0.0
    for name in expected[0] if expected else ():
        pairs = [(one[name], other[name]) for one, other in zip(expected, found, strict=True)]
        numbers = name.startswith(("probability_", "prediction_", "quantile_")) or isinstance(pairs[0][0], float)
        if not numbers:
            if any(one != other for one, other in pairs):
                return float("inf")
            continue
        size = sum(abs(one) for one, _ in pairs) / len(pairs)
        for one, other in pairs:
            if one != other:
                unit = 1.0 if name.startswith("probability_") else max(abs(one), size)
                largest = max(largest, abs(one - other) / unit) if unit else float("inf")
    return largest
