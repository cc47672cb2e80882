"""The life of a service: the champion moves, the store goes away, SIGTERM comes, all of it under load."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
from service import Load, Start, point


def test_the_champion_moves_under_load(start: Start, store: Path) -> None:
    """Moved 20 times under 16 connections: no request fails, and every answer is that of the version it names."""
    service = start(store)
    record = service.example()
    expected = {}
    for version in ("1", "2"):
        point(store, version)
        service.until(lambda wanted=version: service.predict(record)["model_version"] == wanted, "no reload")  # type: ignore[misc]
        answer = service.predict(record)
        expected[int(version) % 2] = answer.get("probabilities") or answer["predictions"]
    load = Load(service, json.dumps({"records": [record]}).encode())

    with load.running(16):
        for version in range(101, 121):
            point(store, str(version))
            service.until(lambda wanted=str(version): service.predict(record)["model_version"] == wanted, "no reload")  # type: ignore[misc]

    assert load.unanswered == []
    answers = [json.loads(body) for status, body in load.answers if status == 200]
    assert len(answers) == len(load.answers) > 1000
    for answer in answers:
        version = int(answer["model_version"])
        parity = version % 2 if version < 100 else (version + 1) % 2
        assert (answer.get("probabilities") or answer["predictions"]) == expected[parity], answer
    assert expected[0] != expected[1]
    assert len({answer["model_version"] for answer in answers}) == 21


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_finishes_what_is_in_flight(start: Start, workers: str) -> None:
    """Under 16 connections of load, every request that was sent is answered, and the process ends with 0."""
    service = start(REST_WORKERS=workers)
    load = Load(service, json.dumps({"records": [service.example()]}).encode())

    with load.running(16):
        time.sleep(1)
        code = service.stop()

    assert code == 0
    assert load.unanswered == []
    assert {status for status, _ in load.answers} == {200}


def test_it_goes_on_without_registry_and_log(start: Start, store: Path) -> None:
    """With the store gone, the log's disk full and nowhere to put outcomes, predictions are still answered."""
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device, not a path of ours
        service = start(store, stdout=full.fileno(), REST_OUTCOMES="/dev/null/nowhere.jsonl")
        record = service.example()
        shutil.rmtree(store)

        answers = [service.predict(record)["predictions"] for _ in range(200)]

    assert len(answers) == 200
    assert service.ask("/outcome", b'{"key": "k", "truth": "no"}')[0] in (422, 503)
    service.until(lambda: b"model_reload_failing 1" in service.ask("/metrics")[1], "it does not say so")
    dropped = [line for line in service.ask("/metrics")[1].splitlines() if line.startswith(b"log_lines_dropped_total ")]
    assert float(dropped[0].split()[1]) > 0


def test_ctrl_c_ends_it_too(start: Start) -> None:
    """SIGINT is an orderly stop as well."""
    service = start()
    service.process.send_signal(signal.SIGINT)

    assert service.process.wait(timeout=60) in (0, -signal.SIGINT, 130)
