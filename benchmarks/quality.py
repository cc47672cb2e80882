"""How good a generated project's models are on real data, through its own commands: contract, train, predict.

    MLGEN_REAL_DATA=DIR python benchmarks/quality.py [--sets adult_income,penguins] [--models auto] [--folds-only]

Every set gets a project without a contract or a champion, and nothing but `data.path` and `data.target`. It learns from
the training part alone: the test rows of the reference scores (DIR/REFERENCE.md, read for the lines to beat) lie in
another file, which the promoted model predicts once, at the end. `--folds-only` leaves them alone, to choose settings:
only what the folds say is printed, and nothing is written. Writes the section Quality of benchmarks/RESULTS.md.
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
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results
from layout import VERBS, environment
from sklearn import metrics as skmetrics
from sklearn.model_selection import train_test_split

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Set to its file, its target, the columns that leak (they add up to the target), and its main metric.
SETS: dict[str, tuple[str, str, list[str], str]] = {
    "adult_income": ("adult.csv", "income", [], "roc_auc"),
    "telco_churn": ("telco_churn.csv", "Churn", [], "roc_auc"),
    "titanic": ("titanic.csv", "Survived", [], "roc_auc"),
    "bike_sharing": ("bikeshare.csv", "count", ["casual", "registered"], "rmse"),
    "california_housing": ("housing.csv", "median_house_value", [], "rmse"),
    "wine_quality": ("wine_quality.csv", "quality", [], "macro_f1"),
    "penguins": ("penguins.csv", "species", [], "macro_f1"),
}
HEAD = (
    "| set, metric | promoted | by the folds | on the reference test rows | better reference line, within 0.5 % "
    "| AutoML in 120 s, within 1 % | one row p50, p99 ms | a twentieth of AutoML's row | outcomes in the 90 % interval "
    "| largest ONNX difference, rows | train s |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run every set with every model, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default="auto")
    parser.add_argument("--folds-only", action="store_true")
    given = parser.parse_args()
    if "MLGEN_REAL_DATA" not in os.environ:
        parser.error("MLGEN_REAL_DATA must name the folder of the real data sets")
    real = Path(os.environ["MLGEN_REAL_DATA"])
    lines = (real / "REFERENCE.md").read_text("utf8")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "quality"
        _run([BIN / "mlgen", "new", project, "ci=none"], ROOT)
        for name in given.sets.split(","):
            for model in given.models.split(","):
                report = _trained(project, real, name, model)
                if given.folds_only:
                    print(name, model, report["decision"], *report["notes"], sep="\n  ")
                else:
                    rows.append(_row(project, name, model, report, lines))
                    print(rows[-1], file=sys.stderr)
    if given.folds_only:
        return
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPython"
    about = f"`python benchmarks/quality.py` on {platform.system()} {machine} {platform.python_version()}; seed 42."
    results.write("Quality", f"{about}\n\n{HEAD}\n" + "\n".join(rows))


def _trained(project: Path, real: Path, name: str, model: str) -> dict[str, Any]:
    """Contract and train on the training part of a set; the report of the training."""
    file, target, leaks, _ = SETS[name]
    raw = pd.read_csv(real / name / file, dtype=str, keep_default_na=False).drop(columns=leaks)
    classes = None if target in ("count", "median_house_value") else raw[target]
    train, test = train_test_split(np.arange(len(raw)), test_size=0.2, random_state=42, stratify=classes)
    for part, rows in (("train", train), ("test", test)):
        raw.iloc[rows].to_csv(project / "data" / f"{name}_{part}.csv", index=False)
    data = [f"data.path=data/{name}_train.csv", f"data.target={target}"]
    _verb(project, "contract", *data, "contract.write=true")
    _verb(project, "train", *data, f"model={model}", "bundle.parity=all", f"bundle.store=bundles-{name}-{model}")
    report: dict[str, Any] = json.loads((project / "reports" / "train.json").read_text("utf8"))
    return report


def _row(project: Path, name: str, model: str, report: dict[str, Any], lines: str) -> str:
    """Predict the test rows with the promoted model; the table's row."""
    _, target, _, metric = SETS[name]
    answers = project / "reports" / "predictions.csv"
    test = f"data/{name}_test.csv"
    _verb(project, "predict", f"input={test}", f"output={answers}", f"bundle.store=bundles-{name}-{model}")
    truth, found = pd.read_csv(project / test)[target], pd.read_csv(answers)
    promoted = next(entrant for entrant in report["entrants"] if entrant["promoted"])
    less = metric == "rmse"
    figure, covered = _scored(metric, truth, found), "–"
    if less:
        inside = (found["prediction_low"] <= truth) & (truth <= found["prediction_high"])
        covered = f"{inside.mean():.1%}"
    line = _line(lines, name, metric, less)
    peer, peer_ms = _peer(lines, name)
    parity = promoted["parity"]
    return " | ".join(
        [
            f"| {name}, {metric}",
            promoted["name"],
            f"{promoted['metrics'][metric]:.5g}",
            f"{figure:.5g}",
            f"{line:.5g}: {_met(figure, line, 0.005, less)}",
            f"{peer:.5g}: {_met(figure, peer, 0.01, less)}" if peer else "–",
            f"{promoted['p50_ms']:.2g}, {promoted['p99_ms']:.2g}",
            f"{peer_ms / 20:.2g}: {'reached' if promoted['p50_ms'] <= peer_ms / 20 else '**missed**'}"
            if peer_ms
            else "–",
            covered,
            f"{parity['largest']:.1g}, {parity['rows']:,} ({parity['format']})",
            f"{sum(report['seconds'].values()):.0f} |",
        ]
    )


def _scored(metric: str, truth: Any, found: Any) -> float:
    """scikit-learn's figure of predictions as they stand in the file."""
    if metric == "rmse":
        return float(skmetrics.root_mean_squared_error(truth, found["prediction"]))
    if metric == "macro_f1":
        return float(skmetrics.f1_score(truth.astype(str), found["prediction"].astype(str), average="macro"))
    positive = [column for column in found if column.startswith("probability_")][-1]
    return float(skmetrics.roc_auc_score(truth.astype(str) == positive.removeprefix("probability_"), found[positive]))


def _met(value: float, goal: float, slack: float, less: bool) -> str:
    reached = value <= goal * (1 + slack) if less else value >= goal * (1 - slack)
    return "reached" if reached else "**missed**"


def _line(text: str, name: str, metric: str, less: bool) -> float:
    """The better of the reference's linear and lightgbm lines."""
    header = next(line for line in text.splitlines() if line.startswith("| set | task | model | roc_auc"))
    column = [cell.strip() for cell in header.split("|")].index(metric)
    found = [
        float(line.split("|")[column])
        for line in text.splitlines()
        if re.match(rf"\| {name} \| \w+ \| (linear|lightgbm) \|", line)
    ]
    return min(found) if less else max(found)


def _peer(text: str, name: str) -> tuple[float | None, float | None]:
    """The AutoML peer's figure and its milliseconds for one row, where it has run on the set."""
    table = text[text.index("## AutoML peer") :]
    row = next((line.split("|") for line in table.splitlines() if line.startswith(f"| {name} |")), None)
    return (float(row[3]), float(row[6])) if row else (None, None)


def _verb(project: Path, *words: Any) -> None:
    """Run a verb of the project with this checkout's environment, quietly unless it fails."""
    _run([sys.executable, "-m", VERBS, *words], project)


def _run(command: list[Any], folder: Path) -> None:
    """Run a command, quietly unless it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
