"""A generated service under test: a process over a store, and clients that share its fate."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser import free_port

Record = dict[str, Any]
Start = Callable[..., "Service"]
BIN = Path(sys.executable).parent


class Service:
    """`python -m mlgen_runtime.rest` on a free port; its log goes to a file in `folder`, or where a test wants it."""

    def __init__(self, python: Path, store: Path, folder: Path, stdout: int | None = None, **settings: str) -> None:
        self.port = free_port()
        self.log = folder / "service.log"
        defaults = {"REST_STORE": str(store), "REST_OUTCOMES": str(folder / "outcomes.jsonl")}
        limits = {"REST_RELOAD_SECONDS": "0.05", "REST_DRAIN_SECONDS": "0.5"}
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [str(python), "-m", "mlgen_runtime.rest"],
                env={
                    **os.environ,
                    "OMP_NUM_THREADS": "1",
                    **defaults,
                    **limits,
                    "REST_PORT": str(self.port),
                    **settings,
                },
                stdout=file if stdout is None else stdout,
                stderr=file,
                cwd=folder,
            )
        self.until(lambda: self.status("/health/ready") == 200, "it is not ready")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def until(self, condition: Callable[[], bool], complaint: str) -> None:
        """Wait until a condition holds; fail with the log where it does not, or where the process ends."""
        for _ in range(1800):
            try:
                if condition():
                    return
            except OSError:
                pass
            assert self.process.poll() is None, self.log.read_text("utf8")
            time.sleep(0.05)
        raise AssertionError(f"{complaint}: {self.log.read_text('utf8')[-3000:]}")

    def ask(self, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, bytes]:
        """Send one request and return status and body."""
        request = urllib.request.Request(self.url + path, body, {"content-type": kind} if body is not None else {})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def status(self, path: str) -> int:
        return self.ask(path)[0]

    def predict(self, *records: Record) -> Any:
        status, body = self.ask("/predict", json.dumps({"records": records}).encode())
        assert status == 200, body
        return json.loads(body)

    def example(self) -> Record:
        """The record that the service's own document shows."""
        document = json.loads(self.ask("/openapi.json")[1])
        schema = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        return dict(schema["examples"][0]["records"][0])

    def memory(self) -> float:
        """Resident MB."""
        return (
            int(Path(f"/proc/{self.process.pid}/statm").read_text("ascii").split()[1])
            * os.sysconf("SC_PAGE_SIZE")
            / 1e6
        )

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=90)


def run(folder: Path, *command: object) -> str:
    """Run a command, with uv in reach; fail with its last words."""
    variables = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    variables.pop("VIRTUAL_ENV", None)
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{done.stdout[-5000:]}"
    return done.stdout


def point(store: Path, version: str) -> None:
    """Make a version the champion in one step."""
    manifest = hashlib.sha256((store / version / "manifest.json").read_bytes()).hexdigest()
    (store / "next.json").write_text(json.dumps({"version": version, "bundle": version, "manifest": manifest}))
    (store / "next.json").replace(store / "champion.json")


@dataclass
class Load:
    """Clients that send one request after another, each on a connection of its own, until told to stop.

    `unanswered` are requests that were sent whole and got no answer; a connection that could not be opened, or that the
    server had announced to close, is no such request.
    """

    service: Service
    body: bytes
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, connections: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._client) for _ in range(connections)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _client(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
            try:
                connection.connect()
            except OSError:
                time.sleep(0.01)  # it no longer listens
                continue
            try:
                while not self._stop.is_set():
                    connection.request("POST", "/predict", self.body, {"content-type": "application/json"})
                    answer = connection.getresponse()
                    self.answers.append((answer.status, answer.read()))
                    if answer.getheader("connection") == "close":
                        break
            except (OSError, http.client.HTTPException) as error:
                self.unanswered.append(repr(error))
            finally:
                connection.close()
