"""What the endpoints share: the model served now, the settings, and the counters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ..hooks import Observer
from .logs import JsonLog
from .metrics import Metrics
from .served import Served
from .settings import RestSettings


@dataclass
class State:
    """One per process. `served` is replaced as a whole when the champion moves; all else stays.

    `pool` runs large predictions off the event loop; `waiting` is how many are in it, `buffered` how many bytes of
    unfinished request bodies are in memory.
    """

    settings: RestSettings
    served: Served
    metrics: Metrics
    log: JsonLog
    pool: ThreadPoolExecutor
    keys: tuple[bytes, ...] = ()
    observers: tuple[Observer, ...] = ()
    waiting: int = 0
    buffered: int = 0
    in_flight: int = 0
    ready: bool = False
    draining: bool = False
    failing: str | None = field(default=None)
