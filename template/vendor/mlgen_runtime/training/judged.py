"""All models of a run, judged, and what the gate decided: what is known before anything is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import extensions
from ..core.extensions import Extension

if TYPE_CHECKING:
    from ..config.run import RunConfig
    from ..usecase.evaluated import ChampionStatus, EvaluatedModel
    from ..usecase.explained import Explained
    from ..usecase.protocol import Prepared, UseCase
    from .gate import Decision


@dataclass(frozen=True)
class Judged:
    """`models` are baselines, candidate and champion in the order they were judged; `notes` are for the reader,
    `explained` says what the model that becomes a version looks at."""

    config: RunConfig
    case: UseCase
    prepared: Prepared
    models: tuple[EvaluatedModel, ...]
    status: ChampionStatus
    decision: Decision
    notes: tuple[str, ...]
    explained: Explained

    @property
    def extensions(self) -> tuple[Extension, ...]:
        """The project's own code that this run was made with: its model, its metric, its checks."""
        return extensions.used(self.chosen.name, self.decision.metric)

    @property
    def chosen(self) -> EvaluatedModel:
        """The model that becomes a version."""
        return self.decision.registered

    @property
    def candidate(self) -> EvaluatedModel:
        """The model that the run set out to train."""
        return next(model for model in self.models if model.kind == "candidate")
