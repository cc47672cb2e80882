"""How long `predict` takes for many series, and how much memory, with the boosting model.

    python benchmarks/forecast_bulk.py [--series 1000,10000]

Hourly series of 500 steps with a daily season, made by a seeded script; the boosting model is trained on them and
promoted, then `predict output=…` forecasts 48 steps of each, in a process of its own. Writes the section Bulk forecasts
of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import results

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STEPS, HORIZON = 500, 48


def main() -> None:
    """Train on so many series, predict all of them, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="1000,10000")
    given = parser.parse_args()
    rows, seconds = [], {}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "bulk"
        _run([BIN / "mlgen", "new", project, "use_case=timeseries", "ci=none"], ROOT)
        _run(["make", "setup"], project)
        for count in map(int, given.series.split(",")):
            make(count).to_parquet(project / "data" / "many.parquet", index=False)
            (project / "data" / "contract.yaml").unlink(missing_ok=True)
            command, store = project / ".venv" / "bin" / "bulk", f"bundle.store=bundles-{count}"
            roles = ["data.path=data/many.parquet", "data.target=y", "data.time=ds", "data.series=[id]"]
            fitted = ["model=lightgbm", "split.windows=3", "gate.resamples=200", f"data.horizon={HORIZON}", store]
            _run([command, "train", *roles, *fitted], project)
            start = time.perf_counter()
            peak = _run([command, "predict", "output=reports/forecast.parquet", store], project)
            seconds[count] = time.perf_counter() - start
            made = len(pd.read_parquet(project / "reports" / "forecast.parquet"))
            assert made == count * HORIZON
            rows.append(
                f"| {count:,} x {HORIZON} | {seconds[count]:.1f} | {made / seconds[count]:,.0f} | {peak:,.0f} |"
            )
            print(rows[-1], file=sys.stderr, flush=True)
    head = "| series x steps | seconds, start of Python included | forecasts/s | peak MB |\n|---|---|---|---|\n"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPython"
    about = f"`python benchmarks/forecast_bulk.py` on {platform.system()} {machine} {platform.python_version()}."
    counts = sorted(seconds)
    growth = f"{counts[-1] / counts[0]:g} x the series take {seconds[counts[-1]] / seconds[counts[0]]:.1f} x the time."
    goal = "Goal for 10,000 x 48: at most 60 s and 2,000 MB, growing no faster than the number of series."
    results.write("Bulk forecasts", f"{about}\n\n{head}" + "\n".join(rows) + f"\n\n{growth} {goal}")


def make(count: int) -> pd.DataFrame:
    """So many hourly series with a daily season, a level and noise of their own."""
    random = np.random.default_rng(42)
    hours = np.arange(STEPS)
    level = random.lognormal(3, 1, size=(count, 1))
    season = 1 + 0.4 * np.sin((hours + random.integers(0, 24, size=(count, 1))) / 24 * 2 * np.pi)
    values = level * season * (1 + 0.1 * random.normal(size=(count, STEPS)))
    moments = pd.date_range("2026-01-01", periods=STEPS, freq="h")
    ids = np.repeat([f"s{number:05d}" for number in range(count)], STEPS)
    return pd.DataFrame({"id": ids, "ds": np.tile(moments, count), "y": values.ravel()})


def _run(command: list[object], folder: Path) -> float:
    """Run a command and return its own peak memory in MB; its output is shown where it fails."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([str(part) for part in command], cwd=folder, stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{command[0]} exited with {process.returncode}: {said.read()[-2000:]}")
    return used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
