"""The outermost layer, plain ASGI: request ids, the API key, metrics and the log of every request.

Starlette's `BaseHTTPMiddleware` would cost more than the prediction does.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

from . import observed
from .refusal import Refused
from .request import Disconnected, Incoming, Message, Receive, Request, Scope, Send, refuse
from .state import State

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Paths that need the key where one is set: those that use the model or write. Health and metrics are for the platform.
PROTECTED = frozenset({"/predict", "/outcome", "/invocations"})
#: Bytes taken off the wire from a client without the key.
STRANGERS = 1_000_000
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_ID = re.compile(rb"[A-Za-z0-9_.:+/=-]{1,128}")

logger = logging.getLogger(__name__)


class Middleware:
    """Wraps the application. `direct` are routes that skip its router, which holds them too for all other methods."""

    def __init__(
        self, app: Application, state: State, paths: frozenset[str], direct: dict[tuple[str, str], Application]
    ) -> None:
        self.app, self.state, self.paths, self.direct = app, state, paths, direct
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count()
        self._keys = tuple(hashlib.sha256(key).digest() for key in state.keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        started, state = time.perf_counter(), self.state
        request = scope["request"] = self._request(scope, started)
        state.in_flight += 1
        try:
            if self._keys and request.path in PROTECTED:
                await self._authorise(request, receive)
            direct = self.direct.get((scope["method"], scope["path"]))
            if direct is not None:
                await direct(scope, receive, send)
            else:
                await self.app(scope, receive, _identified(request, send))
        except Refused as refused:
            await refuse(send, request, refused)
        except Disconnected:
            request.status = 499  # nginx's word for a client that closed the connection
        except Exception:
            logger.exception("bug while answering", extra={"fields": {"request_id": request.id, "path": scope["path"]}})
            if request.status == 0:
                bug = Refused(500, "an error in the service; the log has it by this request id")
                observed.refused(state, request, bug)
                await refuse(send, request, bug)
        finally:
            state.in_flight -= 1
            self._record(scope, request)
        return None

    def _request(self, scope: Scope, started: float) -> Request:
        """Pick the few headers that matter in one pass. A client's own request id is kept where it is harmless."""
        request = Request("", started)
        for name, value in scope["headers"]:
            if name == b"content-type":
                request.content_type = value
            elif name == b"content-length":
                request.length = value
            elif name == b"x-api-key":
                request.key = value
            elif name == b"authorization" and value[:7].lower() == b"bearer ":
                request.key = request.key or value[7:].strip()
            elif name == b"expect":
                request.expects = True
            elif name == b"x-request-id" and _ID.fullmatch(value):
                request.id = value.decode("ascii")
        request.id = request.id or f"{self._prefix}{next(self._numbers):08x}"
        if scope["path"] in self.paths:
            request.path = scope["path"]
        return request

    async def _authorise(self, request: Request, receive: Receive) -> None:
        """Compare with every key, digests of equal length and in constant time, so that the clock tells nothing."""
        given = hashlib.sha256(request.key).digest()
        if sum(hmac.compare_digest(given, key) for key in self._keys) == 0:
            if not request.expects:
                await Incoming(receive).discard(STRANGERS)  # cut off while it sends, it would not see the answer
            raise Refused(
                401, "an API key is needed in the header X-API-Key", ((b"www-authenticate", b'ApiKey realm="model"'),)
            )

    def _record(self, scope: Scope, request: Request) -> None:
        """Count and log an answered request."""
        seconds = time.perf_counter() - request.started
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.state.metrics.request(method, request.path, request.status, seconds)
        if self.state.settings.access_log or request.status >= 500:
            entry: dict[str, Any] = {
                "level": "error" if request.status >= 500 else "info",
                "event": "request",
                "request_id": request.id,
                "method": method,
                "path": scope["path"][:200],
                "status": request.status,
                "ms": round(seconds * 1000, 3),
            }
            if request.rows:
                entry["rows"], entry["model_version"] = request.rows, request.version
            self.state.log.write(time.time(), entry)


def _identified(request: Request, send: Send) -> Send:
    """`send` that adds the request's id to an answer of the framework, and notes its status."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            request.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", request.id.encode("ascii"))]
        await send(message)

    return sending
