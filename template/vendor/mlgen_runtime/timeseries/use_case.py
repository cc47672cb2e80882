"""The use case of time series: the next steps of each are forecast.

Its parts are imported when they are asked for: a server opens a bundle with `inference` and `answers` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config.run import ConfigSchema
from ..usecase import protocol
from .contract.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..bundle.predictor import Answers
    from ..contract.catalogue import Check


class Timeseries:
    """See `usecase.protocol` for what each part promises."""

    name = "timeseries"
    vocabulary = VOCABULARY

    @property
    def schema(self) -> ConfigSchema:
        """conf/ as this use case shapes it; the models are those of `model.MODELS`."""
        from .settings import TimeseriesConfig

        def settings_classes() -> Mapping[str, type[Any]]:
            from . import model

            return model.settings_classes()

        return ConfigSchema(TimeseriesConfig, settings_classes)

    @property
    def checks(self) -> dict[str, Check]:
        """The checks of cells and columns, those of series, and the project's own."""
        from ..contract import cells, own
        from .contract import doubts, patterns

        return own.checks({**cells.CHECKS, **patterns.CHECKS, **doubts.CHECKS})

    @property
    def reading(self) -> protocol.Reading:
        from . import reading

        return reading

    @property
    def proposal(self) -> protocol.Proposal:
        from .contract import proposal

        return proposal

    @property
    def preparation(self) -> protocol.Preparation:
        from . import preparation

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
        from . import metrics

        return metrics

    @property
    def evaluation(self) -> protocol.Evaluation:
        from . import evaluation

        return evaluation

    @property
    def explanation(self) -> protocol.Explanation:
        from . import explanation

        return explanation

    @property
    def plots(self) -> protocol.Plots:
        from . import plots

        return plots

    @property
    def inference(self) -> protocol.InferenceLoader:
        from . import inference

        return inference

    @property
    def answers(self) -> Answers:
        from . import answers

        return answers

    @property
    def batch_scoring(self) -> protocol.BatchScoring:
        from . import batch_scoring

        return batch_scoring

    @property
    def prediction(self) -> protocol.Prediction:
        from . import prediction

        return prediction

    @property
    def monitoring_view(self) -> protocol.MonitoringView:
        from . import monitoring_view

        return monitoring_view

    @property
    def newest_rows(self) -> protocol.NewestRows:
        from . import newest

        return newest

    @property
    def portable(self) -> protocol.Portable:
        from . import portable

        return portable


USE_CASE: protocol.UseCase = Timeseries()
