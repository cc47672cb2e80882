"""One champion as it is served: the loaded bundle and everything that is made from it, swapped as a whole.

A request takes one reference to it and keeps that to its end, so an answer is never made of two versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ..bundle import format as bundle
from ..bundle.predictor import Predictor
from ..core.errors import InputError
from ..usecase.loading import load
from .metrics import Binning
from .options import NONE, Chosen
from .records import RequestModel
from .refusal import Fault, Refused
from .settings import RestSettings

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Response:
    """The JSON to send, and what is in it: the predictions, how many of each class or bin, and what they were made of.

    `request` and `answer` are both sides in the words of `/predict`, for whoever looks on.
    """

    body: bytes
    predictions: Sequence[Any]
    counts: dict[str | int, int]
    columns: Mapping[str, Sequence[Any]]
    request: bytes
    answer: bytes


class Served:
    """A warmed-up model behind a request model. Nothing in it changes after it is made."""

    def __init__(self, model: Predictor, settings: RestSettings) -> None:
        self.model = model
        self.version = model.version
        self.contract = model.contract
        self.request = RequestModel(model.contract, settings.batch_limit, settings.strict, model.needed, model.options)
        self._slow = tuple(f'"{name}"'.encode() for name, option in model.options.items() if option.slow)
        self.binning = Binning.of(bundle.read_json(model.folder, "reference.json"), model.contract)
        columns = model.example()
        self.example = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.answer(columns)  # so that the first client does not wait for what is made at first use

    @classmethod
    def load(
        cls, folder: Path, settings: RestSettings, version: str | None = None, manifest: str | None = None
    ) -> Served:
        """Load and warm up a bundle; raises InputError naming what is wrong with it."""
        return cls(load(folder, settings.threads, version, manifest), settings)

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of the service with this model behind it."""
        from .openapi import document

        return document(self)

    def answer(
        self, columns: Mapping[str, Sequence[Any]], options: Chosen = NONE
    ) -> tuple[dict[str, Any], Sequence[Any]]:
        """Predict checked columns: the answer as plain data, and the predictions alone.

        Raises Refused 422 where a value cannot be read or has no answer.
        """
        try:
            found = self.model.predict(columns, **options)
            plain = self.model.plain(found)
        except InputError as error:
            raise Refused(422, [Fault(("body", "records"), str(error))]) from None
        return plain, found["prediction"].tolist()

    def quick(self, body: bytes) -> bool:
        """Whether a few records cost less than handing them to another thread: not where a slow option is named."""
        for name in self._slow:
            if name in body:
                return False
        return self.model.quick

    def respond(self, body: bytes, request_id: str) -> Response:
        """Answer the body of `POST /predict`."""
        columns, options = self.request.decode(body)
        found, predictions = self.answer(columns, options)
        answer = self.encode(found, request_id)
        return Response(answer, predictions, self.binning.counts(predictions), columns, body, answer)

    def encode(self, found: dict[str, Any], request_id: str) -> bytes:
        """The JSON of an answer, as `/predict` gives it."""
        found["model_version"], found["request_id"] = self.version, request_id
        return _encode(found)
