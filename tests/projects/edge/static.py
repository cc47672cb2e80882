"""A static server of a folder, for pages that need no more."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path
from typing import Any


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
