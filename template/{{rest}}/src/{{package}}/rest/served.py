"""One champion as it is served: the loaded bundle and everything that is made from it, swapped as a whole.

A request takes one reference to it and keeps that to its end, so an answer is never made of two versions.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from .. import bundle, predictor
from ..errors import InputError
from .fields import Field
from .metrics import Binning
from .records import Columns, RequestModel
from .refusal import Fault, Refused
from .settings import RestSettings

_encode = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, omit_defaults=True):
    """Predictions as plain lists [n]: values; for classes `probabilities`, for numbers `intervals`, as objects.

    A struct, because it is the JSON of the answer as it stands; what is not set is left out.
    """

    predictions: list[Any]
    probabilities: list[dict[str, float]] | None = None
    intervals: list[dict[str, float]] | None = None
    model_version: str | None = None
    request_id: str | None = None


class Served:
    """A warmed-up model behind a request model. Nothing in it changes after it is made."""

    def __init__(self, model: predictor.Predictor, settings: RestSettings) -> None:
        self.model = model
        self.version = model.version
        self.contract = model.contract
        self.labels = model.contract.labels
        self._shares = tuple(f"probability_{label}" for label in self.labels)
        self.request = RequestModel(model.contract, settings.batch_limit, settings.strict)
        self.binning = Binning.of(bundle.read_json(model.folder, "reference.json"), model.contract)
        self.example = {field.name: example(field) for field in self.request.inputs}
        self._warm_up()

    @classmethod
    def load(
        cls, folder: Path, settings: RestSettings, version: str | None = None, manifest: str | None = None
    ) -> Served:
        """Load and warm up a bundle; raises InputError naming what is wrong with it."""
        return cls(predictor.load(folder, settings.threads, version, manifest), settings)

    def _warm_up(self) -> None:
        """Predict once alone and once as a batch, so that the first client does not wait for lazy initialisation."""
        for rows in (1, 64):
            self.answer({name: (value,) * rows for name, value in self.example.items()})

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of the service with this model behind it."""
        from .openapi import document

        return document(self)

    def answer(self, columns: Columns) -> Answer:
        """Predict checked columns. Raises Refused 422 where a value cannot be read or gives no finite answer."""
        try:
            found = self.model.predict(columns)
        except InputError as error:
            raise Refused(422, [Fault(("body", "records"), str(error))]) from None
        values = {name: column.tolist() for name, column in found.items()}
        predictions = values["prediction"]
        if self.labels:
            shares = [values[name] for name in self._shares]
            _check_finite(shares[0])
            return Answer(predictions, [dict(zip(self.labels, row, strict=True)) for row in zip(*shares, strict=True)])
        _check_finite(predictions)
        low, high = values.get("prediction_low"), values.get("prediction_high")
        if low is None or high is None:
            return Answer(predictions)
        return Answer(predictions, intervals=[{"low": a, "high": b} for a, b in zip(low, high, strict=True)])

    def respond(self, body: bytes, request_id: str) -> tuple[bytes, list[Any]]:
        """Answer the body of `POST /predict`: the JSON to send, and the predictions to count."""
        answer = self.answer(self.request.decode(body))
        answer.model_version, answer.request_id = self.version, request_id
        return _encode(answer), answer.predictions


def example(field: Field) -> Any:
    """A plausible value of a field: the first category, or the middle of the range."""
    column = field.column
    if column.type == "category":
        return column.categories[0] if column.categories else "a"
    if column.type == "datetime":
        return f"{datetime.datetime(2026, 1, 31, 12):{column.format or '%Y-%m-%dT%H:%M:%S'}}"
    if column.type == "boolean":
        return True
    if column.type == "text":
        return "text"
    low, high = column.minimum, column.maximum
    middle = 0.0 if low is None or high is None else (low + high) / 2
    return round(middle) if column.type == "integer" else float(f"{middle:.4g}")


def _check_finite(values: Sequence[float]) -> None:
    """JSON has no infinity: refuse inputs so large that the model's arithmetic overflows."""
    if not all(map(math.isfinite, values)):
        raise Refused(422, [Fault(("body", "records"), "the model has no finite answer for values this large")])
