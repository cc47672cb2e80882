"""A PostgreSQL server of the tests' own, for what only a real one shows; skips where PostgreSQL is not installed.

pytest_plugins = ["postgres"]            in a test module, and then, as fixtures:

postgres           a running server: `.stop()`, `.start()`, `.fresh()` for the address of a new, empty database
database           the address of a new, empty database
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

#: A role that needs this password, unlike `postgres`, which needs none.
GUARDED, PASSWORD = "guarded", "open sesame"


@dataclass
class Server:
    """A server on a free port of this machine, and with a socket in `folder`; its files are in `folder`/data."""

    programs: Path
    folder: Path
    port: int
    running: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _turn: threading.Lock = field(default_factory=threading.Lock)  # a test may stop it from another thread

    def start(self) -> None:
        """Start it, and wait until it takes connections; what runs already goes on."""
        with self._turn:
            if not self.running:
                options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
                self._run("pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", options)
                self.running = True

    def stop(self) -> None:
        """End it at once, as a crash would: open connections break, committed transactions stay."""
        with self._turn:
            if self.running:
                self._run("pg_ctl", "stop", "-w", "-D", "data", "-m", "immediate")
                self.running = False

    def address(self, name: str = "postgres", user: str = "postgres") -> str:
        """Return the address of a database; it holds no password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def fresh(self) -> str:
        """Return the address of a new, empty database."""
        import psycopg

        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return self.address(name)

    def make(self) -> None:
        """Make the server's files, and the role that needs a password."""
        import psycopg  # not every project talks to a database

        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        rules = self.folder / "data" / "pg_hba.conf"
        rules.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n" + rules.read_text("utf8"), "utf8")
        self.start()
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"create role {GUARDED} superuser login password '{PASSWORD}'")

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs, as another user where this one is root, which PostgreSQL refuses."""
        done = subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            user="postgres" if _is_root() else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server runs
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        if done.returncode:
            log = self.folder / "log"
            said = log.read_text("utf8")[-1000:] if log.exists() else "nothing"
            raise RuntimeError(f"{program} {arguments[0]} ended with {done.returncode}, and the log says: {said}")


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _programs() -> Path:
    """The folder of PostgreSQL's programs: of the newest version where Debian keeps them, or on the PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    found = max(debian, key=lambda path: float(path.parts[-3]), default=None) or shutil.which("pg_ctl")
    if found is None:
        pytest.skip("PostgreSQL's server (pg_ctl, initdb) is not installed")
    return Path(found).parent


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[Server]:
    """One server for all tests; not in pytest's own folder, which another user may not enter."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if _is_root():
        shutil.chown(folder, "postgres")
    server = Server(programs, folder, _free_port())
    try:
        server.make()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture
def postgres(postgres_once: Server) -> Server:
    """The server, running, whatever the test before did to it."""
    postgres_once.start()
    return postgres_once


@pytest.fixture
def database(postgres: Server) -> str:
    """The address of a new, empty database."""
    return postgres.fresh()
