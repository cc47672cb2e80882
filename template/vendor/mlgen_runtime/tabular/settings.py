"""The settings whose shape is that of tables: how the baseline and the candidates are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ..config.schema import Amount, Bound, Count
from ..rows.settings import (
    BundleSettings,
    ContractSettings,
    DataSettings,
    RowsConfig,
    RowsFitSettings,
    SplitSettings,
)

__all__ = [
    "BaselineSettings",
    "BundleSettings",
    "ContractSettings",
    "DataSettings",
    "SplitSettings",
    "TabularConfig",
    "TrainSettings",
]


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """The linear baseline; `l2` is the strength of its penalty."""

    l2: Amount
    max_iterations: Count


@dataclass(frozen=True, kw_only=True)
class TrainSettings(RowsFitSettings):
    """How a candidate is fitted, whichever model it is. `threads` null means the CPU quota. `words` is the most that a
    text column becomes."""

    early_stopping_rounds: Count
    words: Annotated[int, Bound(at_least=0)]


@dataclass(frozen=True, kw_only=True)
class TabularConfig(RowsConfig):
    """What a run over tables is told."""

    baseline: BaselineSettings
    train: TrainSettings
