"""Serve the champion, or a bundle folder, over REST until Ctrl-C or SIGTERM.

The service follows the champion: `promote` and `rollback` take effect without a restart. The page at / shows the model
and lets you try it; /docs describes the interface. A container starts the slim entry: `python -m mlgen_runtime.rest`.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from typing import TYPE_CHECKING

from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..config.run import RunConfig

SETTINGS = ("rest.port", "rest.host", "rest.bundle", "rest.workers", "rest.reload_seconds")


def run(config: RunConfig) -> VerbReport:
    """Serve until told to stop; raises InputError where there is nothing to serve or the port is taken."""
    from ..hooks.registry import variables
    from ..rest.settings import RestSettings
    from ..rest.workers import run as serve

    settings = config.layer("rest", RestSettings)
    settings = dataclasses.replace(
        settings,
        store=settings.store if "://" in settings.store else str(config.root / settings.store),
        outcomes=str(config.root / settings.outcomes),
        bundle=str(config.root / settings.bundle) if settings.bundle else None,
    )
    environment = {**os.environ, **variables(config)}
    serve(settings, environment, announce=_announce)
    return VerbReport({"host": settings.host, "port": settings.port, "stopped": True})


def _announce(url: str) -> None:
    """Say that the service is there, once it is."""
    print(f"serving on {url} (Ctrl-C stops it)", file=sys.stderr, flush=True)
