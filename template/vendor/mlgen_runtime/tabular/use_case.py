"""The use case of tables: each row is a case, one column the answer.

Its parts are imported when they are asked for: a server opens a bundle with `inference` and `answers` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config.run import ConfigSchema
from ..rows.contract.vocabulary import VOCABULARY
from ..usecase import protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..bundle.predictor import Answers
    from ..contract.catalogue import Check


class Tabular:
    """See `usecase.protocol` for what each part promises."""

    name = "tabular"
    vocabulary = VOCABULARY

    @property
    def schema(self) -> ConfigSchema:
        """conf/ as this use case shapes it; the models are those of `model.MODELS` and the project's own."""
        from .settings import TabularConfig

        def settings_classes() -> Mapping[str, type[Any]]:
            from . import model

            return model.settings_classes()

        return ConfigSchema(TabularConfig, settings_classes)

    @property
    def checks(self) -> dict[str, Check]:
        """The checks of cells and columns, those of rows, and the project's own."""
        from ..contract import cells, own
        from ..rows.contract import patterns

        return {**cells.CHECKS, **patterns.CHECKS, **own.checks()}

    @property
    def reading(self) -> protocol.Reading:
        from ..rows import reading

        return reading

    @property
    def proposal(self) -> protocol.Proposal:
        from ..rows.contract import proposal

        return proposal

    @property
    def preparation(self) -> protocol.Preparation:
        from ..rows import preparation

        return preparation

    @property
    def baseline(self) -> protocol.Baseline:
        from . import baseline

        return baseline

    @property
    def models(self) -> protocol.Models:
        from . import model

        return model

    @property
    def metrics(self) -> protocol.Metrics:
        from ..rows import metrics

        return metrics

    @property
    def evaluation(self) -> protocol.Evaluation:
        from ..rows import evaluation

        return evaluation

    @property
    def plots(self) -> protocol.Plots:
        from ..rows import plots

        return plots

    @property
    def inference(self) -> protocol.InferenceLoader:
        from . import inference

        return inference

    @property
    def answers(self) -> Answers:
        from ..rows import answers

        return answers

    @property
    def batch_scoring(self) -> protocol.BatchScoring:
        from ..rows import batch_scoring

        return batch_scoring

    @property
    def prediction(self) -> protocol.Prediction:
        from ..rows import prediction

        return prediction

    @property
    def monitoring_view(self) -> protocol.MonitoringView:
        from ..rows import monitoring_view

        return monitoring_view

    @property
    def newest_rows(self) -> protocol.NewestRows:
        from ..rows import newest

        return newest

    @property
    def portable(self) -> protocol.Portable:
        from . import portable

        return portable


USE_CASE: protocol.UseCase = Tabular()
