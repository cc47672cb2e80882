"""Predictions of rows as a reader of JSON gets them, and the JSON Schema of that.

{"predictions": ["No"], "probabilities": [{"No": 0.93, "Yes": 0.07}]}          classes
{"predictions": [181.2], "intervals": [{"low": 160.4, "high": 203.9}]}         amounts
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..contract.schema import Contract
from ..core.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..bundle.predictor import Answer, Decoded

#: Whether each prediction is of one record, so that the records of several requests can be predicted at once.
EACH_RECORD = True


def plain(contract: Contract, found: Mapping[str, npt.NDArray[Any]]) -> Answer:
    """The predictor's columns [n], in its order, as lists [n].

    Raises InputError where inputs were so large that the arithmetic overflowed: JSON has no infinity.
    """
    predictions, *others = [column.tolist() for column in found.values()]
    labels = contract.labels
    _check_finite(others[0] if labels else predictions)
    if not others:
        return {"predictions": predictions}
    rows = zip(*others, strict=True)
    if labels:
        return {"predictions": predictions, "probabilities": [dict(zip(labels, row, strict=True)) for row in rows]}
    return {"predictions": predictions, "intervals": [{"low": low, "high": high} for low, high in rows]}


def schema(contract: Contract) -> Answer:
    """The JSON Schema of each entry of an answer, by its name."""
    if contract.labels:
        value: Answer = {"enum": list(contract.label_values)}
        name, kind = "probabilities", {"type": "number", "minimum": 0, "maximum": 1}
        parts: tuple[str, ...] = contract.labels
    else:
        value, name, kind, parts = {"type": "number"}, "intervals", {"type": "number"}, ("low", "high")
    each = {
        "type": "object",
        "properties": dict.fromkeys(parts, kind),
        "required": list(parts),
        "additionalProperties": False,
    }
    return {"predictions": {"type": "array", "items": value}, name: {"type": "array", "items": each}}


def decode(found: Mapping[str, Any]) -> Iterator[Decoded]:
    """The predictions of an answer, one by one: each is of one record, and its key is that record's."""
    others: list[dict[str, Any]] = [
        *({f"probability_{label}": value for label, value in row.items()} for row in found.get("probabilities", ())),
        *({f"prediction_{end}": value for end, value in row.items()} for row in found.get("intervals", ())),
    ]
    for position, prediction in enumerate(found["predictions"]):
        yield None, prediction, others[position] if others else {}


def _check_finite(values: list[float]) -> None:
    if not all(map(math.isfinite, values)):
        raise InputError("the model has no finite answer for values this large")
