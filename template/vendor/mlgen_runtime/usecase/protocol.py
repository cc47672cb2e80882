"""What a use case is: one object, USE_CASE, whose parts are modules (or objects) that fulfil these protocols.

    class Tabular:
        name = "tabular"
        vocabulary = VOCABULARY

        @property
        def inference(self) -> protocol.InferenceLoader:
            from . import inference        # imported when it is asked for: a server needs little of a use case
            return inference

Training, the deployments, monitoring and retraining know these protocols and no use case. mypy holds each part to its
protocol where the object hands it over. A part's arguments that only another part of the same use case has made (its
own configuration, what `check` and `split` return, its training data) are `Any` here and typed there: a protocol that
named them would have to name the use case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from .production_parts import BatchScoring, InferenceLoader, MonitoringView, NewestRows, Portable, Prediction
from .training_parts import (
    Baseline,
    Candidate,
    Evaluation,
    Explanation,
    Metric,
    Metrics,
    Models,
    Plots,
    Preparation,
    Prepared,
    Proposal,
    Reading,
    Staging,
    TrainingData,
)

if TYPE_CHECKING:
    from ..bundle.predictor import Answers
    from ..config.run import ConfigSchema
    from ..contract.catalogue import Check
    from ..contract.vocabulary import Vocabulary

__all__ = [
    "Baseline",
    "BatchScoring",
    "Candidate",
    "Evaluation",
    "Explanation",
    "InferenceLoader",
    "Metric",
    "Metrics",
    "Models",
    "MonitoringView",
    "NewestRows",
    "Plots",
    "Portable",
    "Prediction",
    "Preparation",
    "Prepared",
    "Proposal",
    "Reading",
    "Staging",
    "TrainingData",
    "UseCase",
]


class UseCase(Protocol):
    """One use case. Each part is imported when it is asked for."""

    @property
    def name(self) -> str: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def schema(self) -> ConfigSchema:
        """The shape of its configuration, its models' included."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """The checks that rows are held to, by id."""

    @property
    def reading(self) -> Reading: ...

    @property
    def proposal(self) -> Proposal: ...

    @property
    def preparation(self) -> Preparation: ...

    @property
    def baseline(self) -> Baseline: ...

    @property
    def models(self) -> Models: ...

    @property
    def metrics(self) -> Metrics: ...

    @property
    def evaluation(self) -> Evaluation: ...

    @property
    def explanation(self) -> Explanation: ...

    @property
    def plots(self) -> Plots: ...

    @property
    def inference(self) -> InferenceLoader: ...

    @property
    def answers(self) -> Answers: ...

    @property
    def batch_scoring(self) -> BatchScoring: ...

    @property
    def prediction(self) -> Prediction: ...

    @property
    def monitoring_view(self) -> MonitoringView: ...

    @property
    def newest_rows(self) -> NewestRows: ...

    @property
    def portable(self) -> Portable: ...
