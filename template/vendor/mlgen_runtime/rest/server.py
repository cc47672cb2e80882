"""Start, warm up, serve, drain, stop: one process.

On SIGTERM the service is no longer ready, so that the platform sends no more traffic, but goes on answering for
`drain_seconds`, each answer closing its connection; then it stops listening, finishes what is in flight, and exits 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import uvicorn

from ..bundle.store import Pointer, open_store
from ..core.cpu_quota import threads
from ..core.errors import InputError
from ..hooks import Place
from ..hooks.registry import observers
from . import logs, observed
from .app import build
from .connections import Limits, protocol
from .listening import BACKLOG, address, listen, take_no_more, take_the_rest
from .metrics import Metrics
from .served import Served
from .settings import API_KEY, RestSettings
from .state import State
from .watch import Watch

logger = logging.getLogger(__name__)

#: Is told the address once connections are accepted there.
Announce = Callable[[str], None]
#: The ending of the mark that a worker leaves beside its metrics once it accepts connections.
ACCEPTING = ".accepting"


class Server(uvicorn.Server):
    """uvicorn's server with a drain before its shutdown. `alone` is whether the port is this process's only;
    `accepting` is called once connections are accepted."""

    state: State
    limits: Limits
    alone: bool
    accepting: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.accepting()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.state.draining = True
        for connection in self.limits.open:
            connection.drain()
        logger.info("draining", extra={"fields": {"seconds": self.state.settings.drain_seconds}})
        await asyncio.sleep(self.state.settings.drain_seconds)
        for listening in sockets or []:
            await self._close(listening)
        await super().shutdown(sockets)

    async def _close(self, listening: socket.socket) -> None:
        """Stop listening, but take the connections that the kernel has accepted already."""
        if self.alone:
            take_no_more(listening)
        same = listening.dup()
        await asyncio.sleep(0.05)  # handshakes under way come to their end
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for connection in take_the_rest(same):
            await loop.connect_accepted_socket(self._protocol, connection)

    def _protocol(self) -> asyncio.Protocol:
        """What uvicorn makes for a connection that it accepts itself."""
        kind: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def run(settings: RestSettings, environment: Mapping[str, str] = os.environ, announce: Announce | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Raises InputError where there is no bundle to serve or the port is taken."""
    listening = listen(settings)
    serve(settings, listening, environment, announce=announce)


def serve(
    settings: RestSettings,
    listening: socket.socket,
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    announce: Announce | None = None,
) -> None:
    """Serve on a bound socket. `folder` is where several workers leave their metrics for each other, and a mark once
    they accept connections; `announce` is told the address then."""
    pointer, served = load(settings)
    store, outcomes = settings.store, settings.outcomes
    place = Place(source="rest", model=served.model, environment=environment, store=store, outcomes=outcomes)
    looking_on = observers(place)
    log = logs.JsonLog()
    logs.install(log)
    state = State(
        settings=settings,
        served=served,
        observers=looking_on,
        metrics=Metrics(folder, looking_on),
        log=log,
        pool=ThreadPoolExecutor(threads(settings.threads), "predict"),
        keys=tuple(key.strip().encode() for key in environment.get(API_KEY, "").split(",") if key.strip()),
    )
    limits = Limits(state)
    state.metrics.gauge("model_info", 1, version=served.version)
    app = build(state)
    config = uvicorn.Config(
        app,
        http=protocol(limits),
        loop="auto",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(settings.keep_alive),
        timeout_graceful_shutdown=int(settings.stop_timeout),
    )
    server = Server(config)
    server.state, server.limits, server.alone = state, limits, folder is None
    url = address(listening)

    def accepting() -> None:
        logger.info("ready", extra={"fields": {"url": url, "model_version": state.served.version}})
        if folder is not None:
            (folder / f"{os.getpid()}{ACCEPTING}").touch()
        if announce is not None:
            announce(url)

    server.accepting = accepting
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_serve(server, state, limits, pointer, listening))
    finally:
        observed.close(looking_on)
        log.close()


async def _serve(
    server: Server, state: State, limits: Limits, pointer: Pointer | None, listening: socket.socket
) -> None:
    """Run uvicorn with the background work beside it."""
    raise_file_limit()
    # What is loaded by now stays: the collector need not look at it again, which would cost 30 ms at a time.
    gc.collect()
    gc.freeze()
    # uvicorn raises the signal again when it has stopped in good order; this handler turns that into an exit with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    loop = asyncio.get_running_loop()
    async with background(limits.sweep(), _beat(server, state.metrics)):
        watch = pointer and Watch(
            open_store(state.settings.store),
            state.settings,
            pointer,
            swapped=lambda served: loop.call_soon_threadsafe(swap, state, served),
            failed=lambda fault: loop.call_soon_threadsafe(note, state, fault),
        )
        state.ready = True
        if watch:
            watch.start()
        await server.serve(sockets=[listening])
        if watch:
            watch.stop()
    state.metrics.save()


def load(settings: RestSettings) -> tuple[Pointer | None, Served]:
    """Load the named bundle, or the champion of the store with the pointer to follow. Raises InputError for neither."""
    if settings.bundle:
        return None, Served.load(Path(settings.bundle), settings)
    store = open_store(settings.store)
    pointer = store.champion()
    if pointer is None:
        raise InputError(f"{store} has no champion to serve; train a model first, or name a folder: rest.bundle=PATH")
    return pointer, Served.load(store.fetch(pointer.bundle), settings, pointer.version, pointer.manifest)


def swap(state: State, served: Served) -> None:
    """Serve another model from the next request on."""
    state.metrics.gauges.pop(("model_info", (("version", state.served.version),)), None)
    state.metrics.gauge("model_info", 1, version=served.version)
    state.metrics.count("model_reloads_total", result="ok")
    state.served = served
    observed.swapped(state)


def note(state: State, fault: str | None) -> None:
    """Note that the champion cannot be followed, or that it can again."""
    state.failing = fault
    state.metrics.gauge("model_reload_failing", 1 if fault else 0)
    if fault:
        state.metrics.count("model_reloads_total", result="failed")


async def _beat(server: Server, metrics: Metrics) -> None:
    """Once a second: leave this worker's numbers for the others, and stop should the parent have died."""
    parent = os.getppid()
    while True:
        await asyncio.sleep(1.0)
        metrics.save()
        if not server.alone and os.getppid() != parent:
            server.should_exit = True


@contextlib.asynccontextmanager
async def background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines beside the block and cancel them at its end."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def raise_file_limit() -> None:
    """Allow as many open connections as the system grants this process (the default is often 1024)."""
    with contextlib.suppress(ImportError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
