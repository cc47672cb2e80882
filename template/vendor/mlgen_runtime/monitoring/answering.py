"""Which model a window of the log is compared with: the version that answered most of its rows."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from ..core.errors import InputError
from ..usecase.loading import load_champion

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..config.run import RunConfig


class AnsweringModels:
    """Models by version, each loaded once; `notes` say what the reader should know about it."""

    def __init__(self, config: RunConfig, champion: Predictor) -> None:
        self.config, self.champion = config, champion
        self._notes: dict[str, None] = {}
        self._models: dict[str, Predictor | None] = {champion.version: champion}

    @property
    def notes(self) -> list[str]:
        """What the reader should know, each once."""
        return list(self._notes)

    def of(self, answered: Counter[str], *, quietly: bool = False) -> Predictor:
        """The version that answered most of the rows, if its bundle is there; the champion otherwise. `quietly`: of a
        part of the rows, of which there is no more to say than of all."""
        for version, _ in answered.most_common():
            model = self._model(version)
            if model is not None:
                others = ", ".join(sorted(name for name in answered if name != version))
                if others and not quietly:
                    self._note(f"versions {others} answered some rows, too: predictions and quality are {version}'s")
                return model
            instead = f"its rows are compared with version {self.champion.version}"
            self._note(f"version {version} has no bundle in {self.config.bundle.store}: {instead}")
        return self.champion

    def _model(self, version: str) -> Predictor | None:
        if version not in self._models:
            try:
                self._models[version] = load_champion(dataclasses.replace(self.config, version=version))
            except InputError:
                self._models[version] = None
        return self._models[version]

    def _note(self, text: str) -> None:
        self._notes[text] = None
