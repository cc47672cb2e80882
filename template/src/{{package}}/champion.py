"""The model that answers: the champion of the store, or the version that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import predictor, quota
from .errors import InputError
from .store import open_store

if TYPE_CHECKING:
    from .config import RunConfig
    from .predictor import Predictor


def serving(config: RunConfig, threads: int | None = None, bulk: bool = False) -> Predictor:
    """Load the champion, or the published version that `version=` names.

    `threads` (of one prediction of many rows) is `train.threads` unless given; `bulk` is for who has many rows.
    """
    store = open_store(config.bundle.store, config.root)
    granted = quota.threads(config.train.threads) if threads is None else threads
    if config.version is not None:
        return predictor.load(store.fetch(str(config.version)), granted, str(config.version), bulk=bulk)
    pointer = store.champion()
    if pointer is None:
        raise InputError(f"no champion in {store} yet; run `{config.project.name} train`, or name a version")
    return predictor.load(store.fetch(pointer.bundle), granted, pointer.version, pointer.manifest, bulk)
