"""What `promote` and `rollback` end with: MLflow's aliases moved after the champion, and a word on who serves now."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ..core.errors import InputError
from ..core.report import VerbReport

if TYPE_CHECKING:
    from ..bundle.store import Pointer
    from ..config.run import RunConfig


def tell(config: RunConfig, pointer: Pointer) -> VerbReport:
    """Move MLflow's aliases after the pointer, print what happened, and return it as the verb's report."""
    from ..training import tracking

    note = None
    try:
        tracking.follow(config.tracking, config.root, pointer.version)
    except InputError as away:
        note = f"the alias in MLflow did not move: {away}"
    was = f", version {pointer.previous} did before" if pointer.previous not in (None, pointer.version) else ""
    print(f"version {pointer.version} serves now{was}")
    if note:
        print(f"Note: {note}")
    return VerbReport({**dataclasses.asdict(pointer), "note": note})
