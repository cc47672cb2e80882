"""conf/dvc as a dataclass."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DvcSettings:
    """One entry per line of conf/dvc/default.yaml, which says what each is for."""

    push: bool
    dry_run: bool
