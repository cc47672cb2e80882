"""Scoring a large table: 5 million rows x 30 columns, from Parquet into Parquet, SQLite and PostgreSQL.

    python benchmarks/batch.py                       # generates a project with this checkout's mlgen; about ten minutes
    python benchmarks/batch.py --rows 1000000 --models lightgbm

For each model, one after another on the same machine:

- raw: the library's own booster predicts the whole array, which lies in memory already, with all threads. XGBoost's is
  the bundle's own file; LightGBM's bundle has ONNX only, so one is fitted with the same parameters and number of trees;
- `batch` into each sink, timed as a whole process: start, reading, checks, scoring, writing, commits;
- the usual pattern: pandas, the booster, `DataFrame.to_sql`, on fewer rows, because it takes so long;
- `batch` again on a fifth of the rows, for the memory.

PostgreSQL runs beside it on the same cores, as Debian's package installs it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import results
from layout import VERBS, environment

COLUMNS, TRAINED, TREES = 30, 200_000, 300
#: Share of the raw booster's rows a second, by sink.
GOALS = {"Parquet": 0.85, "SQLite": 0.7, "PostgreSQL": 0.7}
TO_SQL, GROWTH, MEMORY = 4.5, 1.05, 500

RAW = """
import json, os, sys, time
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import numpy as np, pyarrow.parquet as pq
rows, model, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
table = pq.read_table(rows)
matrix = np.stack([table[name].to_numpy() for name in table.column_names], axis=1)
if model["kind"] == "xgboost":
    import gzip, xgboost
    booster = xgboost.Booster(); booster.load_model(bytearray(gzip.decompress(open(model["file"], "rb").read())))
    booster.set_param({"nthread": threads})
    predict = lambda rows: booster.inplace_predict(rows)
else:
    import lightgbm, pandas as pd
    frame = pd.read_parquet(model["rows"]); target = frame.pop("target")
    booster = lightgbm.train(model["parameters"] | {"num_threads": threads, "verbosity": -1, "objective": "binary"},
                             lightgbm.Dataset(frame.to_numpy(dtype="float32"), target), model["trees"])
    predict = lambda rows: booster.predict(rows, num_threads=threads)
predict(matrix[:1000])
seconds = []
for _ in range(2):
    start = time.perf_counter(); found = predict(matrix); seconds.append(time.perf_counter() - start)
figures = {"rows": len(matrix), "seconds": min(seconds)}
if len(sys.argv) > 4:
    import pandas as pd, sqlalchemy
    some = int(sys.argv[5]); engine = sqlalchemy.create_engine(sys.argv[4])
    start = time.perf_counter()
    frame = pd.read_parquet(rows).head(some)
    answer = predict(frame.to_numpy(dtype="float32"))
    table = pd.DataFrame({"row": range(1, some + 1), "prediction": np.where(answer > 0.5, "1", "0"),
                          "probability_0": 1 - answer, "probability_1": answer})
    table.to_sql("usual", engine, index=False, chunksize=100_000, if_exists="replace")
    figures["to_sql"] = some / (time.perf_counter() - start)
print(json.dumps(figures))
"""


@dataclass(frozen=True)
class Cost:
    """A command's wall seconds and the most memory that it held, in MB of 10^6 bytes."""

    seconds: float
    megabytes: float


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--models", nargs="+", default=["lightgbm", "xgboost"])
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgresql() as server:
        lines = []
        for model in given.models:
            lines += measured(Path(folder), given, model, server)
    text = "\n".join([_head(given), "", *lines])
    results.write("Scoring tables", text)


def _head(given: argparse.Namespace) -> str:
    return (
        f"`python benchmarks/batch.py`: {given.rows:,} rows x {COLUMNS} float32 columns, {TREES} trees, "
        f"{given.threads} threads; whole processes. {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}."
    )


def measured(folder: Path, given: argparse.Namespace, model: str, server: str | None) -> list[str]:
    """The lines of one model."""
    project = folder / model
    subprocess.run(
        [sys.executable, "-m", "mlgen", "new", str(project), f"project_name=bulk-{model}", "deployment=[batch]"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    trained, rows, fifth = folder / "trained.parquet", folder / "rows.parquet", folder / "fifth.parquet"
    if not rows.exists():
        write_rows(trained, TRAINED, target=True)
        write_rows(rows, given.rows, target=False)
        write_rows(fifth, given.rows // 5, target=False)
    variables = environment(project, OMP_WAIT_POLICY="PASSIVE")
    churn = [sys.executable, "-m", VERBS]
    settings = [f"data.path={trained}", "data.target=target", f"model={model}", f"model.n_estimators={TREES}"]
    run([*churn, "train", *settings, "train.early_stopping_rounds=10000"], project, variables)
    raw = json.loads(
        subprocess.run(
            [sys.executable, "-c", RAW, rows, json.dumps(booster(project, model, trained)), str(given.threads),
             *([server.replace("postgresql:", "postgresql+psycopg:"), str(given.rows // 20)] if server else [])],
            env=variables, check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    pace = raw["rows"] / raw["seconds"]
    sinks = {"Parquet": str(folder / f"{model}-answers"), "SQLite": f"sqlite:///{folder / f'{model}.db'}"}
    if server:
        sinks["PostgreSQL"] = f"{server}#{model}"
    lines = [
        f"### {model}: the raw booster predicts {pace:,.0f} rows/s",
        "",
        "| into | rows/s | of the raw booster | goal | peak MB | at a fifth of the rows | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, output in sinks.items():
        found = batch(churn, rows, output, given, project, variables)
        less = batch(
            churn, fifth, f"{output}{'_fifth' if name == 'PostgreSQL' else '-fifth'}", given, project, variables
        )
        share, grown = given.rows / found.seconds / pace, found.megabytes / less.megabytes
        good = share >= GOALS[name] and grown <= GROWTH and found.megabytes <= MEMORY
        lines.append(
            f"| {name} | {given.rows / found.seconds:,.0f} | {share:.2f} | {GOALS[name]} | {found.megabytes:.0f} | "
            f"{less.megabytes:.0f} ({grown:.2f} x) | {'reached' if good else '**missed**'} |"
        )
        if name == "PostgreSQL":
            times = given.rows / found.seconds / raw["to_sql"]
            lines.append(
                f"| pandas, `to_sql` into PostgreSQL | {raw['to_sql']:,.0f} | {raw['to_sql'] / pace:.3f} | | | | batch "
                f"is {times:.1f} x as quick, goal {TO_SQL}: {'reached' if times >= TO_SQL else '**missed**'} |"
            )
    return [*lines, "", f"Memory: at most {MEMORY} MB, and at most {GROWTH} x that of a fifth of the rows.", ""]


def booster(project: Path, model: str, trained: Path) -> dict[str, object]:
    """What the raw run needs to have the same trees."""
    pointer = json.loads((project / "bundles" / "champion.json").read_text("utf8"))
    folder = project / "bundles" / pointer["bundle"]
    entries = json.loads((folder / "inference.json").read_text("utf8"))
    if model == "xgboost":
        return {"kind": model, "file": str(folder / entries["bulk"]["parts"][0]["file"])}
    import onnx

    nodes = onnx.load(folder / "model.onnx").graph.node
    ensemble = next(node for node in nodes if node.op_type == "TreeEnsemble")
    trees = next(len(attribute.ints) for attribute in ensemble.attribute if attribute.name == "tree_roots")
    parameters = {
        "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "bagging_fraction": 0.8, "bagging_freq": 1,
        "feature_fraction": 0.8, "seed": 42, "deterministic": True, "force_col_wise": True,
    }  # fmt: skip
    return {"kind": model, "rows": str(trained), "trees": trees, "parameters": parameters}


def batch(
    churn: list[str], rows: Path, output: str, given: argparse.Namespace, project: Path, variables: dict[str, str]
) -> Cost:
    """Score into a new table, and remove it again where it is a file."""
    found = run(
        [*churn, "batch", f"batch.input={rows}", f"batch.output={output}", f"batch.threads={given.threads}"],
        project,
        variables,
    )
    place = Path(output.removeprefix("sqlite:///"))
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    return found


def run(command: list[str], folder: Path, variables: dict[str, str]) -> Cost:
    """Run a command and measure it; stops the benchmark with its words where it fails."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(map(str, command))}\n{said.read()}")
    return Cost(seconds, usage.ru_maxrss * 1024 / 1e6)


def write_rows(path: Path, rows: int, target: bool) -> None:
    """Numbers, of which a few decide; the same on every machine. Row groups of 250,000."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    random = np.random.default_rng(0)
    writer = None
    for start in range(0, rows, 250_000):
        numbers = random.normal(size=(min(250_000, rows - start), COLUMNS)).astype(np.float32)
        columns: dict[str, object] = {f"x{column}": numbers[:, column] for column in range(COLUMNS)}
        if target:
            noise = random.logistic(size=len(numbers))
            margin = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + 0.5 * np.sin(3 * numbers[:, 3]) + noise
            columns["target"] = (margin > 0).astype(np.int64)
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


@contextlib.contextmanager
def postgresql() -> Iterator[str | None]:
    """A server on a free port with its own settings, as installed; None where PostgreSQL is not installed."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if programs is None:
        print("PostgreSQL is not installed: its lines are left out", file=sys.stderr)
        yield None
        return
    user = "postgres" if os.geteuid() == 0 else None
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if user:
        shutil.chown(folder, user)
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    quiet: dict[str, Any] = {"cwd": folder, "user": user, "check": True, **silent}
    subprocess.run([programs / "initdb", "-D", "data", "-U", "postgres", "-A", "trust"], **quiet)
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    subprocess.run([programs / "pg_ctl", "start", "-w", "-D", "data", "-l", "log", "-o", options], **quiet)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([programs / "pg_ctl", "stop", "-w", "-D", "data", "-m", "immediate"], **quiet)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
