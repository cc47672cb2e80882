"""A service that a benchmark has started, on a port that the system chose for it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

#: Seconds to wait for it to be ready, and to end.
PATIENCE = 60.0


@dataclass
class Service:
    """A service of a project; its port is the one that this very process has written to its own output."""

    command: list[str]
    folder: Path
    variables: dict[str, str]
    said: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    seconds: float = 0.0

    def start(self) -> None:
        """Start it, and take the seconds until it says that it is ready."""
        begun = time.perf_counter()
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.variables, stdout=output, stderr=output, start_new_session=True
            )
        while not (self.port or self._heard()) or not self._ready():
            if time.perf_counter() > begun + PATIENCE:
                self.stop()
                raise SystemExit(f"the service is not ready:\n{self.said.read_text('utf8')}")
            time.sleep(0.002)
        self.seconds = time.perf_counter() - begun

    def check(self) -> None:
        """Stop the benchmark where the process has ended: who answers on its port would be somebody else."""
        if self.process is None or self.process.poll() is not None:
            raise SystemExit(f"the service has stopped:\n{self.said.read_text('utf8')[-2000:]}")

    def stop(self) -> None:
        """End it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=PATIENCE)
        self.process, self.port = None, 0

    def _heard(self) -> int:
        found = re.search(rb"http://127\.0\.0\.1:(\d+)", self.said.read_bytes())
        self.port = int(found[1]) if found else 0
        return self.port

    def _ready(self) -> bool:
        self.check()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            try:
                connection.request("GET", "/health/ready")
                return connection.getresponse().status == 200
            except OSError:
                return False
