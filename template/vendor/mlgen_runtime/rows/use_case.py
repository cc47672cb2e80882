"""What use cases of independent rows have in common: they extend this by what only they have.

Its parts are imported when they are asked for: a server opens a bundle with `inference` and `answers` alone. The
inference of a use case tells two classes apart by the bundle's rule (`decision.rule.load`), as `evaluation` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..usecase import protocol
from .contract.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from ..bundle.predictor import Answers
    from ..contract.catalogue import Check


class RowsUseCase:
    """All parts but `name`, `schema`, `baseline`, `models`, `inference` and `portable`; see `usecase.protocol`."""

    vocabulary = VOCABULARY

    @property
    def checks(self) -> dict[str, Check]:
        """The checks of cells and columns, those of rows, and the project's own."""
        from ..contract import cells, own
        from .contract import patterns

        return own.checks({**cells.CHECKS, **patterns.CHECKS})

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
