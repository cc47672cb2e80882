"""One generated, installed and trained project, and the folder that it exports, for all tests of exporting."""

from __future__ import annotations

import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from projects import run

sys.path.append(str(Path(__file__).resolve().parents[1] / "rest"))  # the service under test, and the browser


@pytest.fixture(scope="session")
def project(installed: Callable[..., Path]) -> Path:
    """A project with a boosted champion."""
    folder = installed(deployment=["edge", "rest"])
    run(folder, ".venv/bin/churn", "train", "+experiment=quick", "gate.baseline=ahead", "gate.margin=-1")
    return folder


@pytest.fixture(scope="session")
def exported(project: Path) -> Path:
    """Its champion as a folder."""
    run(project, "make", "export")
    return project / "exports" / "churn"


@pytest.fixture(scope="session")
def with_runtime(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder with what `npm ci` brings; skips where there is no npm."""
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine")
    folder = Path(shutil.copytree(exported, tmp_path_factory.mktemp("runtime") / "folder"))
    run(folder, "npm", "ci", "--no-audit", "--no-fund")
    return folder


class Server:
    """A static server of a folder, as `python -m http.server` is one, that remembers what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, int]] = []
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_request(self, code: Any = "-", size: Any = "-") -> None:
                asked.append((self.path, int(code)))

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        handler = functools.partial(Handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def served(with_runtime: Path) -> Iterator[Server]:
    """The folder behind a static server."""
    server = Server(with_runtime)
    yield server
    server.close()
