"""Explanations: what one costs a request and a table, beside the libraries' own, and what it costs where none is asked.

    MLGEN_REAL_DATA=… python benchmarks/explanations.py [--before REVISION] [--rounds 7]

Models of adult_income as they are trained by default. All is processor time of one thread, of rounds in which every
contender has its turn: the least for requests without `explain`, which are microseconds, else the median. `--before`
names the revision to whose service these requests are compared: both load the same bundle.
Writes the section `## Explanations` of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from results import write

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "template" / "vendor"
MODELS = ("lightgbm", "xgboost", "blend")
#: Rows of a table that is explained, and of one that a library explains.
TABLE = 2000


def requests(folder: str, bodies: str) -> None:
    """Print the microseconds of a request of each body, asked in turns: what a process of either revision does."""
    from mlgen_runtime.rest.served import Served
    from mlgen_runtime.rest.settings import RestSettings

    served = Served.load(Path(folder), RestSettings())
    given = [text.encode() for text in json.loads(Path(bodies).read_text("utf8"))]
    found = []
    for body in given:
        served.respond(body, "r")
        count = 3000 if b"explain" not in body and len(body) < 2000 else 20
        start = time.process_time()
        for _ in range(count):
            if getattr(served, "quick", None) is not None:
                served.quick(body)
            served.respond(body, "r")
        found.append((time.process_time() - start) / count * 1e6)
    print(json.dumps(found))


def child(vendor: Path, folder: Path, bodies: Path) -> list[float]:
    """The figures of one process."""
    command = [sys.executable, __file__, "--folder", str(folder), "--bodies", str(bodies)]
    variables = os.environ | {"PYTHONPATH": str(vendor), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found: list[float] = json.loads(subprocess.run(command, env=variables, check=True, capture_output=True).stdout)
    return found


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of one call, the median."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return statistics.median(taken)


def trained(root: Path, name: str) -> Any:
    """A project's configuration, its prepared rows and the fitted model."""
    from mlgen_runtime.core.progress import Steps
    from mlgen_runtime.training import pipeline
    from mlgen_runtime.usecase.configuration import load

    table = Path(os.environ["MLGEN_REAL_DATA"], "adult_income", "adult.csv")
    given = [f"data.path={table}", "data.target=income", f"model={name}", "split.folds=1", "gate.resamples=100"]
    return pipeline.train(load(given, root), Steps(pipeline.STEPS))


def library(model: Any, matrix: Any, rounds: int) -> float | None:
    """Seconds of the TreeSHAP of the library that grew the trees; None where there are several."""
    if len(model.scorer.members) != 1:
        return None
    trees = model.scorer.members[0][1]
    if trees.format == "lightgbm":
        return seconds(lambda: trees.booster.predict(matrix, pred_contrib=True, num_threads=1), rounds)
    from mlgen_runtime.tabular.model.xgboost import _matrix

    trees.booster.set_param({"nthread": 1})
    return seconds(lambda: trees.booster.predict(_matrix(matrix, trees.task), pred_contribs=True), rounds)


def measure(name: str, before: Path | None, rounds: int) -> dict[str, str]:
    """One line of the table."""
    from mlgen_runtime.rest.served import Served
    from mlgen_runtime.rest.settings import RestSettings
    from mlgen_runtime.tabular.explanation.shapley import Explainer

    sys.path.insert(0, str(ROOT / "tests" / "runtime"))
    from sample_projects import copied, rendered

    with tempfile.TemporaryDirectory() as place:
        root = copied(rendered("tabular"), Path(place) / "project")
        found = trained(root, name)
        candidate = next(model for model in found.models if model.kind == "candidate")
        model, folder = candidate.model, root / "bundles" / found.published.version
        matrix = model.preprocessing.frame(found.prepared.test.iloc[:TABLE])
        served = Served.load(folder, RestSettings())
        one = {"records": served.example}
        many = {"records": served.example * 100}
        bodies = Path(place) / "bodies.json"
        bodies.write_text(json.dumps([json.dumps(one), json.dumps(one), json.dumps(many)]), "utf8")
        with_explain = Path(place) / "explain.json"
        with_explain.write_text(json.dumps([json.dumps({**each, "explain": True}) for each in (one, many)]), "utf8")
        now, then, asked = [], [], []
        for _ in range(rounds):
            now.append(child(VENDOR, folder, bodies)[1])
            if before is not None:
                then.append(child(before, folder, bodies)[1])
            asked.append(child(VENDOR, folder, with_explain))
        kept = (folder / "explanation.npz").read_bytes()
        explainer = Explainer(kept)
        table = seconds(lambda: explainer.values(matrix), 3)
        theirs = library(model, matrix, 3)
        plain = min(now)
        alone, hundred = (statistics.median(each) for each in zip(*asked, strict=True))
        paths = sum(len(group.value) for groups in explainer._paths for group in groups)
        return {
            "model": f"{name}, {paths:,} leaves",
            "request without, µs": f"{plain:.0f}",
            "to the release before": f"{plain / min(then):.2f}" if then else "–",
            "with `explain`, µs": f"{alone:,.0f}",
            "each of 100 rows, µs": f"{hundred / 100:,.0f}",
            "first one, ms": f"{seconds(lambda: Explainer(kept), 3) * 1000:.0f}",
            "table, rows/s": f"{len(matrix) / table:,.0f}",
            "the library's TreeSHAP, rows/s": f"{len(matrix) / theirs:,.0f}" if theirs else "–",
            "explanation.npz / model.onnx": f"{len(kept) / (folder / 'model.onnx').stat().st_size:.2f}",
        }


def main() -> None:
    """Measure all models and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder")
    parser.add_argument("--bodies")
    asked = parser.parse_args()
    if asked.folder:
        requests(asked.folder, asked.bodies)
        return
    with tempfile.TemporaryDirectory() as place:
        before = None
        if asked.before:
            packed = subprocess.run(
                ["git", "archive", asked.before, "template/vendor"], cwd=ROOT, check=True, capture_output=True
            ).stdout
            with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
                archive.extractall(place, filter="data")
            before = Path(place) / "template" / "vendor"
        lines = [measure(name, before, asked.rounds) for name in MODELS]
    head = "| " + " | ".join(lines[0]) + " |\n|" + "---|" * len(lines[0]) + "\n"
    body = "".join("| " + " | ".join(line.values()) + " |\n" for line in lines)
    again = f"python benchmarks/explanations.py{f' --before {asked.before}' if asked.before else ''}"
    text = f"{__doc__.splitlines()[0]}\n\n{head}{body}\n" + (
        "adult_income (39,073 rows, 14 inputs), default settings, one thread, processor time. A request is "
        "what the service computes from body to answer, without the network. Run it again: "
        f"`MLGEN_REAL_DATA=… {again}`.\n"
    )
    write("Explanations", text)


if __name__ == "__main__":
    main()
