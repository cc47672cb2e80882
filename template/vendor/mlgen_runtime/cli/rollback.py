"""Go back to the champion before this one, by the ledger.

Each further rollback goes one champion further back. `version=` names an earlier champion. Servers that watch the store
follow at once, and MLflow is not needed for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ("version", "bundle.store", "tracking.uri")


def run(config: RunConfig) -> VerbReport:
    """Roll back and say who serves now."""
    from ..bundle import promotion
    from ..bundle.store import open_store
    from . import promotion_report

    version = str(config.version) if config.version is not None else None
    pointer = promotion.rollback(open_store(config.bundle.store, config.root), version)
    return promotion_report.tell(config, pointer)
