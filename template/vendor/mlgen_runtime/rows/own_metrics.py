"""The project's own metrics (`mlgen_runtime.extend.metric`) beside ours; the bootstrap resamples them, too."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.extensions import registered_beside
from .decision.decided import Scores, probabilities
from .metrics import Metric, Resample

Array = npt.NDArray[Any]


def metrics(ours: Collection[str]) -> dict[str, Metric]:
    """The metrics that the project's modules registered, by name. Raises InputError where one has a name of ours."""
    return {
        name: Metric(name, prepare=_prepare(found.function), **found.options)
        for name, found in registered_beside(ours, "metric").items()
    }


def _prepare(score: Callable[..., float]) -> Callable[[Array, Scores], Resample]:
    """A function of truth, scores and weights as the bootstrap calls it: by how often each row was drawn."""

    def prepare(truth: Array, scores: Scores) -> Resample:
        plain = probabilities(scores)

        def value(counts: Array | None) -> float:
            return float(score(truth, plain, None if counts is None else np.asarray(counts, dtype=np.float64)))

        return value

    return prepare
