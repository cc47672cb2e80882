"""Connections that take their time: deadlines for headers and bodies, a bound on how many are open.

uvicorn limits how long an idle connection is kept after an answer, but lets a client take for ever to send its headers
or its body, and lets headers grow without end. `Connection` adds what is missing. A good request pays two dict entries;
the clock is looked at once a second for all connections together.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .settings import RestSettings
from .state import State

#: Bytes of request line and headers that a client may send.
HEADER_LIMIT = 65_536
#: Seconds that a connection without a request is kept open once the service is stopping.
GRACE = 0.5


class Limits:
    """What the connections of a process share. `waiting` are those whose next request is incomplete, oldest first."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.settings: RestSettings = state.settings
        self.waiting: dict[Connection, None] = {}
        self.open: set[Connection] = set()
        self.stalled: dict[Connection, float] = {}

    def admit(self, connection: Connection) -> None:
        """Take a new connection; beyond the limit, the one that has kept us waiting longest makes room."""
        self.open.add(connection)
        self.waiting[connection] = None
        if len(self.open) > self.settings.connections:
            oldest = next(iter(self.waiting))
            self.closed(oldest, "evicted")
            oldest.transport.abort()

    def closed(self, connection: Connection, why: str) -> None:
        """Count a connection that a limit closes, and forget it."""
        self.forget(connection)
        self.state.metrics.count("http_connections_closed_total", reason=why)

    def forget(self, connection: Connection) -> None:
        """The connection is gone."""
        self.open.discard(connection)
        self.waiting.pop(connection, None)
        self.stalled.pop(connection, None)

    async def sweep(self) -> None:
        """Once a second, for ever: close what is past its deadline."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            now = loop.time()
            for connection in [each for each in self.waiting if each.deadline < now]:
                connection.expire()
            for connection in list(self.open):
                self._look_for_stall(connection, now)
            self.state.metrics.gauge("http_connections", len(self.open))

    def _look_for_stall(self, connection: Connection, now: float) -> None:
        """Close a connection whose client has not taken its answer for `body_timeout` seconds."""
        if connection.transport.get_write_buffer_size() == 0:
            self.stalled.pop(connection, None)
        elif now - self.stalled.setdefault(connection, now) > self.settings.body_timeout:
            self.closed(connection, "stalled")
            connection.transport.abort()


class Connection(HttpToolsProtocol):
    """One client connection with deadlines. `limits` is set on the subclass that `protocol` makes."""

    limits: Limits

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.deadline = self.loop.time() + self.limits.settings.header_timeout
        self.header_bytes = 0
        self.in_headers = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.limits.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.in_headers:
            self.header_bytes += len(data)
        super().data_received(data)
        # A body may have come in the same piece; only headers that still have no end count.
        if self.in_headers and self.header_bytes > HEADER_LIMIT and not self.transport.is_closing():
            self._turn_away(431, "headers")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_headers = True
        self.limits.waiting.setdefault(self)
        self.deadline = self.loop.time() + self.limits.settings.header_timeout

    def on_headers_complete(self) -> None:
        self.in_headers = False
        self.header_bytes = 0
        self.deadline = self.loop.time() + self.limits.settings.body_timeout
        super().on_headers_complete()
        if self.limits.state.draining:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.limits.waiting.pop(self, None)
        self.in_headers = True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.parser is not None and not self.transport.is_closing():
            # Idle until the next request: uvicorn's own keep-alive timer closes it; it may be evicted before.
            self.limits.waiting.setdefault(self)
            self.deadline = self.loop.time() + self.limits.settings.keep_alive + self.limits.settings.body_timeout

    def drain(self) -> None:
        """The service is about to stop: the answer to a request in flight closes the connection."""
        if self.cycle is not None and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The service stops: finish the request in flight, and give one that is just being sent a moment to arrive."""
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(GRACE, super().shutdown)
        else:
            self.cycle.keep_alive = False

    def expire(self) -> None:
        """The deadline has passed: say so where a request has begun, and close."""
        if self.in_headers and self.header_bytes == 0:
            self.limits.closed(self, "idle")
            self.transport.close()
        else:
            self._turn_away(408, "headers" if self.in_headers else "body")

    def _turn_away(self, status: int, why: str) -> None:
        """Answer with a bare status, unless an answer has begun, and close."""
        self.limits.closed(self, why)
        begun = not self.in_headers and self.cycle is not None and self.cycle.response_started
        if not begun:
            head = STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n"
            self.transport.write(head)
        self.transport.close()


def protocol(limits: Limits) -> type[Connection]:
    """The protocol class for uvicorn, which makes its instances itself, bound to `limits`."""
    return type("BoundConnection", (Connection,), {"limits": limits})
