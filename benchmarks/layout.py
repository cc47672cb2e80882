"""How the benchmarks run a generated project with a Python that is not the project's: paths, modules, free ports."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

#: What `python -m` starts: the command line, and the service as a container starts it.
VERBS, SERVICE = "mlgen_runtime.cli", "mlgen_runtime.rest"


def path(project: Path) -> str:
    """Where Python finds the project's package and its runtime."""
    return os.pathsep.join(str(project / folder) for folder in ("src", "vendor"))


def environment(project: Path, **more: str) -> dict[str, str]:
    """The variables of a project's process."""
    return os.environ | {"PYTHONPATH": path(project)} | more


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
