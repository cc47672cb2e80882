"""Requests per second that a server answers: by wrk where it is installed, else by connections of this process.

wrk takes less of the processors that the server needs, so its figures are higher: those of the two do not compare.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time

GENERATOR = "wrk" if shutil.which("wrk") else "asyncio"


def rate(port: int, path: str, body: bytes, connections: int, seconds: float) -> float:
    """POST the same JSON over and over on so many connections; stops the benchmark where an answer is not 200."""
    if GENERATOR == "wrk":
        return _wrk(f"http://127.0.0.1:{port}{path}", body, connections, seconds)
    return asyncio.run(_asyncio(port, path, body, connections, seconds))


def _wrk(url: str, body: bytes, connections: int, seconds: float) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        headers = 'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
        script.write(f"{headers}wrk.body = [==[{body.decode()}]==]\n")
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", script.name, url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{url}: {said}")
    return float(found[1])


class _Connection(asyncio.Protocol):
    """One connection that is kept alive: a request goes out as soon as the answer before it is complete."""

    def __init__(self, request: bytes, until: float) -> None:
        self.request, self.until = request, until
        self.answered, self.missing, self.received = 0, 0, b""
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.received += data
            head, blank, rest = self.received.partition(b"\r\n\r\n")
            if not blank:
                return None
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            if length is None or b" 200 " not in head.partition(b"\r\n")[0]:
                self.done.set_exception(SystemExit(self.received.decode("utf8", "replace")[:500]))
                return self.transport.close()
            self.received, self.missing = b"", int(length[1]) - len(rest)
        if self.missing <= 0:
            self._complete()
        return None

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit(f"the server has closed a connection: {error}"))

    def _complete(self) -> None:
        self.answered, self.missing = self.answered + 1, 0
        if time.perf_counter() < self.until:
            self.transport.write(self.request)
        else:
            self.done.set_result(self.answered)
            self.transport.close()


async def _asyncio(port: int, path: str, body: bytes, connections: int, seconds: float) -> float:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    loop, start = asyncio.get_running_loop(), time.perf_counter()
    made = [
        (await loop.create_connection(lambda: _Connection(request, start + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    answered = sum(await asyncio.gather(*(connection.done for connection in made)))
    return answered / (time.perf_counter() - start)
