"""The service against everything that a network can do to it. Nothing leaves this machine."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import socket
import subprocess

import pytest
from service import BIN, Start


def test_its_own_openapi_finds_no_fault(start: Start) -> None:
    """Schemathesis, all checks, thousands of generated requests: every answer is what the document says."""
    service = start(REST_ACCESS_LOG="false")

    command = [str(BIN / "st"), "run", f"{service.url}/openapi.json", "--phases=examples,coverage,fuzzing", "-n", "500"]
    done = subprocess.run([*command, "--generation-database=none"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-5000:]
    generated = int(done.stdout.rpartition(" generated")[0].split()[-1])
    assert generated >= 2000


def test_hostile_bodies_are_refused(start: Start) -> None:
    """Random bytes, broken and endless JSON, numbers beyond numbers: 4xx each, never a 5xx, and no memory is kept."""
    service = start(REST_ACCESS_LOG="false")
    good = json.dumps({"records": [service.example()]}).encode()
    dice = random.Random(0)
    bodies = [dice.randbytes(dice.randrange(200)) for _ in range(500)]
    bodies += [mangled(good, dice) for _ in range(1500)]
    bodies += [b"[" * 1_000_000, b'{"records":' * 100_000, b'{"records":[' + b"{}," * 300_000 + b"{}]}"]
    before = service.memory()

    for number, body in enumerate(bodies):
        path = ("/predict", "/invocations", "/outcome")[number % 3]
        status, answer = service.ask(path, body)
        assert status < 500, (path, body[:200], answer)
    statuses = [service.ask(path, b" " * 100_000_000)[0] for path in ("/predict", "/invocations", "/outcome")]

    assert statuses == [413] * 3
    assert service.memory() < before + 150
    assert service.predict(service.example())["predictions"]


def mangled(body: bytes, dice: random.Random) -> bytes:
    """A good body with one thing wrong: a value replaced, bytes changed, or the end cut off."""
    kind = dice.randrange(3)
    if kind == 0:
        values = [b"NaN", b"-Infinity", b"1e999", b"null", b"{}", b'"\\ud800"', b"[[1]]", b"true", b"-0", b"9" * 400]
        start = body.index(b":", dice.randrange(12, len(body) - 40))
        return body[: start + 1] + dice.choice(values) + body[start + 1 :][body[start + 1 :].find(b",") :]
    if kind == 1:
        changed = bytearray(body)
        for _ in range(3):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        return bytes(changed)
    return body[: dice.randrange(len(body))]


def test_ten_thousand_slow_connections_are_bounded(start: Start) -> None:
    """Beside 10,000 connections that send half a request and wait, good requests are answered; memory is bounded."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 11_000:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    service = start(REST_HEADER_TIMEOUT="600", REST_BODY_TIMEOUT="600", REST_ACCESS_LOG="false")
    record, before = service.example(), service.memory()
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n"
    slow = []
    try:
        for number in range(10_000):
            connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):  # closed to make room for a newer one
                connection.sendall((b"POST /pre", head + b"x" * 10_000, b"")[number % 3])
            slow.append(connection)
            if number % 1000 == 999:
                assert service.predict(record)["predictions"]
        grown = service.memory() - before
        assert all(service.predict(record)["predictions"] for _ in range(50))
        assert grown < 300
    finally:
        for connection in slow:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_many_large_bodies_at_once_are_bounded(start: Start) -> None:
    """Bodies that together would fill the memory are turned away while they come in; good ones are answered."""
    service = start(REST_ACCESS_LOG="false")
    record, before, slow = service.example(), service.memory(), []
    for _ in range(40):
        connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
        connection.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 16000000\r\n\r\n" + b" " * 10_000_000)
        slow.append(connection)

    assert service.predict(record)["predictions"]
    assert service.memory() - before < 400
    for connection in slow:
        connection.close()
