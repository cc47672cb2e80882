"""More than one process on one port: the parent binds it, starts the workers, and replaces one that dies.

Each worker is `python -m mlgen_runtime.rest` with the parent's socket; it loads its own copy of the bundle. On SIGTERM
the parent passes the signal on and waits until every worker has drained.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from ..hooks.registry import check
from . import server
from .listening import BACKLOG, address, listen, take_no_more
from .server import ACCEPTING, Announce
from .settings import RestSettings, to_environment

SOCKET = "REST_WORKER_SOCKET"
FOLDER = "REST_WORKER_METRICS"
#: A worker that lives less than this many seconds is restarted with a pause, so that a broken one does not spin.
SHORT_LIFE = 5.0


def run(settings: RestSettings, environment: Mapping[str, str] = os.environ, announce: Announce | None = None) -> None:
    """Serve in this process, or in `settings.workers` of them. Raises InputError where it cannot start.

    `environment` holds the API key and the settings of those who look on; `announce` is told the address once
    connections are accepted, by all workers.
    """
    inherited = environment.get(SOCKET)
    if inherited:
        listening = socket.socket(fileno=int(inherited))
        server.serve(settings, listening, environment, folder=Path(environment[FOLDER]))
    elif settings.workers == 1:
        server.run(settings, environment, announce)
    else:
        supervise(settings, environment, announce)


def supervise(
    settings: RestSettings, environment: Mapping[str, str] = os.environ, announce: Announce | None = None
) -> None:
    """Keep the workers running until SIGTERM or SIGINT."""
    listening = listen(settings)
    server.load(settings)  # a bundle that cannot be served is said once, here, and not by every worker
    check(environment)
    listening.listen(BACKLOG)
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with tempfile.TemporaryDirectory(prefix="rest-metrics-") as folder:
        children = {_start(settings, environment, listening, folder): time.monotonic() for _ in range(settings.workers)}
        while not stopping:
            time.sleep(0.1)
            if announce is not None and len(list(Path(folder).glob(f"*{ACCEPTING}"))) >= settings.workers:
                announce(address(listening))
                announce = None
            for child in [child for child in children if child.poll() is not None]:
                born = children.pop(child)
                print(f"worker {child.pid} ended with {child.returncode}; starting another", file=sys.stderr)
                if time.monotonic() - born < SHORT_LIFE:
                    time.sleep(1.0)
                if not stopping:
                    children[_start(settings, environment, listening, folder)] = time.monotonic()
        _stop(settings, listening, list(children))
        for child in children:
            child.wait()


def _stop(settings: RestSettings, listening: socket.socket, children: list[subprocess.Popen[bytes]]) -> None:
    """Let the workers drain; shortly before they are done, let the kernel take no more connections for them."""
    for child in children:
        child.send_signal(signal.SIGTERM)
    time.sleep(max(0.0, settings.drain_seconds - 0.1))
    take_no_more(listening)
    listening.close()


def _start(
    settings: RestSettings, environment: Mapping[str, str], listening: socket.socket, folder: str
) -> subprocess.Popen[bytes]:
    """Start one worker on the parent's socket, in a group of its own: Ctrl-C reaches it through the parent only."""
    module = f"{__package__}"
    number = listening.fileno()
    told = {**environment, **to_environment(settings), SOCKET: str(number), FOLDER: folder}
    return subprocess.Popen([sys.executable, "-m", module], env=told, pass_fds=[number], start_new_session=True)
