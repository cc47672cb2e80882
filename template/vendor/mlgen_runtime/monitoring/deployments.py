"""A window of the log by the deployment that answered, and all of it: two ways to count what is read once.

The service and batch runs are asked about different rows, in different numbers. Six hundred drifted requests beside
eight thousand quiet rows of a batch run are as alarming as they are alone, so each deployment is a part of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import reading

if TYPE_CHECKING:
    from ..bundle.predictor import Predictor
    from ..prediction_log.database import Database
    from .reading import Traffic
    from .time_range import TimeRange


def counted(
    database: Database,
    time_range: TimeRange,
    model: Predictor,
    own: Mapping[str, Predictor],
    *,
    redacted: Sequence[str],
    sample: int,
    seed: int,
) -> tuple[Traffic, dict[str, Traffic]]:
    """Count a window as `model` sees it, and each deployment's part as its `own` model does; parts without any traffic
    are left out. Rows are read once, but those of a deployment that another version answers: those are read twice."""
    whole = reading.empty(model, redacted, sample, seed)
    parts = {}
    for deployment, answering in own.items():
        part = reading.empty(answering, redacted, 0, seed)
        if answering.version == model.version:
            part.sample = whole.sample
            reading.log(database, time_range, answering, part, deployment)
            whole.merge(part)
        else:
            reading.log(database, time_range, answering, part, deployment)
            reading.log(database, time_range, model, whole, deployment)
        if part.requests:
            parts[deployment] = part
    return whole, parts
