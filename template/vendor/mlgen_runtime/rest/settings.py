"""What can be set for serving, and how a container sets it.

The `serve` verb fills `RestSettings` from `conf/rest/default.yaml`. A container has no `conf/`: there `python -m
mlgen_runtime.rest` starts from the same values (a test keeps the two equal) and reads `REST_<NAME>` variables:

    REST_PORT=8080 REST_BUNDLE=/bundle REST_API_KEY=… python -m mlgen_runtime.rest

The API key is read from the environment only, so it can never be committed with the configuration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..config.environment import read, written
from ..core.errors import InputError

PREFIX = "REST_"
API_KEY = "REST_API_KEY"


@dataclass(frozen=True)
class RestSettings:
    """One entry per line of `conf/rest/default.yaml`, which says what each is for. Seconds, bytes, rows."""

    host: str = "127.0.0.1"
    port: int = 8000
    bundle: str | None = None
    store: str = "bundles"
    workers: int = 1
    threads: int | None = None
    strict: bool = False
    reload_seconds: float = 2.0
    body_limit: int = 16_777_216
    batch_limit: int = 10_000
    request_timeout: float = 30.0
    header_timeout: float = 10.0
    body_timeout: float = 30.0
    keep_alive: float = 75.0
    connections: int = 4_096
    drain_seconds: float = 1.0
    stop_timeout: float = 30.0
    access_log: bool = True
    outcomes: str = "logs/outcomes.jsonl"

    def __post_init__(self) -> None:
        for name in ("workers", "body_limit", "batch_limit", "connections"):
            if getattr(self, name) < 1:
                raise InputError(f"rest.{name} is {getattr(self, name)}; expected at least 1")
        for name in ("request_timeout", "header_timeout", "body_timeout", "keep_alive", "stop_timeout"):
            if getattr(self, name) <= 0:
                raise InputError(f"rest.{name} is {getattr(self, name)}; expected more than 0 seconds")
        if not 0 <= self.port <= 65535:
            raise InputError(f"rest.port is {self.port}; expected 0 (any free port) to 65535")


def from_environment(environment: Mapping[str, str] = os.environ) -> RestSettings:
    """Read the settings from `REST_…` variables; raises InputError naming a variable that is unknown or unreadable."""
    return read(RestSettings, PREFIX, environment, lambda name: name == API_KEY or name.startswith("REST_WORKER_"))


def to_environment(settings: RestSettings) -> dict[str, str]:
    """The variables that give `settings` back: how the parent of several workers hands them on."""
    return written(settings, PREFIX)
