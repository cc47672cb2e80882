"""The model that answers: the champion of the store, or the version that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import predictor, quota
from .errors import InputError
from .store import open_store

if TYPE_CHECKING:
    from .config import RunConfig
    from .predictor import Predictor


def serving(config: RunConfig) -> Predictor:
    """Load the champion, or the published version that `version=` names."""
    store = open_store(config.bundle.store, config.root)
    threads = quota.threads(config.train.threads)
    if config.version is not None:
        return predictor.load(store.fetch(str(config.version)), threads, str(config.version))
    pointer = store.champion()
    if pointer is None:
        raise InputError(f"no champion in {store} yet; run `{config.project.name} train`, or name a version")
    return predictor.load(store.fetch(pointer.bundle), threads, pointer.version, pointer.manifest)
