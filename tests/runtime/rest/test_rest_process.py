"""The service as a process: what it imports, how it follows the champion, how it stops, how it bears slow clients."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.store import Pointer, Store
from sample_projects import environment, run_code

HEAVY = (
    *("pandas", "sklearn", "mlflow", "hydra", "matplotlib", "scipy", "holidays"),
    *("xgboost", "lightgbm", "torch", "prophet", "statsmodels", "pytorch_forecasting", "transformers"),
)
#: This module runs in each use case.
EACH_USE_CASE = True


class Service:
    """A running service over a store."""

    def __init__(self, store: Path, folder: Path, **settings: str) -> None:
        self.log = folder / "log.jsonl"
        variables = {
            "REST_PORT": "0",
            "REST_STORE": str(store),
            "REST_RELOAD_SECONDS": "0.05",
            "REST_DRAIN_SECONDS": "0.2",
        }
        self.file = self.log.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlgen_runtime.rest"],
            env=environment(**{"OMP_NUM_THREADS": "1", **variables, **settings}),
            stdout=self.file,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        self.port = int(str(self.wait_for("ready")["url"]).rpartition(":")[2])

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf8").splitlines() if line.startswith("{")]

    def wait_for(self, word: str) -> dict[str, Any]:
        """The first log line whose message begins with `word`."""
        for _ in range(1200):
            for line in self.lines():
                if str(line.get("message", "")).startswith(word):
                    return line
            assert self.process.poll() is None, self.log.read_text("utf8")
            time.sleep(0.05)
        raise AssertionError(f"no {word!r} in the log: {self.log.read_text('utf8')}")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def predict(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        body = json.dumps({"records": records}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/predict", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.loads(answer.read()))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.file.close()
        return code


@pytest.fixture
def service(trained: Path, tmp_path: Path) -> Iterator[Service]:
    running = Service(
        trained / "bundles", tmp_path, REST_HEADER_TIMEOUT="1", REST_BODY_TIMEOUT="1", REST_CONNECTIONS="50"
    )
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()


@pytest.fixture
def records(service: Service) -> list[dict[str, Any]]:
    schema = json.loads(service.get("/openapi.json"))["paths"]["/predict"]["post"]["requestBody"]["content"]
    return list(schema["application/json"]["schema"]["examples"][0]["records"])


def promote(store: Store, version: str, broken: bool = False) -> None:
    """Publish the first bundle again under another version and make it the champion."""
    shutil.copytree(store.folder / "1", store.folder / version)
    if broken:
        (store.folder / version / "inference.json").write_text("{}")
    store.point(Pointer(version, version, bundle.digest(store.folder / version / bundle.MANIFEST)))


def until(condition: Any) -> None:
    """Wait until a condition holds."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came true")


def test_serving_imports_nothing_heavy(trained_once: Path, tmp_path: Path) -> None:
    """Answering requests of every kind leaves pandas, MLflow and the training libraries unimported."""
    code = f"""
import sys, json
from concurrent.futures import ThreadPoolExecutor
from mlgen_runtime.rest import app, logs, metrics, server, state, workers, settings
chosen = settings.from_environment({{"REST_STORE": {str(trained_once / "bundles")!r}}})
_, served = server.load(chosen)
served.openapi
app.build(state.State(chosen, served, metrics.Metrics(), None, ThreadPoolExecutor(1)))
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    found = run_code(code, cwd=tmp_path)

    assert found.stdout.strip() == "[]", found.stderr


def test_a_new_champion_is_followed_and_a_broken_one_is_not(
    service: Service, trained: Path, records: list[dict[str, Any]]
) -> None:
    """The version changes without a restart; a broken one changes nothing but log, readiness' words and metrics."""
    store = Store(trained / "bundles")
    assert service.predict(records)["model_version"] == "1"

    promote(store, "2")
    until(lambda: service.predict(records)["model_version"] == "2")

    promote(store, "3", broken=True)
    until(lambda: "model_reload_failing 1" in service.get("/metrics"))
    assert service.predict(records)["model_version"] == "2"
    assert "could not be loaded" in service.get("/health/ready")
    assert "inference.json is corrupt" in service.wait_for("the champion cannot be loaded")["message"]

    promote(store, "4")
    until(lambda: service.predict(records)["model_version"] == "4")
    assert "model_reload_failing 0" in service.get("/metrics")


def test_a_store_that_is_gone_stops_nothing(service: Service, trained: Path, records: list[dict[str, Any]]) -> None:
    """With the whole store away, the model in memory goes on serving."""
    (trained / "bundles").rename(trained / "elsewhere")

    service.wait_for("the champion cannot be loaded")

    assert service.predict(records)["model_version"] == "1"


def test_requests_in_flight_are_finished(service: Service, records: list[dict[str, Any]]) -> None:
    """A request whose body is still coming when SIGTERM arrives is answered, and the process exits with 0."""
    body = json.dumps({"records": records}).encode()
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(head + body[:5])
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        service.wait_for("draining")
        connection.sendall(body[5:])
        answer = connection.makefile("rb").read()

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer
    assert service.process.wait(timeout=30) == 0


def test_slow_clients_are_closed_and_others_served(service: Service, records: list[dict[str, Any]]) -> None:
    """More half-sent requests than connections are allowed: good ones are answered, and the slow ones are closed."""
    slow = []
    for number in range(80):
        connection = socket.create_connection(("127.0.0.1", service.port))
        connection.sendall(
            [b"POST /pre", b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{", b""][number % 3]
        )
        slow.append(connection)

    assert all(service.predict(records)["model_version"] == "1" for _ in range(20))

    answers = []
    for connection in slow:
        connection.settimeout(30)
        try:
            answers.append(connection.recv(100)[:12])
        except ConnectionResetError:
            answers.append(b"")
        connection.close()
    assert set(answers) == {b"HTTP/1.1 408", b""}
    assert answers.count(b"") >= 30  # those beyond the limit


def test_endless_headers_are_refused(service: Service) -> None:
    """Headers beyond 64 KiB end the connection."""
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.settimeout(30)
        connection.sendall(b"GET / HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(200):
                connection.sendall(b"x: " + b"y" * 1000 + b"\r\n")
            answer = connection.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            answer = answer or b"HTTP/1.1 431"

    assert answer.startswith(b"HTTP/1.1 431")


def test_several_workers_share_port_and_metrics(trained_once: Path, tmp_path: Path) -> None:
    """Two processes answer on one port, /metrics sums over them, and SIGTERM ends all with 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = Service(trained_once / "bundles", tmp_path, REST_WORKERS="2", REST_PORT=str(port))
    until(lambda: sum(line.get("message") == "ready" for line in service.lines()) == 2)
    threads = [threading.Thread(target=service.get, args=("/health/live",)) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    until(lambda: 'path="/health/live",status="200"} 30' in service.get("/metrics"))

    assert service.stop() == 0


def test_nothing_to_serve_is_one_line(tmp_path: Path) -> None:
    """Without a champion the process ends with 2 and says what to do."""
    variables = environment(REST_PORT="0", REST_STORE=str(tmp_path))

    found = subprocess.run(
        [sys.executable, "-m", "mlgen_runtime.rest"], capture_output=True, text=True, env=variables, cwd=tmp_path
    )

    assert found.returncode == 2
    assert found.stderr.count("\n") == 1 and "train a model first" in found.stderr
