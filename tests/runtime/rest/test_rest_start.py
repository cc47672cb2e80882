"""`serve` begins: a taken port is found before the model, and it says that it serves once it does."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_projects import VERB, environment


@contextlib.contextmanager
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def serve(root: Path, *settings: str) -> subprocess.Popen[str]:
    """The service of a project, as its verb starts it."""
    command = [*VERB, "serve", "rest.drain_seconds=0.1", *settings]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=root, env=environment(), stdout=subprocess.DEVNULL, stderr=pipe, text=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_taken_port_is_found_first_with_a_way_out(trained: Path, workers: int) -> None:
    """Before the model is looked for, of which there is none here; and the port that is named instead is free."""
    shutil.move(trained / "bundles", trained / "away")

    with taken() as port:
        process = serve(trained, f"rest.port={port}", f"rest.workers={workers}")
        said = process.communicate()[1]

    assert process.returncode == 2
    assert len(said.splitlines()) == 1, said
    assert f"rest.port {port} on 127.0.0.1 cannot be opened: Address already in use" in said
    assert "serving on" not in said
    other = int(said.rpartition("rest.port=")[2])
    with socket.socket() as free:
        free.bind(("127.0.0.1", other))


@pytest.mark.parametrize("workers", [1, 2])
def test_it_says_that_it_serves_once_it_does(trained: Path, workers: int) -> None:
    """The first line is followed by an answer at once, at the address that it names."""
    process = serve(trained, "rest.port=0", f"rest.workers={workers}")
    assert process.stderr is not None
    line = next(line for line in process.stderr if "serving on" in line)
    url = line.split()[2]

    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/health/ready", timeout=30) as answer:
        assert answer.status == 200

    process.send_signal(signal.SIGINT)
    rest = process.communicate()[1]
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_without_a_model_it_never_says_that_it_serves(trained: Path) -> None:
    """One line says what is missing."""
    shutil.move(trained / "bundles", trained / "away")

    process = serve(trained, "rest.port=0")
    said = process.communicate()[1]

    assert process.returncode == 2
    assert len(said.splitlines()) == 1, said
    assert "train a model first" in said
