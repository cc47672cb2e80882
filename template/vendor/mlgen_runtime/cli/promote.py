"""Make a published version the champion, whatever the gate said.

Servers that watch the store follow at once. The ledger gets a row, MLflow's alias moves; should MLflow be away, the
promotion holds and the alias follows with the next training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ("version", "bundle.store", "tracking.uri")


def run(config: RunConfig) -> VerbReport:
    """Promote `version` (the latest where none is named) and say who served before."""
    from ..bundle import promotion
    from ..bundle.store import open_store
    from ..core.errors import InputError
    from . import promotion_report

    store = open_store(config.bundle.store, config.root)
    published = store.versions()
    if not published:
        raise InputError(f"no version is published in {store} yet; run `{config.project.name} train`")
    version = str(config.version) if config.version is not None else published[-1]
    pointer = promotion.promote(store, version, "promoted by hand")
    return promotion_report.tell(config, pointer)
