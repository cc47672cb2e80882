"""Edge: one row, the start of a process, the size of the runtime, and parity of exported folders.

    python benchmarks/edge.py [--rounds 30]

Three models of the template's defaults: LightGBM and XGBoost on 30 numeric columns, LightGBM on 6 numeric and 6 text
columns. Each is asked for one row beside what one would use otherwise: 300 calls of one, 300 of the other, and so on,
in one process with one thread. A figure is the median of the rounds' medians; a ratio is taken within a round, so that
a busy moment of the machine hits both sides. Needs uv. Writes the section `## Edge` of benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from edge_figures import Pair, section
from layout import VERBS, environment
from rest import COLUMNS, registered, save_native, table
from results import write

ROOT = Path(__file__).resolve().parents[1]
CALLS = 300  # of one side at a time
BARE = """
import sys, time
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
session.run(["scores"], {"features": numpy.array([[float(cell) for cell in sys.argv[2].split(",")]], numpy.float32)})
print(time.time())
"""
OURS = """
import sys, time, json
sys.path.insert(0, sys.argv[1])
from reader import Model
Model().predict([json.loads(sys.argv[2])])
print(time.time())
"""


def main() -> None:
    """Run everything and write the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        project = generate(folder)
        boosted = exported(project, folder, "lightgbm", numeric(folder))
        extreme = exported(project, folder, "xgboost", numeric(folder))
        booster = native(project, folder)
        mixed = exported(project, folder, "lightgbm", texts(folder), "mixed")
        row = dict(zip(COLUMNS, table(1, seed=1)[0].round(6)[0].tolist(), strict=True))
        plain, trees = "LightGBM, 30 numbers: ", "XGBoost, 30 numbers: "
        pairs: dict[str, tuple[Pair, str, float]] = {
            f"{plain}bare onnxruntime": (against_bare(boosted, row, options.rounds), "at least 1/1.2", 1 / 1.2),
            f"{trees}bare onnxruntime": (against_bare(extreme, row, options.rounds), "at least 1/1.2", 1 / 1.2),
            f"{trees}inplace_predict": (against_booster(extreme, booster, row, options.rounds), "at least 15", 15),
            "LightGBM, 12 mixed columns: a scikit-learn pipeline": (
                against_pipeline(mixed, folder / "mixed.csv", options.rounds),
                "at least 100",
                100,
            ),
        }
        runtime, ours, bare = started(boosted, row, folder)
        parities = {
            place.name: json.loads((place / "parity.json").read_text("utf8")) for place in (boosted, extreme, mixed)
        }
    write("Edge", section(pairs, runtime, ours, bare, parities, options.rounds))


def generate(folder: Path) -> Path:
    """A new project that exports."""
    import copier

    project = folder / "bench"
    answers = {"project_name": "bench", "deployment": ["edge"]}
    copier.run_copy(str(ROOT), str(project), data=answers, defaults=True, quiet=True, vcs_ref="HEAD")
    return project


def numeric(folder: Path) -> Path:
    """30 numeric columns and a label, as a CSV file."""
    path = folder / "numeric.csv"
    if not path.exists():
        matrix, labels = table(20_000, seed=0)
        header = ",".join([*COLUMNS, "label"])
        np.savetxt(
            path, np.column_stack([matrix, labels]), ",".join(["%.6f"] * 30 + ["%d"]), header=header, comments=""
        )
    return path


def texts(folder: Path) -> Path:
    """Six numeric columns with gaps, six of text, and a label."""
    import pandas as pd

    random = np.random.default_rng(0)
    numbers = {f"n{at}": np.where(random.random(20_000) < 0.1, np.nan, random.normal(size=20_000)) for at in range(6)}
    words = {f"w{at}": random.choice([f"word{level}" for level in range(3 + 4 * at)], 20_000) for at in range(6)}
    frame = pd.DataFrame({**numbers, **words})
    score = frame["n0"].fillna(0) + (frame["w2"] == "word1") - (frame["w5"] == "word2") + random.normal(size=20_000)
    frame["label"] = np.where(score > 0, "yes", "no")
    path = folder / "mixed.csv"
    frame.round(6).to_csv(path, index=False)
    return path


def exported(project: Path, folder: Path, model: str, data: Path, name: str = "") -> Path:
    """Train a model with the defaults, and export it."""
    place = folder / (name or model)
    common = [f"data.path={data}", "data.target=label"]
    for command in (
        ["contract", *common, "contract.write=true"],
        ["train", *common, f"model={model}", "gate.baseline=ahead"],
        ["promote"],
        ["export", *common, f"edge.output={place}"],
    ):
        run = [sys.executable, "-m", VERBS, *command]
        subprocess.run(run, cwd=project, env=environment(project), check=True, stdout=subprocess.DEVNULL)
    return place


def native(project: Path, folder: Path) -> Any:
    """The champion as XGBoost's own booster."""
    import xgboost

    tracking = f"sqlite:///{project / 'mlflow.db'}"
    path = folder / "native.ubj"
    save_native(tracking, registered(tracking), path)
    booster = xgboost.Booster()
    booster.load_model(path)
    booster.set_param({"nthread": 1})
    return booster


def reader(place: Path) -> Any:
    """The model of an exported folder, by its own reader."""
    specification = importlib.util.spec_from_file_location(f"reader_of_{place.name}", place / "reader.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module.Model(place)


def timed(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, calls: int = CALLS) -> Pair:
    """Call one, then the other, some times each in every round, and take the medians."""
    pair = Pair([], [])
    for _ in range(rounds):
        for medians, call in ((pair.ours, ours), (pair.theirs, theirs)):
            taken = []
            for _ in range(calls):
                begun = time.perf_counter_ns()
                call()
                taken.append(time.perf_counter_ns() - begun)
            medians.append(statistics.median(taken) / 1e3)
    return pair


def against_bare(place: Path, row: dict[str, float], rounds: int) -> Pair:
    """The reader beside a session of the same graph that is given a finished array, with one thread as well."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(place / "model.onnx", options, providers=["CPUExecutionProvider"])
    model, rows = reader(place), [row]
    features = np.array([list(row.values())], dtype=np.float32)
    return timed(lambda: model.predict(rows), lambda: session.run(["scores"], {"features": features}), rounds)


def against_booster(place: Path, booster: Any, row: dict[str, float], rounds: int) -> Pair:
    """The reader beside XGBoost's quickest way to predict one row, which is given a finished array."""
    model, rows = reader(place), [row]
    features = np.array([list(row.values())], dtype=np.float32)
    found, expected = model.predict(rows)[0]["probability_1"], float(booster.inplace_predict(features)[0])
    assert abs(found - expected) <= 1e-5, (found, expected)
    return timed(lambda: model.predict(rows), lambda: booster.inplace_predict(features), rounds)


def against_pipeline(place: Path, data: Path, rounds: int) -> Pair:
    """The reader beside a pipeline of scikit-learn with the same model, which is given a row as a DataFrame."""
    import lightgbm
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = pd.read_csv(data)
    inputs = frame.drop(columns="label")
    numbers = [name for name in map(str, inputs) if name.startswith("n")]
    words = [name for name in map(str, inputs) if name.startswith("w")]
    columns = ColumnTransformer(
        [("numbers", SimpleImputer(), numbers), ("words", OneHotEncoder(handle_unknown="ignore"), words)]
    )
    trees = lightgbm.LGBMClassifier(n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1)
    pipeline = Pipeline([("columns", columns), ("trees", trees)]).fit(inputs, frame["label"])
    row = {name: None if cell != cell else cell for name, cell in inputs.iloc[0].to_dict().items()}
    model, rows = reader(place), [row]
    return timed(lambda: model.predict(rows), lambda: pipeline.predict_proba(pd.DataFrame(rows)), min(rounds, 10), 30)


def started(place: Path, row: dict[str, float], folder: Path) -> tuple[dict[str, float], float, float]:
    """MB of the runtime in an environment of its own, and seconds from a process's start to its first answer there."""
    own = folder / "runtime"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, own], check=True)
    python = own / "bin" / "python"
    install: list[str | Path] = [
        "uv",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--python",
        python,
        "-r",
        place / "requirements.txt",
    ]
    subprocess.run(install, check=True)
    packages = next((own / "lib").glob("python*")) / "site-packages"
    sizes = {name: size(packages, name) for name in ("numpy", "numpy.libs", "onnxruntime")}
    cells = ",".join(str(cell) for cell in row.values())
    ours, bare = [], []
    for _ in range(21):  # the first of each compiles what it imports
        ours.append(first(python, OURS, str(place), json.dumps(row)))
        bare.append(first(python, BARE, str(place / "model.onnx"), cells))
    return sizes, statistics.median(ours[1:]), statistics.median(bare[1:])


def size(packages: Path, name: str) -> float:
    """MB of a package as it was installed."""
    return sum(path.stat().st_size for path in (packages / name).rglob("*") if path.is_file()) / 1e6


def first(python: Path, script: str, *arguments: str) -> float:
    """Seconds from the start of a process to its first answer."""
    begun = time.time()
    done = subprocess.run([python, "-I", "-c", script, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout) - begun


if __name__ == "__main__":
    main()
