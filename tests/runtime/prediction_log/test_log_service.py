"""The log of a running service: what was answered is kept, whatever happens to the process."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import Asking, gone, kept
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.store import Pointer, Store
from mlgen_runtime.prediction_log import ship
from mlgen_runtime.prediction_log.settings import LogSettings
from sample_projects import environment, run_code

#: This module runs in each use case.
EACH_USE_CASE = True


class Service:
    """A running service, with a log in `folder`."""

    def __init__(self, store: Path, folder: Path, **more: str) -> None:
        self.log = folder / "service.jsonl"
        self.settings = LogSettings(folder=str(folder / "log"), database=f"sqlite:///{folder / 'log.db'}")
        variables = {
            "REST_PORT": "0",
            "REST_STORE": str(store),
            "REST_RELOAD_SECONDS": "0.05",
            "REST_DRAIN_SECONDS": "0.2",
            "REST_OUTCOMES": str(folder / "outcomes.jsonl"),
            "LOG_FOLDER": self.settings.folder,
            "LOG_DATABASE": self.settings.database,
            "LOG_SHIP_SECONDS": "0.05",
        }
        with self.log.open("w") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlgen_runtime.rest"],
                env=environment(**{"OMP_NUM_THREADS": "1", **variables, **more}),
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        url = until(lambda: re.search(r'"url":"http://127.0.0.1:(\d+)"', self.said()))
        self.port = int(url[1])

    def said(self) -> str:
        assert self.process.poll() is None, self.log.read_text("utf8")
        return self.log.read_text("utf8")

    def post(self, path: str, content: object, **headers: str) -> Any:
        """An answer's JSON, whatever its status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, json.dumps(content), {"content-type": "application/json", **headers})
        return json.loads(connection.getresponse().read())

    def metrics(self) -> dict[str, float]:
        """The figures of /metrics, by name with labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def until(condition: Any) -> Any:
    """Wait until a condition holds, and return what it gives."""
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came true")


def load(service: Service, records: list[dict[str, Any]], answered: list[str], failed: threading.Event) -> None:
    """Ask on one connection until the service is gone; note the id of each answer that came whole."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    body = json.dumps({"records": records})
    try:
        while True:
            connection.request("POST", "/predict", body, {"content-type": "application/json"})
            answered.append(json.loads(connection.getresponse().read())["request_id"])
    except (OSError, http.client.HTTPException, ValueError):
        failed.set()


@pytest.fixture
def asking(trained_once: Path) -> Asking:
    return Asking(trained_once)


@pytest.fixture
def services() -> Iterator[list[Service]]:
    """Services that end with the test."""
    running: list[Service] = []
    yield running
    for service in running:
        if service.process.poll() is None:
            service.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_under_load_every_answer_is_in_the_log(
    asking: Asking, tmp_path: Path, services: list[Service], workers: str
) -> None:
    """SIGKILL, without warning, while four clients ask: each answer that one of them holds is there, and none twice."""
    service = Service(asking.root / "bundles", tmp_path, REST_WORKERS=workers)
    services.append(service)
    answered: list[list[str]] = [[] for _ in range(4)]
    failed = threading.Event()
    clients = [
        threading.Thread(target=load, args=(service, asking.records, heard, failed), daemon=True) for heard in answered
    ]
    for client in clients:
        client.start()
    until(lambda: sum(map(len, answered)) > 400)

    if workers == "1":
        service.kill()
    else:  # the parent, and all that it started, at once
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()
        for path in Path("/proc").glob("[0-9]*/environ"):
            kill_if(path, f"REST_OUTCOMES={tmp_path / 'outcomes.jsonl'}")
    for client in clients:
        client.join(30)
    ship.ship_once(service.settings)

    logged = [row["request_id"] for row in kept(service.settings)]
    heard = {name for names in answered for name in names}
    assert len(heard) == sum(map(len, answered)) > 400
    assert heard <= set(logged)
    assert len(logged) == asking.rows * len(set(logged))


def kill_if(path: Path, variable: str) -> None:
    """Kill a process that was started with this variable."""
    try:
        if variable.encode() in path.read_bytes().split(b"\0"):
            os.kill(int(path.parent.name), signal.SIGKILL)
    except (OSError, ValueError):
        return


def test_what_is_answered_refused_and_told_is_shipped_while_the_service_runs(
    asking: Asking, tmp_path: Path, services: list[Service]
) -> None:
    """A prediction of either protocol, a refusal and an outcome reach the database, and /metrics says how it goes."""
    service = Service(asking.root / "bundles", tmp_path)
    services.append(service)

    told = service.post("/predict", {"records": asking.records})
    service.post("/invocations", {"dataframe_records": asking.records}, **{"x-request-id": "by-mlflow"})
    refused = service.post("/predict", {"records": [{"no such column": 1}]})
    truth = told["predictions"][0]
    service.post("/outcome", {"request_id": told["request_id"], "truth": truth if "day" not in asking.plain else 1.0})
    until(lambda: Path(service.settings.database.removeprefix("sqlite:///")).exists())
    until(lambda: {row["request_id"] for row in kept(service.settings)} == {told["request_id"], "by-mlflow"})

    rows = {(row["request_id"], row["row"]): row for row in kept(service.settings)}
    for (name, row), found in rows.items():
        twin = rows["by-mlflow" if name != "by-mlflow" else told["request_id"], row]
        assert found["prediction"] == twin["prediction"]
        assert json.loads(found["output"]) == json.loads(twin["output"])
    until(lambda: [row["request_id"] for row in kept(service.settings, "refusal_log")] == [refused["request_id"]])
    until(lambda: service.metrics()["prediction_log_unshipped_bytes"] == 0)
    figures = service.metrics()
    assert figures["prediction_log_entries_total"] == 3
    assert sum(value for name, value in figures.items() if name.startswith("prediction_log_dropped")) == 0
    assert sum(value for name, value in figures.items() if name.startswith("feature_values_total")) > 0


def shippers(folder: Path) -> list[int]:
    """The processes that ship a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            variables = (path.parent / "environ").read_bytes().split(b"\0")
            if (
                b"mlgen_runtime.prediction_log.ship" in path.read_bytes()
                and f"LOG_FOLDER={folder}".encode() in variables
            ):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return [number for number in found if not gone(number)]


def lasting(folder: Path) -> list[int]:
    """The only process that ships a folder, if it is still the only one a second later."""
    found = shippers(folder)
    time.sleep(1)
    return found if len(found) == 1 and shippers(folder) == found else []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc")
def test_a_shipper_that_is_killed_is_replaced_and_ends_with_the_service(
    asking: Asking, tmp_path: Path, services: list[Service]
) -> None:
    """There is one for all workers; killed, another comes; after the service it ships what is left, and ends."""
    service = Service(asking.root / "bundles", tmp_path, REST_WORKERS="2")
    services.append(service)
    (first,) = until(lambda: lasting(tmp_path / "log"))  # of two that start at once one stays

    os.kill(first, signal.SIGKILL)
    until(lambda: shippers(tmp_path / "log") not in ([], [first]))
    told = service.post("/predict", {"records": asking.records})
    assert service.stop() == 0

    until(lambda: not shippers(tmp_path / "log"))
    assert {row["request_id"] for row in kept(service.settings)} == {told["request_id"]}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked up in /proc")
def test_the_process_that_ships_gives_way_to_the_service(
    asking: Asking, tmp_path: Path, services: list[Service]
) -> None:
    """It has the lowest priority, in the service's session: among sessions, Linux shares the processor out evenly."""
    service = Service(asking.root / "bundles", tmp_path)
    services.append(service)
    (shipper,) = until(lambda: shippers(tmp_path / "log"))

    until(lambda: os.getpriority(os.PRIO_PROCESS, shipper) == 19)  # once it has come so far
    assert os.getsid(shipper) == os.getsid(service.process.pid)
    assert os.getpgid(shipper) != os.getpgid(service.process.pid)  # Ctrl-C is for the service


def test_requests_are_answered_while_the_database_is_away(
    asking: Asking, tmp_path: Path, services: list[Service]
) -> None:
    """A database whose file is taken away holds up no answer; /metrics says what waits; nothing is lost."""
    path = tmp_path / "log.db"
    service = Service(asking.root / "bundles", tmp_path)
    services.append(service)
    until(path.exists)
    service.post("/predict", {"records": asking.records})
    until(lambda: service.metrics()["prediction_log_unshipped_bytes"] == 0)
    path.unlink()
    for other in tmp_path.glob("log.db-*"):
        other.unlink()
    path.mkdir()  # what cannot be opened cannot be written

    names = {service.post("/predict", {"records": asking.records})["request_id"] for _ in range(20)}
    until(lambda: service.metrics()["prediction_log_unshipped_bytes"] > 0)
    service.stop()
    path.rmdir()
    ship.ship_once(service.settings)

    with sqlite3.connect(path) as database:
        logged = {row[0] for row in database.execute("SELECT request_id FROM prediction_log")}
    assert names <= logged


def test_another_champion_is_logged_under_its_own_version(
    trained: Path, tmp_path: Path, services: list[Service]
) -> None:
    """After a swap entries have the new version, and the counters begin anew."""
    import shutil

    asking = Asking(trained)
    service = Service(trained / "bundles", tmp_path)
    services.append(service)
    service.post("/predict", {"records": asking.records})
    store = Store(trained / "bundles")
    shutil.copytree(store.folder / "1", store.folder / "2")
    store.point(Pointer("2", "2", bundle.digest(store.folder / "2" / bundle.MANIFEST)))

    until(lambda: service.post("/predict", {"records": asking.records})["model_version"] == "2")
    until(lambda: {row["model_version"] for row in kept(service.settings)} == {"1", "2"})
    counted = Counter[str]()
    for name, value in service.metrics().items():
        if name.startswith("feature_values_total{"):
            counted[name.rpartition('feature="')[2]] += int(value)

    assert service.stop() == 0
    assert max(counted.values()) == len(asking.records)


def test_the_service_starts_without_what_is_heavy(trained_once: Path, tmp_path: Path) -> None:
    """Observing and shipping import nothing that the slim environment lacks."""
    code = """
import sys
from mlgen_runtime.hooks import registry
[registry.HOOKS.load(name) for name in registry.HOOKS.names()]
print([name for name in ("pandas", "scipy", "sqlalchemy", "mlflow", "hydra", "pyarrow") if name in sys.modules])
"""
    found = run_code(code, cwd=tmp_path)

    assert found.stdout.strip() == "[]", found.stderr
