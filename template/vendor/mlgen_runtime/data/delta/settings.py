"""conf/delta as a dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...config.schema import Count


@dataclass(frozen=True, kw_only=True)
class DeltaSettings:
    """One entry per line of conf/delta/default.yaml, which says what each is for."""

    path: str
    mode: Literal["overwrite", "append"]
    keep_days: Count
    dry_run: bool
