"""The use case of tables: each row is a case, one column the answer.

Its parts are imported when they are asked for: a server opens a bundle with `inference` and `answers` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config.run import ConfigSchema
from ..rows.use_case import RowsUseCase
from ..usecase import protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Tabular(RowsUseCase):
    """See `usecase.protocol` for what each part promises."""

    name = "tabular"

    @property
    def schema(self) -> ConfigSchema:
        """conf/ as this use case shapes it; the models are those of `model.MODELS` and the project's own."""
        from .settings import TabularConfig

        def settings_classes() -> Mapping[str, type[Any]]:
            from . import model

            return model.settings_classes()

        return ConfigSchema(TabularConfig, settings_classes)

    @property
    def baseline(self) -> protocol.Baseline:
        from . import baseline

        return baseline

    @property
    def models(self) -> protocol.Models:
        from . import model

        return model

    @property
    def inference(self) -> protocol.InferenceLoader:
        from . import inference

        return inference

    @property
    def portable(self) -> protocol.Portable:
        from . import portable

        return portable


USE_CASE: protocol.UseCase = Tabular()
