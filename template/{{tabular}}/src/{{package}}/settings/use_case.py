"""The settings whose shape is that of tables: how the baseline and the candidates are fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..shape import Amount, Count, Share
from .rows import BundleSettings, ContractSettings, DataSettings, SplitSettings

__all__ = ["BaselineSettings", "BundleSettings", "ContractSettings", "DataSettings", "SplitSettings", "TrainSettings"]


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """The linear baseline; `l2` is the strength of its penalty."""

    l2: Amount
    max_iterations: Count


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How a candidate is fitted, whichever model it is. `threads` null means the CPU quota."""

    validation_size: Share
    imbalance: Literal["none", "balanced"]
    threads: Count | None
    early_stopping_rounds: Count
    refit: Literal["auto", "true", "false"]
