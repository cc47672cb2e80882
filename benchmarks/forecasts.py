"""How good a generated project's forecasts are on real series, through its own commands: train, predict.

    MLGEN_REAL_DATA=DIR python benchmarks/forecasts.py [--sets etth1,m4_hourly] [--models race,prophet,tft]

Every set gets an empty store and nothing but its path, the roles of its columns and the horizon. The last horizon of
each series is held out, as for the reference scores (DIR/REFERENCE.md, read for the lines to beat; m4_hourly has a
test file), and scored here by their definition. Writes the section Forecasts of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
import yaml

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FILES = {
    "air_passengers": "air_passengers.csv",
    "peyton_manning": "peyton_manning.csv",
    "etth1": "ETTh1.csv",
    "electricity_price": "electricity_price.csv",
    "aus_retail": "aus_retail.csv.gz",
    "m4_hourly": "train.csv.gz",
}
#: meta.yaml names the past-only covariates; the ones known ahead stand in the set's description.
KNOWN = {"electricity_price": ["Exogenous1", "Exogenous2", *(f"day_{day}" for day in range(7))]}
HEAD = (
    "| set, model | promoted | MASE on the held-out horizon | sMAPE | best reference line | AutoML in 120 s "
    "| backtest: MASE, baseline's, coverage of the 80 % band | coverage held out | one series p50, p99 ms | train s |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Held:
    """A set cut in two: what is known, what came, and the roles of its columns."""

    history: pd.DataFrame
    truth: pd.DataFrame
    keys: list[str]
    time: str
    target: str
    horizon: int
    season: int
    past: list[str]
    known: list[str]
    reference: dict[str, Any]

    def overrides(self, path: Path) -> list[str]:
        """The roles, as they are written on the command line."""
        return [
            f"data.path={path}", f"data.target={self.target}", f"data.time={self.time}",
            f"data.series=[{','.join(self.keys)}]", f"data.horizon={self.horizon}",
            f"data.past=[{','.join(self.past)}]", f"data.known_future=[{','.join(self.known)}]",
        ]  # fmt: skip


def main() -> None:
    """Run every set with every model, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(FILES))
    parser.add_argument("--models", default="race")
    parser.add_argument("--section", default="Forecasts")
    given = parser.parse_args()
    if "MLGEN_REAL_DATA" not in os.environ:
        parser.error("MLGEN_REAL_DATA must name the folder of the real data sets")
    real = Path(os.environ["MLGEN_REAL_DATA"])
    automl = peer((real / "REFERENCE.md").read_text("utf8"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "forecasts"
        run([BIN / "mlgen", "new", project, "use_case=timeseries", "ci=none"], ROOT)
        run(["make", "setup"], project)
        for name in given.sets.split(","):
            held = hold_out(real / name, FILES[name])
            for model in given.models.split(","):
                rows.append(measure(project, held, name, model, automl))
                print(rows[-1], file=sys.stderr, flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPython"
    about = f"`python benchmarks/forecasts.py` on {platform.system()} {machine} {platform.python_version()}; seed 42."
    results.write(given.section, f"{about}\n\n{HEAD}\n" + "\n".join(rows))


def hold_out(folder: Path, file: str) -> Held:
    """Read a set and cut off the last horizon of each series."""
    facts = yaml.safe_load((folder / "meta.yaml").read_text("utf8"))
    frame = pd.read_csv(folder / file)
    keys, moment, horizon = list(facts["series_id"]), facts["time_column"], int(facts["horizon"])
    order = pd.to_datetime(frame[moment]).argsort(kind="stable")
    frame = frame.iloc[order].reset_index(drop=True)
    if (folder / "test.csv.gz").exists():
        truth = pd.read_csv(folder / "test.csv.gz")
        history = frame
    else:
        truth = frame.groupby(keys).tail(horizon) if keys else frame.tail(horizon)
        history = frame.drop(index=truth.index)
    return Held(
        history, truth, keys, moment, facts["target"], horizon, int(facts["season_length"]),
        list(facts.get("past_covariates") or []), KNOWN.get(folder.name, []), facts["reference_scores"],
    )  # fmt: skip


def measure(project: Path, held: Held, name: str, model: str, automl: dict[str, float]) -> str:
    """Train and predict one set in a project without a contract or a champion; return the table's row."""
    data = project / "data" / f"{name}.csv"
    held.history.to_csv(data, index=False)
    (project / "data" / "contract.yaml").unlink(missing_ok=True)
    command, store = project / ".venv" / "bin" / "forecasts", f"bundle.store=bundles-{name}-{model}"
    start = time.perf_counter()
    run([command, "train", f"model={model}", store, *held.overrides(data)], project)
    seconds = time.perf_counter() - start
    report = json.loads((project / "reports" / "train.json").read_text("utf8"))
    future = []
    if held.known:
        held.truth.assign(**{held.target: np.nan}).to_csv(project / "data" / "future.csv", index=False)
        future = ["input=data/future.csv"]
    run([command, "predict", *future, "output=reports/forecast.csv", store], project)
    mase, smape, inside = score(held, pd.read_csv(project / "reports" / "forecast.csv"))
    entrants = {entrant["kind"]: entrant for entrant in report["entrants"]}
    promoted = next(entrant for entrant in report["entrants"] if entrant["promoted"])
    backtest, baseline = promoted["metrics"], entrants["baseline"]["metrics"]
    line = min(scores["mase"] for scores in held.reference.values())
    peer_line = "" if name not in automl else f"{automl[name]:.4f}, {verdict(mase, 1.05 * automl[name])}"
    return (
        f"| {name}, {model} | {promoted['name']} | {mase:.4f} | {smape:.2f} | {line:.4f}, {verdict(mase, line)} "
        f"| {peer_line} | {backtest['mase']:.3f}, {baseline['mase']:.3f}, {backtest['coverage']:.1%} | {inside:.1%} "
        f"| {promoted['p50_ms']:.1f}, {promoted['p99_ms']:.1f} | {seconds:.0f} |"
    )


def score(held: Held, made: pd.DataFrame) -> tuple[float, float, float]:
    """MASE and sMAPE as means over series, and the share of values in the outermost band."""
    frames = [
        frame.assign(**{held.time: pd.to_datetime(frame[held.time])}) for frame in (held.history, held.truth, made)
    ]
    history, truth, made = (frame.astype(dict.fromkeys(held.keys, str)) for frame in frames)
    both = truth.merge(made, on=[*held.keys, held.time], how="left", validate="one_to_one")
    assert both["prediction"].notna().all(), "a step that came was not forecast"
    groups = both.groupby(held.keys) if held.keys else [((), both)]
    own: dict[Any, pd.DataFrame] = dict(list(history.groupby(held.keys))) if held.keys else {(): history}
    scaled, symmetric = [], []
    for key, steps in groups:
        past = own[key][held.target].to_numpy(dtype=float)
        scale = np.nanmean(np.abs(past[held.season :] - past[: -held.season]))
        error = (steps[held.target] - steps["prediction"]).abs()
        scaled.append(error.mean() / scale)
        symmetric.append((200 * error / (steps[held.target].abs() + steps["prediction"].abs())).mean())
    inside = (both["quantile_0.1"] <= both[held.target]) & (both[held.target] <= both["quantile_0.9"])
    return float(np.mean(scaled)), float(np.mean(symmetric)), float(inside.mean())


def peer(lines: str) -> dict[str, float]:
    """The AutoML peer's MASE by set, from the reference's table."""
    return {name: float(value) for name, value in re.findall(r"^\| (\w+) \| mase \| ([\d.]+) \|", lines, re.MULTILINE)}


def verdict(value: float, bar: float) -> str:
    """Whether a figure reaches a bar that is an upper bound, in words."""
    return "reached" if value <= bar else f"**missed by {value / bar - 1:.1%}**"


def run(command: list[Any], folder: Path) -> None:
    """Run a command; its output is shown where it fails."""
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} exited with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")


if __name__ == "__main__":
    main()
