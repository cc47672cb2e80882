"""A mail server and a web server of the tests' own, on free ports of this machine: what was received, and as it was.

pytest_plugins = ["receivers"]     in a test module, and then, as fixtures:

mail        a server that takes mail: `.port`, `.mails` (as text), `.logins`; STARTTLS where `.certificate` is there
receiver    a server that takes posts: `.address`, `.posts` (path, headers, JSON), `.answers` (status codes to give)
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class _Dialogue(socketserver.StreamRequestHandler):
    """The few commands of SMTP that smtplib says."""

    server: Any

    def handle(self) -> None:
        self.secured = False
        self.say("220 tests")
        while line := self.rfile.readline().decode().strip():
            if not self.answered(line, self.server.mailbox):
                return

    def answered(self, line: str, box: Mailbox) -> bool:
        word = line.split()[0].upper()
        if word == "EHLO":
            starttls = ["STARTTLS"] if box.certificate and not self.secured else []
            self.say(*(f"250-{text}" for text in ["tests", *starttls]), "250 AUTH PLAIN")
        elif word == "STARTTLS":
            self.say("220 go ahead")
            self.encrypt(box)
        elif word == "AUTH":
            _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
            box.logins.append((user, password, self.secured))
            self.say("235 welcome" if password == box.password else "535 wrong password")
        elif word == "RCPT" and any(name in line for name in box.unknown):
            self.say("550 nobody of that name")
        elif word == "DATA":
            self.say("354 end with a dot")
            lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
            box.mails.append("\n".join(text.removeprefix(".") if text.startswith("..") else text for text in lines))
            self.say("250 taken")
        elif word == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say(box.refusal if word == "MAIL" and box.refusal else "250 fine")
        return True

    def encrypt(self, box: Mailbox) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(box.certificate), str(box.certificate))
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.secured = True

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, because it does not trust the certificate, is part of the tests."""


@dataclass
class Mailbox:
    """What the mail server received, and how it is to behave."""

    port: int
    certificate: Path | None = None
    password: str = "open sesame"
    refusal: str = ""
    unknown: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    logins: list[tuple[str, str, bool]] = field(default_factory=list)


@pytest.fixture
def mail() -> Iterator[Mailbox]:
    """A mail server without encryption; set `.certificate` for STARTTLS."""
    with _running(_Threads(("127.0.0.1", 0), _Dialogue)) as server:
        server.mailbox = box = Mailbox(port=server.server_address[1])
        yield box


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and the certificate that it signed for this machine, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("the command openssl, which makes a certificate, is not installed")
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*words, *names, "-keyout", path, "-out", f"{path}.cert"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.cert").read_bytes())
    return path


@dataclass
class Receiver:
    """What the web server was posted; it gives the `answers` in turn, and then 200."""

    address: str
    answers: list[int] = field(default_factory=list)
    posts: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A web server that takes posts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            box.posts.append((self.path, dict(self.headers), body))
            status = box.answers.pop(0) if box.answers else 200
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, format: str, *values: Any) -> None:
            """Not among the words of pytest."""

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        box = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hooks/secret")
        yield box


@contextlib.contextmanager
def _running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
