"""Reading a request and writing an answer in plain ASGI, with the limits on what a client may send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from .refusal import Refused
from .state import State

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Result = TypeVar("Result")

JSON = b"application/json"
#: Unfinished bodies of all connections together may hold this many times the limit of one body.
BODIES_BUFFERED = 8
#: A body that is refused is still taken off the wire, up to so many times the limit: a client that is cut off while it
#: sends would see a broken connection and not the answer. The body's deadline bounds it, too.
BODIES_DISCARDED = 16
#: Bodies up to this size (about 100 rows of 30 numbers) are small. A quick model answers them on the event loop, where
#: a thread would cost more than the answer.
SMALL = 131_072
#: Requests that may wait for each thread of the pool; what waits beyond them would only wait longer.
WAITING, SMALL_WAITING = 4, 64


class Disconnected(Exception):
    """The client went away before its request was complete; there is nobody to answer."""


@dataclass(slots=True)
class Request:
    """What the middleware knows of a request; it travels in `scope["request"]`. The log wants `rows` and `version`."""

    id: str
    started: float
    content_type: bytes = b""
    length: bytes = b""
    key: bytes = b""
    expects: bool = False
    path: str = "other"
    status: int = 0
    rows: int = 0
    version: str = ""


class Incoming:
    """A body as it comes in. `more` is whether there may be another part."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.more = receive, True

    async def part(self) -> bytes:
        """Wait for the next part; raises Disconnected where the client went away."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self.more = message.get("more_body", False)
        body: bytes = message.get("body", b"")
        return body

    async def discard(self, most: int) -> None:
        """Take what is left off the wire, up to `most` bytes, and keep none of it."""
        size = 0
        while self.more and size <= most:
            size += len(await self.part())


async def read(request: Request, receive: Receive, state: State) -> bytes:
    """Read the whole body; raises Refused 413 or 503 where it is too large, alone or with all others together."""
    limit, incoming = state.settings.body_limit, Incoming(receive)
    try:
        if request.length.isdigit() and int(request.length[:19]) > limit:
            raise _too_large(limit)
        body = await incoming.part()
        if incoming.more:
            body = await _collect(body, incoming, state)
        if len(body) > limit:
            raise _too_large(limit)
    except Refused:
        if not request.expects:  # a client that waits for leave to send its body learns now that it need not
            await incoming.discard(BODIES_DISCARDED * limit)
        raise
    return body


async def _collect(first: bytes, incoming: Incoming, state: State) -> bytes:
    """Gather a body that comes in parts, inside the memory that all unfinished bodies share; stops beyond the limit."""
    limit, parts, size = state.settings.body_limit, [first], len(first)
    state.buffered += size
    try:
        while incoming.more and size <= limit:
            if state.buffered > BODIES_BUFFERED * limit:
                raise busy("too many large requests are being received; try again")
            parts.append(await incoming.part())
            size += len(parts[-1])
            state.buffered += len(parts[-1])
        return b"".join(parts)
    finally:
        state.buffered -= size


async def compute(state: State, size: int, quick: bool, work: Callable[..., Result], *arguments: Any) -> Result:
    """Run `work` at once where that is quick and the body small, else in the pool; raises Refused 503 where it is full
    or late."""
    small = size <= SMALL
    if small and quick:
        return work(*arguments)
    if state.waiting >= (SMALL_WAITING if small else WAITING) * state.pool._max_workers:
        raise busy("too many requests are being computed; try again")
    state.waiting += 1
    loop = asyncio.get_running_loop()
    future = state.pool.submit(work, *arguments)
    future.add_done_callback(lambda _: loop.call_soon_threadsafe(_left, state))
    try:
        return await asyncio.wait_for(asyncio.wrap_future(future), state.settings.request_timeout)
    except TimeoutError:
        raise busy(f"no answer within {state.settings.request_timeout:g} seconds (rest.request_timeout)") from None


def _left(state: State) -> None:
    """One piece of work has left the pool."""
    state.waiting -= 1


def busy(why: str) -> Refused:
    """503 with the advice to come back in a second."""
    return Refused(503, why, ((b"retry-after", b"1"),))


def _too_large(limit: int) -> Refused:
    return Refused(413, f"the body is larger than {limit} bytes (rest.body_limit); send fewer records at a time")


async def reply(
    send: Send, request: Request, status: int, body: bytes, more: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """Send a whole answer in JSON, with the request's id."""
    request.status = status
    length, identity = (b"content-length", b"%d" % len(body)), (b"x-request-id", request.id.encode("ascii"))
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", JSON), length, identity, *more],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, request: Request, refused: Refused) -> None:
    """Send a refusal in FastAPI's shape, with the request's id."""
    body = msgspec.json.encode({"detail": refused.content(), "request_id": request.id})
    await reply(send, request, refused.status, body, refused.headers)


def require_json(request: Request) -> None:
    """Refuse a body that says it is something else than JSON; one that says nothing may be JSON."""
    kind = request.content_type.partition(b";")[0].strip().lower()
    if kind not in (b"", JSON) and not kind.endswith(b"+json"):
        shown = kind.decode("latin-1")[:60]
        raise Refused(
            415, f"content type {shown!r}; expected application/json (curl: -H 'content-type: application/json')"
        )
