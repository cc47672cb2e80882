"""Go back to the champion before this one, by the ledger.

Each further rollback goes one champion further back. `version=` names an earlier champion. Servers that watch the store
follow at once, and MLflow is not needed for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import VerbReport

if TYPE_CHECKING:
    from ..config import RunConfig

SETTINGS = ("version", "bundle.store", "tracking.uri")


def run(config: RunConfig) -> VerbReport:
    """Roll back and say who serves now."""
    from .. import registry
    from ..store import open_store

    version = str(config.version) if config.version is not None else None
    pointer = registry.rollback(open_store(config.bundle.store, config.root), version)
    return registry.tell(config, pointer)
