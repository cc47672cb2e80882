"""Predictions of rows as a reader of JSON gets them, and the JSON Schema of that.

{"predictions": ["No"], "probabilities": [{"No": 0.93, "Yes": 0.07}]}          classes
{"predictions": [181.2], "intervals": [{"low": 160.4, "high": 203.9}]}         amounts

Where they are explained, each has one entry more, whose values and base add up to the model's margin (the log-odds of
a class, or the amount before its link):

"explanations": [{"base_value": -1.27, "class": "Yes", "shap_values": {"tenure": -0.41, "Contract": -0.93}}]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..contract.features import predictors
from ..contract.schema import Contract
from ..core.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..bundle.option import Option
    from ..bundle.predictor import Answer, Decoded

#: Whether each prediction is of one record, so that the records of several requests can be predicted at once.
EACH_RECORD = True
#: The predictor's columns of an explanation: where the sum begins, the class whose log-odds it is, and what each input
#: adds, as `shap_<input>`.
BASE_VALUE, EXPLAINED_CLASS, SHAP = "base_value", "explained_class", "shap_"
#: The option that asks for them.
EXPLAIN = "explain"


def plain(contract: Contract, found: Mapping[str, npt.NDArray[Any]]) -> Answer:
    """The predictor's columns [n], in its order, as lists [n].

    Raises InputError where inputs were so large that the arithmetic overflowed: JSON has no infinity.
    """
    if BASE_VALUE in found:
        return _explained(contract, found)
    predictions, *others = [column.tolist() for column in found.values()]
    labels = contract.labels
    _check_finite(others[0] if labels else predictions)
    if not others:
        return {"predictions": predictions}
    rows = zip(*others, strict=True)
    if labels:
        return {"predictions": predictions, "probabilities": [dict(zip(labels, row, strict=True)) for row in rows]}
    return {"predictions": predictions, "intervals": [{"low": low, "high": high} for low, high in rows]}


def _explained(contract: Contract, found: Mapping[str, npt.NDArray[Any]]) -> Answer:
    """As `plain`, with the explanations."""
    explaining = [name for name in found if name in (BASE_VALUE, EXPLAINED_CLASS) or name.startswith(SHAP)]
    answer = plain(contract, {name: column for name, column in found.items() if name not in explaining})
    inputs = [name for name in explaining if name.startswith(SHAP)]
    names = [name.removeprefix(SHAP) for name in inputs]
    bases = found[BASE_VALUE].tolist()
    values = [column.tolist() for column in map(found.__getitem__, inputs)]
    rows: Any = zip(*values, strict=True) if values else [()] * len(bases)
    explanations = [
        {"base_value": base, "shap_values": dict(zip(names, row, strict=True))}
        for base, row in zip(bases, rows, strict=True)
    ]
    if EXPLAINED_CLASS in found:
        for each, label in zip(explanations, found[EXPLAINED_CLASS].tolist(), strict=True):
            each["class"] = label
    return {**answer, "explanations": explanations}


def schema(contract: Contract, options: Mapping[str, Option]) -> Answer:
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
    found: Answer = {"predictions": {"type": "array", "items": value}, name: {"type": "array", "items": each}}
    if EXPLAIN in options and options[EXPLAIN].refused is None:
        found["explanations"] = {"type": "array", "items": _explanation(contract, value)}
    return found


def _explanation(contract: Contract, label: Answer) -> Answer:
    """The JSON Schema of one explanation."""
    number = {"type": "number"}
    parts: Answer = {
        "base_value": {**number, "description": "what the values are added to: the expectation over training rows"},
        "shap_values": {
            "type": "object",
            "properties": dict.fromkeys((column.name for column in predictors(contract)), number),
            "additionalProperties": number,
            "description": "what each input adds; with base_value they sum to the model's margin",
        },
    }
    if contract.labels:
        parts["class"] = {**label, "description": "the class whose log-odds are explained"}
    return {
        "type": "object",
        "properties": parts,
        "required": list(parts),
        "additionalProperties": False,
        "description": "where `explain` is true",
    }


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
