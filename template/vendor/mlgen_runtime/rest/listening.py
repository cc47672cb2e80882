"""The listening socket: opened once, and closed without losing a connection that the system has accepted for us.

Between the client's handshake and our `accept` a connection waits in the kernel, its request perhaps with it; closing
the socket would reset it. So the kernel first stops taking new handshakes, then all that wait are taken, and only
then it closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct

from ..core.errors import InputError
from .settings import RestSettings

BACKLOG = 4096
#: Ports below it are the administrator's; so many are tried to name one that is free.
UNPRIVILEGED, TRIED = 1024, 50
_SO_ATTACH_FILTER = 26
#: Classic BPF over the TCP header: drop a packet whose SYN flag (byte 13, bit 1) is set, keep all others.
_DROP_SYN = ((0x30, 0, 0, 13), (0x45, 0, 1, 2), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))


def listen(settings: RestSettings) -> socket.socket:
    """Bind the port; raises InputError where it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        other = _free(family, settings)
        said = f"rest.port {settings.port} on {settings.host} cannot be opened: {error.strerror}"
        raise InputError(f"{said}; choose another, such as rest.port={other}") from error
    return listening


def address(listening: socket.socket) -> str:
    """Where a bound socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if listening.family == socket.AF_INET6 else f"http://{host}:{port}"


def _free(family: socket.AddressFamily, settings: RestSettings) -> int:
    """The next port that can be had, for everybody where the one that was asked for is not."""
    first = max(settings.port + 1, UNPRIVILEGED)
    for port in range(first, min(first + TRIED, 65536)):
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as trial, contextlib.suppress(OSError):
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((settings.host, port))
            return port
    return 0  # any that is free: the system chooses


def take_no_more(listening: socket.socket) -> None:
    """Let the kernel drop new handshakes, as if nobody had heard; where it cannot (not Linux), a tiny gap remains."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in _DROP_SYN))
    program = struct.pack("HP", len(_DROP_SYN), ctypes.addressof(code))
    with contextlib.suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def take_the_rest(listening: socket.socket) -> list[socket.socket]:
    """Accept every connection that waits, and close."""
    found = []
    listening.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)
            found.append(connection)
    listening.close()
    return found
