"""REST: requests per second, latency, memory and start of a generated service beside the usual ways to serve.

    python benchmarks/rest.py [--rounds 5] [--seconds 3] [--project DIR]

XGBoost, 200 trees, 30 numeric columns; OMP_NUM_THREADS=1 and one worker for all; every round measures every server
once, so that a busy moment of the machine hits all alike. The figures are medians over the rounds, and ratios to the
usual pattern. The second table is processor time per request, which other work on the machine disturbs least.
Needs wrk. Writes the section `## REST` of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from layout import SERVICE, VERBS, environment, free_ports, path
from rest_figures import CASES, OURS, PATTERN, memory, processor, section
from results import write

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = [f"f{index}" for index in range(30)]  # the names that the registered booster has, too
BINARIES = Path(sys.executable).parent


@dataclass
class Contender:
    """One server: how it is started, and how a request to it looks."""

    name: str
    command: list[str]
    port: int
    path: str = "/predict"
    batch_path: str = ""
    form: str = "records"
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    start: float = 0.0
    memory: float = 0.0
    rates: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    p99: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    cpu: dict[tuple[int, int], list[float]] = field(default_factory=dict)

    def body(self, rows: list[dict[str, float]]) -> bytes:
        """The rows in this server's form."""
        if self.form == "features":
            content: dict[str, Any] = {"features": rows[0]} if len(rows) == 1 else {"records": rows}
        elif self.form == "split":
            content = {"dataframe_split": {"columns": COLUMNS, "data": [list(row.values()) for row in rows]}}
        else:
            content = {"records": rows}
        return json.dumps(content).encode()

    def url(self, rows: int) -> str:
        """Where requests of so many rows go."""
        return f"http://127.0.0.1:{self.port}{self.batch_path if rows > 1 and self.batch_path else self.path}"


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--project", type=Path, help="a trained project to serve (default: generate and train one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = options.project or make_project(Path(folder))
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in table(100, seed=1)[0].round(6).tolist()]
        contenders = list(servers(project))
        with running(contenders, rows):
            for number in range(options.rounds):
                for connections, count in CASES:
                    for contender in contenders:
                        measure(contender, connections, rows[:count], options.seconds)
                print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for contender in contenders:
                contender.memory = memory(contender)
    write("REST", section(contenders, options.rounds, options.seconds))


def table(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numeric columns [rows, 30] and a label that 200 trees do not exhaust."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(rows, len(COLUMNS)))
    score = matrix[:, :10].sum(axis=1) + matrix[:, 0] * matrix[:, 1] + random.normal(size=rows)
    return matrix, (score > 0).astype(int)


def make_project(folder: Path) -> Path:
    """Generate a project and train it: its registry serves the usual pattern, its bundle serves ours."""
    import copier

    project = folder / "bench"
    copier.run_copy(str(ROOT), str(project), data={"project_name": "bench"}, defaults=True, quiet=True, vcs_ref="HEAD")
    matrix, labels = table(20_000, seed=0)
    header = ",".join([*COLUMNS, "label"])
    data = folder / "data.csv"
    np.savetxt(data, np.column_stack([matrix, labels]), ",".join(["%.6f"] * 30 + ["%d"]), header=header, comments="")
    settings = [
        "model=xgboost",
        "model.n_estimators=200",
        "model.learning_rate=0.05",
        "train.early_stopping_rounds=200",
    ]
    command = [sys.executable, "-m", VERBS, "train", f"data.path={data}", "data.target=label", *settings]
    subprocess.run(command, cwd=project, env=environment(project), check=True)
    return project


def servers(project: Path) -> Iterator[Contender]:
    """The servers, over the champion of one project."""
    store = project / "bundles"
    champion = store / json.loads((store / "champion.json").read_text("utf8"))["bundle"]
    tracking = f"sqlite:///{project / 'mlflow.db'}"
    name = registered(tracking)
    native = project / "native.ubj"
    save_native(tracking, name, native)
    common = {
        "OMP_NUM_THREADS": "1",
        "FEATURES": ",".join(COLUMNS),
        "MODEL_ONNX": str(champion / "model.onnx"),
        "MODEL_FILE": str(native),
        "MODEL_URI": f"models:/{name}@champion",
        "MLFLOW_TRACKING_URI": tracking,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "REST_STORE": str(store),
        "REST_OUTCOMES": str(project / "outcomes.jsonl"),
        "LOG_SAMPLE": "0",  # the others keep no predictions either; prediction_log.py says what that costs
        "LOG_COUNTERS": "false",
        "PYTHONPATH": f"{path(project)}:{ROOT / 'benchmarks' / 'servers'}",
    }
    python = sys.executable
    ports = free_ports(7)

    def uvicorn(module: str, port: int) -> list[str]:
        return [
            python,
            "-m",
            "uvicorn",
            "--no-access-log",
            "--log-level",
            "warning",
            "--port",
            str(port),
            f"{module}:app",
        ]

    mlflow = [
        str(BINARIES / "mlflow"),
        "models",
        "serve",
        "-m",
        common["MODEL_URI"],
        "--env-manager",
        "local",
        "-p",
        str(ports[2]),
        "-w",
        "1",
    ]
    ours, lit = [python, "-m", SERVICE], [python, str(ROOT / "benchmarks/servers/lit.py"), str(ports[3])]
    yield Contender(OURS, ours, ports[0], environment={**common, "REST_PORT": str(ports[0])})
    usual = uvicorn("pattern", ports[1])
    yield Contender(PATTERN, usual, ports[1], batch_path="/batch", form="features", environment=common)
    found = {**common, "PATH": f"{BINARIES}:{os.environ['PATH']}"}
    yield Contender("mlflow models serve", mlflow, ports[2], path="/invocations", form="split", environment=found)
    yield Contender("LitServe", lit, ports[3], environment=common)
    floors = {
        "FastAPI + Pydantic": "floor_pydantic",
        "Starlette + msgspec": "floor_starlette",
        "raw ASGI + msgspec": "floor_raw",
    }
    for port, (name, module) in zip(ports[4:], floors.items(), strict=True):
        yield Contender(f"floor: {name}", uvicorn(module, port), port, environment=common)


def registered(tracking: str) -> str:
    """The name of the registered model."""
    import mlflow

    found = mlflow.MlflowClient(tracking).search_registered_models()
    return str(found[0].name)


def save_native(tracking: str, name: str, path: Path) -> None:
    """Save the champion's booster as XGBoost's own file."""
    import mlflow

    mlflow.set_tracking_uri(tracking)
    mlflow.xgboost.load_model(f"models:/{name}@champion").save_model(path)


@contextmanager
def running(contenders: list[Contender], rows: list[dict[str, float]]) -> Iterator[None]:
    """Start every server alone, time it from start to its first answer, and stop all at the end."""
    try:
        for contender in contenders:
            begun = time.perf_counter()
            contender.process = subprocess.Popen(
                contender.command,
                env={**os.environ, **contender.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            wait_for(contender, rows[:1])
            contender.start = time.perf_counter() - begun
            wait_for(contender, rows)
        yield
    finally:
        for contender in contenders:
            if contender.process:
                os.killpg(contender.process.pid, signal.SIGTERM)
        for contender in contenders:
            if contender.process:
                try:
                    contender.process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    os.killpg(contender.process.pid, signal.SIGKILL)


def wait_for(contender: Contender, rows: list[dict[str, float]]) -> None:
    """Wait until a server answers these rows with 200."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(contender.url(len(rows)), contender.body(rows), headers)
    for _ in range(6000):
        try:
            with urllib.request.urlopen(request, timeout=30):
                return
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{contender.name}: {error.code} {error.read()[:300]!r}") from error
        except OSError:
            time.sleep(0.01)
        if contender.process is None or contender.process.poll() is not None:
            raise SystemExit(f"{contender.name} has stopped")
    raise SystemExit(f"{contender.name} does not answer")


def measure(contender: Contender, connections: int, rows: list[dict[str, float]], seconds: int) -> None:
    """Load one server with wrk for a few seconds."""
    body = contender.body(rows).decode()
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(
            f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[{body}]==]\n'
        )
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            script.name,
            contender.url(len(rows)),
        ]
        before = processor(contender)
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        used = processor(contender) - before
    if "Non-2xx" in text or ("Socket errors" in text and contender.name == OURS):
        raise SystemExit(f"{contender.name}: {text}")
    key = (connections, len(rows))
    answered = int(re.search(r"(\d+) requests in", text)[1])  # type: ignore[index]
    contender.rates.setdefault(key, []).append(float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]))  # type: ignore[index]
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", text).groups()  # type: ignore[union-attr]
    contender.p99.setdefault(key, []).append(float(amount) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit])
    contender.cpu.setdefault(key, []).append(used / max(answered, 1) * 1000)


if __name__ == "__main__":
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; install it (apt-get install wrk)")
    main()
