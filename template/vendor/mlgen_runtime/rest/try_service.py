"""Start the service on a free port, send it one request, show the answer, stop it: `make try`.

    python -m mlgen_runtime.rest.try_service churn serve rest.port={port}
    python -m mlgen_runtime.rest.try_service python -m mlgen_runtime.rest     # a container's way: REST_PORT is set, too

The request is the example of the service's own document, with the values of the first row of the file that the contract
was inferred from. One real request and its answer:

    POST /predict {"records": [{"site": "Dayton", "sex": "male", "age": 43, ...}]}
    200 {"predictions": ["yes"], "probabilities": [{"no": 0.36, "yes": 0.64}], "model_version": "1", ...}
"""

from __future__ import annotations

import csv
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import yaml

PATIENCE = 60.0  # seconds to become ready; a second or two is usual


def example(url: str) -> dict[str, Any]:
    """Return the request that the service's document shows."""
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=30) as response:
        operation = json.load(response)["paths"]["/predict"]["post"]
    found: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]["examples"][0]
    return found


def real(body: dict[str, Any], contract: dict[str, Any]) -> dict[str, Any]:
    """Put the first row of the contract's source into a request of one record, where that is a plain CSV file."""
    source = Path(contract.get("source") or "")
    if len(body["records"]) != 1 or source.suffix != ".csv" or not source.is_file():
        return body
    with source.open(newline="", encoding="utf-8-sig") as file:
        row = next(csv.DictReader(file))
    columns, record = contract["columns"], body["records"][0]
    return {"records": [record | {name: typed(row[name], columns[name]["type"]) for name in record if name in row}]}


def typed(text: str, kind: str) -> Any:
    """Return a cell as JSON would hold it, a blank as null."""
    if not text.strip():
        return None
    if kind not in ("number", "integer"):
        return text
    return int(value) if (value := float(text)).is_integer() else value


def free_port() -> int:
    """Ask the system for a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the service is ready; exit with a word when it stopped or took too long."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"the service stopped with exit code {server.returncode}; its words are above")
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    sys.exit(f"the service was not ready after {PATIENCE:.0f} s")


def send(url: str, body: dict[str, Any]) -> str:
    """POST `body` and return the answer; exit with the service's own words when it refuses."""
    headers = {"content-type": "application/json"}
    if key := os.environ.get("REST_API_KEY", "").split(",")[0]:
        headers["x-api-key"] = key
    request = urllib.request.Request(f"{url}/predict", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return f"{response.status} {response.read().decode()}"
    except urllib.error.HTTPError as refused:
        sys.exit(f"{refused.code} {refused.read().decode()}")


def main() -> None:
    """Run the command, with a free port for `{port}`, and talk to the service once."""
    contract = yaml.safe_load(Path("data/contract.yaml").read_text("utf8"))
    port = free_port()
    command = [argument.replace("{port}", str(port)) for argument in sys.argv[1:]]
    server = subprocess.Popen(command, env={**os.environ, "REST_PORT": str(port)})
    try:
        url = f"http://127.0.0.1:{port}"
        wait(url, server)
        body = real(example(url), contract)
        print(f"POST /predict {json.dumps(body)}")
        print(send(url, body), flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)


if __name__ == "__main__":
    main()
