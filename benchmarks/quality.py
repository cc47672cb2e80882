"""How good a generated project's models are on real data, through its own commands: contract, train, predict.

    MLGEN_REAL_DATA=DIR python benchmarks/quality.py [--sets adult_income,penguins] [--models lightgbm,blend]

Every set gets a new contract, an empty store and nothing but `data.path`, `data.target` and the columns to drop. The
test rows are those of the reference scores (DIR/REFERENCE.md, read for the lines to beat), so the figures compare.
Parity is the largest relative difference between the ONNX bundle and the fitted model over every row of the set and a
copy of it with missing and unseen values put in (`bundle.parity=all`). Writes the section Quality of
benchmarks/RESULTS.md.
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

import results

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
#: Set to its file, its target, the columns to drop, and its main metric.
SETS: dict[str, tuple[str, str, list[str], str]] = {
    "adult_income": ("adult.csv", "income", [], "roc_auc"),
    "telco_churn": ("telco_churn.csv", "Churn", ["customerID"], "roc_auc"),
    "titanic": ("titanic.csv", "Survived", ["PassengerId", "Name", "Ticket"], "roc_auc"),
    "bike_sharing": ("bikeshare.csv", "count", ["casual", "registered"], "rmse"),
    "california_housing": ("housing.csv", "median_house_value", [], "rmse"),
    "wine_quality": ("wine_quality.csv", "quality", [], "macro_f1"),
    "penguins": ("penguins.csv", "species", [], "macro_f1"),
}
HEAD = (
    "| set, metric | model | its figure | promoted | the promoted figure | better reference line, within 0.5 % "
    "| AutoML in 120 s, within 1 % | one row p50, p99 ms | AutoML's row ms / ours | largest ONNX difference, rows "
    "| train s |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Run every set with every model, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default="lightgbm,blend")
    given = parser.parse_args()
    if "MLGEN_REAL_DATA" not in os.environ:
        parser.error("MLGEN_REAL_DATA must name the folder of the real data sets")
    real = Path(os.environ["MLGEN_REAL_DATA"])
    lines = (real / "REFERENCE.md").read_text("utf8")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "quality"
        _run([BIN / "mlgen", "new", project, "ci=none"], ROOT)
        _run(["make", "setup"], project)
        for name in given.sets.split(","):
            for model in given.models.split(","):
                rows.append(_measure(project, real, name, model, lines))
                print(rows[-1], file=sys.stderr)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, CPython"
    about = f"`python benchmarks/quality.py` on {platform.system()} {machine} {platform.python_version()}; seed 42."
    results.write("Quality", f"{about}\n\n{HEAD}\n" + "\n".join(rows))


def _measure(project: Path, real: Path, name: str, model: str, lines: str) -> str:
    """Contract, train and predict one set in a project without a contract or a champion; return the table's row."""
    file, target, drop, metric = SETS[name]
    data = [f"data.path={real / name / file}", f"data.target={target}", f"data.drop=[{','.join(drop)}]"]
    command = project / ".venv" / "bin" / "quality"
    store = f"bundle.store=bundles-{name}-{model}"
    _run([command, "contract", *data, "contract.write=true"], project)
    _run([command, "train", *data, f"model={model}", "bundle.parity=all", store], project)
    report: dict[str, Any] = json.loads((project / "reports" / "train.json").read_text("utf8"))
    _run([command, "predict", f"input={real / name / file}", "output=reports/predictions.csv", store, *data], project)
    entrants = {entrant["kind"]: entrant for entrant in report["entrants"]}
    candidate = entrants["candidate"]
    promoted = next(entrant for entrant in report["entrants"] if entrant["promoted"])
    less = metric == "rmse"
    line = _line(lines, name, metric, less)
    peer, peer_ms = _peer(lines, name)
    figure, serving = candidate["metrics"][metric], promoted["metrics"][metric]
    parity = candidate["parity"]
    return " | ".join(
        [
            f"| {name}, {metric}",
            model,
            f"{figure:.5g}",
            promoted["name"],
            f"{serving:.5g}",
            f"{line:.5g}: {_met(serving, line, 0.005, less)}",
            f"{peer:.5g}: {_met(figure, peer, 0.01, less)}" if peer and model == "blend" else "–",
            f"{candidate['p50_ms']:.2g}, {candidate['p99_ms']:.2g}",
            f"{peer_ms / candidate['p50_ms']:.0f}" if peer_ms else "–",
            f"{parity['largest']:.1g}, {parity['rows']:,} ({parity['format']})",
            f"{sum(report['seconds'].values()):.0f} |",
        ]
    )


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


def _run(command: list[Any], folder: Path) -> None:
    """Run a command, quietly unless it fails."""
    done = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
