"""What this service tells whoever looks on (see `hooks`), before an answer goes out.

An observer that fails is a bug: it is logged and counted, and the client gets the answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ..hooks import Answered, Observer, Refusal
from .refusal import Refused
from .request import Request
from .served import Response, Served
from .state import State

#: Paths whose refusals are told of.
PATHS = frozenset({"/predict", "/invocations"})

logger = logging.getLogger(__name__)


def predicted(state: State, request: Request, served: Served, response: Response) -> None:
    """Count an answer with predictions, and tell of it."""
    request.rows, request.version = len(response.predictions), served.version
    state.metrics.predicted(served.version, served.binning, response.counts)
    if state.observers:
        ms = (time.perf_counter() - request.started) * 1000
        answered = Answered(
            request.id,
            time.time(),
            ms,
            served.model,
            response.columns,
            response.counts,
            response.request,
            response.answer,
        )
        for observer in state.observers:
            _tell(state, observer.predicted, answered)


def refused(state: State, request: Request, refused: Refused) -> None:
    """Tell of a request whose data was refused (422), or that could not be answered (5xx)."""
    if not state.observers or request.path not in PATHS:
        return
    listed = refused.detail if isinstance(refused.detail, list) else []
    # MLflow's protocol has no 422, but a missing column is the same fault there
    status = 422 if listed and refused.status < 500 else refused.status
    if status != 422 and status < 500:
        return
    faults = [(tuple(fault.where), fault.message) for fault in listed] or [((), str(refused))]
    ms = (time.perf_counter() - request.started) * 1000
    told = Refusal(request.id, time.time(), ms, state.served.version, request.path, status, faults)
    for observer in state.observers:
        _tell(state, observer.refused, told)


def swapped(state: State) -> None:
    """Tell that another model answers from now on."""
    for observer in state.observers:
        _tell(state, observer.swapped, state.served.model)


def close(observers: tuple[Observer, ...]) -> None:
    """Let go of all who look on."""
    for observer in observers:
        observer.close()


def _tell(state: State, listener: Callable[[Any], None], what: Any) -> None:
    try:
        listener(what)
    except Exception:
        state.metrics.count("observer_errors_total")
        logger.exception("bug in an observer")
