"""What retraining can do besides where predictions are monitored: learn from their log, and evaluate a shadow.

    if (log := logged(config)) is not None:
        frame = log.rows(config, contract)

The modules are in `monitored`, which a project without monitoring does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..core.registry import Entry, Registry

if TYPE_CHECKING:
    import pandas as pd

    from ..bundle.shadow import Shadow
    from ..config.run import RunConfig
    from ..contract.schema import Contract
    from .context import RetrainingContext
    from .history import Row

PARTS = Registry(
    "part of retraining",
    {
        "logged": Entry("retraining.monitored.logged", group="log", needs="prediction_log"),
        "shadow": Entry("retraining.monitored.shadow_evaluation", group="monitor", needs="monitoring"),
    },
)


@dataclass(frozen=True)
class Verdict:
    """On a shadow: waiting, promoted or dropped, and the sentence that says why."""

    decision: str
    message: str


class Logged(Protocol):
    """The log of predictions: rows to learn from, and a record of decisions."""

    def rows(self, config: RunConfig, contract: Contract, /) -> pd.DataFrame:
        """Conformed rows of all predictions whose truth is known, the oldest first."""

    def record(self, config: RunConfig, row: Row, /) -> None:
        """Write a decision into the log's database. Raises InputError where that is away."""


class ShadowEvaluation(Protocol):
    """How the shadow did beside the champion, and what becomes of it. `Settings` are those of conf/retrain it takes."""

    @property
    def Settings(self) -> type[Any]: ...

    def judge(self, context: RetrainingContext, standing: Shadow, settings: Any, /) -> Verdict:
        """Compare shadow and champion on what came true. Raises InputError where the log's database is away."""

    def settle(self, context: RetrainingContext, standing: Shadow, verdict: Verdict, /) -> list[str]:
        """Promote the shadow or drop it; return what the reader should know."""


def logged(config: RunConfig) -> Logged | None:
    """The log of predictions, where this project has one and conf/ lists it."""
    found: Logged | None = _part("logged", config)
    return found


def shadow_evaluation(config: RunConfig) -> ShadowEvaluation | None:
    """The evaluation of a shadow, where predictions are monitored."""
    found: ShadowEvaluation | None = _part("shadow", config)
    return found


def _part(name: str, config: RunConfig) -> Any:
    entry = PARTS.found(config.raw).get(name)
    return entry.load() if entry is not None else None
