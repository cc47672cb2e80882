"""One champion as it is served: the loaded bundle and everything that is made from it, swapped as a whole.

A request takes one reference to it and keeps that to its end, so an answer is never made of two versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from .. import bundle, predictor
from ..errors import InputError
from .metrics import Binning
from .options import NONE, Chosen
from .records import RequestModel
from .refusal import Fault, Refused
from .settings import RestSettings

_encode = msgspec.json.Encoder().encode

#: The JSON of an answer, how many predictions are in it, and how many of each class or bin.
Answered = tuple[dict[str, Any], int, dict[str, int]]


class Served:
    """A warmed-up model behind a request model. Nothing in it changes after it is made."""

    def __init__(self, model: predictor.Predictor, settings: RestSettings) -> None:
        self.model = model
        self.version = model.version
        self.contract = model.contract
        self.request = RequestModel(model.contract, settings.batch_limit, settings.strict, model.needed, model.options)
        self.binning = Binning.of(bundle.read_json(model.folder, "reference.json"), model.contract)
        columns = model.example()
        self.example = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.answer(columns)  # so that the first client does not wait for what is made at first use

    @classmethod
    def load(
        cls, folder: Path, settings: RestSettings, version: str | None = None, manifest: str | None = None
    ) -> Served:
        """Load and warm up a bundle; raises InputError naming what is wrong with it."""
        return cls(predictor.load(folder, settings.threads, version, manifest), settings)

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of the service with this model behind it."""
        from .openapi import document

        return document(self)

    def answer(self, columns: Mapping[str, Sequence[Any]], options: Chosen = NONE) -> Answered:
        """Predict checked columns. Raises Refused 422 where a value cannot be read or has no answer."""
        try:
            found = self.model.predict(columns, **options)
            plain = self.model.plain(found)
        except InputError as error:
            raise Refused(422, [Fault(("body", "records"), str(error))]) from None
        predictions = found["prediction"].tolist()
        return plain, len(predictions), self.binning.counts(predictions)

    def respond(self, body: bytes, request_id: str) -> tuple[bytes, int, dict[str, int]]:
        """Answer the body of `POST /predict`: the JSON to send, and what `answer` counts."""
        found, rows, counts = self.answer(*self.request.decode(body))
        found["model_version"], found["request_id"] = self.version, request_id
        return _encode(found), rows, counts
