"""What `train` adds to a process that only fits: 200,000 rows x 30 columns, the same LightGBM fit in both.

    python benchmarks/train_overhead.py                       # generates a project with this checkout's mlgen
    python benchmarks/train_overhead.py --project PATH        # or measures an existing one

Four commands take turns, round after round, so that a busy machine slows all of them:

- bare: read the Parquet file, split, encode nothing, fit with early stopping; no score, no file, no MLflow;
- autolog: the same under `mlflow.lightgbm.autolog()`, the usual way of tracking;
- train: the project's verb, from the contract's checks to the published bundle, the registry and the pictures; it fits
  twice, the second time to all rows;
- train, one fit: the same with `train.refit=false`, whose fit is of equal work: the same parameters, rows, number of
  trees and threads.

The first round starts with a new MLflow database (its migrations take seconds) and without a contract; it is shown on
its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results
from layout import VERBS, environment

ROOT = Path(__file__).resolve().parent.parent
#: GOAL is of the seconds of `autolog`.
TREES, ROWS, COLUMNS, GOAL = 200, 200_000, 30, 0.65

BARE = """
import json, sys, os
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import lightgbm, numpy as np, pandas as pd
from sklearn.model_selection import train_test_split
path, trees, threads, tracked = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
if tracked == "autolog":
    import mlflow
    mlflow.set_tracking_uri("sqlite:///" + sys.argv[5])
    mlflow.lightgbm.autolog()
frame = pd.read_parquet(path)
target = frame.pop("target").to_numpy()
rows = frame.to_numpy(dtype=np.float32)
train, test = train_test_split(np.arange(len(rows)), test_size=0.2, random_state=42, stratify=target)
learn, held = train_test_split(train, test_size=0.15, random_state=42, stratify=target[train])
data = lightgbm.Dataset(rows[learn], target[learn])
lightgbm.train(
    dict(objective="binary", learning_rate=0.05, num_leaves=31, min_data_in_leaf=20, bagging_fraction=0.8,
         bagging_freq=1, feature_fraction=0.8, deterministic=True, force_col_wise=True,
         num_threads=threads, verbosity=-1, seed=42),
    data, trees, valid_sets=[lightgbm.Dataset(rows[held], target[held], reference=data)],
    callbacks=[lightgbm.early_stopping(10_000, verbose=False)],
)
"""


def main() -> None:
    """Measure, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, help="a generated project; without it one is generated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = measure(Path(folder), given)
    results.write("What training adds to a bare fit", text)


def measure(folder: Path, given: argparse.Namespace) -> str:
    """Return the table."""
    project = folder / "project"
    if given.project is None:
        subprocess.run([sys.executable, "-m", "mlgen", "new", str(project), "project_name=overhead"], check=True)
    else:
        project.mkdir()
        for part in ("conf", "src", "vendor"):
            shutil.copytree(given.project / part, project / part)
    rows = folder / "rows.parquet"
    write_rows(rows)
    variables = environment(project, MLFLOW_DISABLE_TELEMETRY="true")
    variables.pop("MLFLOW_TRACKING_URI", None)
    script = folder / "bare.py"
    script.write_text(BARE, "utf8")
    bare = [sys.executable, str(script), str(rows), str(TREES), str(given.threads)]
    train = [
        *(sys.executable, "-m", VERBS, "train", f"data.path={rows}", "data.target=target"),
        *(
            "model=lightgbm",
            f"model.n_estimators={TREES}",
            "train.early_stopping_rounds=10000",
            f"train.threads={given.threads}",
        ),
    ]
    commands = {
        "bare": [*bare, "none"],
        "autolog": [*bare, "autolog", str(folder / "autolog.db")],
        "train": train,
        "train, one fit": [*train, "train.refit=false"],
    }
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(given.rounds + 1):
        for name, command in commands.items():
            costs[name].append(cost(command, project, variables))
    report = json.loads((project / "reports" / "train.json").read_text("utf8"))
    return table(costs, given, report["seconds"])


def write_rows(path: Path) -> None:
    """A learnable binary target among 30 numbers; the same on every machine."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, COLUMNS))
    margin = rows[:, 0] + rows[:, 1] * rows[:, 2] + 0.5 * np.sin(3 * rows[:, 3]) + random.logistic(size=ROWS)
    frame = pd.DataFrame(rows, columns=[f"x{column}" for column in range(COLUMNS)])
    frame["target"] = np.where(margin > 0, 1, 0)
    frame.to_parquet(path, index=False)


def cost(command: list[str], folder: Path, variables: dict[str, str], code: int = 0) -> tuple[float, float]:
    """Seconds elapsed, and of the processor with all children, of one command that ends with `code`."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    elapsed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(costs: dict[str, list[tuple[float, float]]], given: argparse.Namespace, steps: dict[str, float]) -> str:
    """The measurements as Markdown."""
    lines = [
        f"`python benchmarks/train_overhead.py`: {ROWS:,} rows x {COLUMNS} columns, {TREES} trees, "
        f"{given.threads} threads; "
        f"medians of {given.rounds} rounds in turn. {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}.",
        "",
        "| command | seconds | of autolog's | first run: seconds | processor seconds | of autolog's | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in costs.items():
        seconds, busy = (statistics.median(each) for each in zip(*found[1:], strict=True))
        of_seconds, of_busy = (
            statistics.median(mine[at] / other[at] for mine, other in zip(found[1:], costs["autolog"][1:], strict=True))
            for at in (0, 1)
        )
        goal = f"≤ {GOAL:g}" if name.startswith("train") else ""
        lines.append(
            f"| {name} | {seconds:.1f} | {of_seconds:.2f} | {found[0][0]:.1f} | {busy:.1f} | {of_busy:.2f} | {goal} |"
        )
    taken = ", ".join(f"{name} {seconds:.1f}" for name, seconds in steps.items())
    return "\n".join([*lines, "", f"Steps of the last `train, one fit`, in seconds: {taken}."])


if __name__ == "__main__":
    main()
