"""The folder away from home: an environment of two packages, a wrong conversion, a full disk, real data."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated_projects import REAL, run
from service import Service

#: A conversion that is known to be wrong: features standardised inside the graph, in float32, with thresholds to match.
#: A value that equals a threshold then lands on either side of it.
WRONG = """
import sys
import numpy as np, onnx
from onnx import helper, numpy_helper
from mlgen_runtime.edge import opset
right = opset.rewrite

def wrong(path, *versions):
    model = onnx.load(path)
    [trees] = [node for node in model.graph.node if node.op_type == "TreeEnsemble"]
    held = {entry.name: entry for entry in trees.attribute}
    features = np.array(held["nodes_featureids"].ints)
    splits = numpy_helper.to_array(held["nodes_splits"].t)
    width = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    random = np.random.default_rng(0)
    mean, spread = random.uniform(1, 9, width).astype("f4"), random.uniform(1, 9, width).astype("f4")
    exact = splits.astype("f4")
    held["nodes_splits"].t.CopyFrom(
        numpy_helper.from_array(((exact - mean[features]) / spread[features]).astype(splits.dtype)))
    for name, values in (("mean", mean), ("spread", spread)):
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    first = [helper.make_node("Sub", ["features", "mean"], ["centred"]),
             helper.make_node("Div", ["centred", "spread"], ["scaled"])]
    for node in model.graph.node:
        for at, name in enumerate(node.input):
            if name == "features":
                node.input[at] = "scaled"
    nodes = [*first, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    return right(path, *versions)

opset.rewrite = wrong
from mlgen_runtime.cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def hidden(folder: Path) -> list[str]:
    """All that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_two_packages_are_enough(exported: Path, project: Path, tmp_path: Path) -> None:
    """In an environment of requirements.txt alone, the reader prints for a file the bytes that `predict` writes."""
    python = tmp_path / "venv" / "bin" / "python"
    run(tmp_path, "uv", "venv", "--quiet", "--python", project / ".venv/bin/python", "venv")
    run(tmp_path, "uv", "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r",
        exported / "requirements.txt")  # fmt: skip
    data = project / "data" / "sample.csv"
    run(project, ".venv/bin/churn", "predict", f"input={data}", f"output={tmp_path}/predictions.csv")

    printed = subprocess.run(
        [python, exported / "reader.py", data], cwd=tmp_path, capture_output=True, check=True
    ).stdout

    assert printed == (tmp_path / "predictions.csv").read_bytes()


def test_a_wrong_conversion_is_refused(project: Path, tmp_path: Path) -> None:
    """Scaling and trees in one float32 graph, which is valid and silently wrong: one line, exit 2, nothing written."""
    run(project, ".venv/bin/churn", "train", "model=xgboost", "+experiment=quick", "model.learning_rate=0.3",
        "gate.baseline=ahead", "gate.margin=-1", f"bundle.store={tmp_path}/store")  # fmt: skip

    said = run(project, ".venv/bin/python", "-c", WRONG, "export", f"bundle.store={tmp_path}/store",
               f"edge.output={tmp_path}/out/folder", code=2)  # fmt: skip

    assert "does not say what the predictor says: the largest difference over" in said
    assert len(said.splitlines()) == 1
    assert hidden(tmp_path / "out") == []
    assert "largest difference" in run(
        project, ".venv/bin/churn", "export", f"bundle.store={tmp_path}/store", f"edge.output={tmp_path}/out/folder"
    )


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 kB; skips where it cannot be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if done.returncode:
        pytest.skip("this user may mount no disk")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(project: Path, small: Path) -> None:
    """One line with what to do, exit 2, and the disk as empty as before."""
    said = run(project, ".venv/bin/churn", "export", f"edge.output={small}/folder", code=2)

    assert "No space left on device" in said
    assert len(said.splitlines()) == 1
    assert hidden(small) == []


@pytest.fixture(scope="module")
def seconds(exported: Path, project: Path) -> float:
    """How long an export takes here."""
    start = time.perf_counter()
    run(project, ".venv/bin/churn", "export")
    return time.perf_counter() - start


@pytest.mark.parametrize("share", [0.6, 0.7, 0.8, 0.9])
def test_a_kill_leaves_the_earlier_export(exported: Path, project: Path, seconds: float, share: float) -> None:
    """Killed at any moment, there is the earlier folder or the new one, whole; the next export clears away the rest."""
    command = [project / ".venv/bin/churn", "export"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=share * seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

    verify = "import sys, pathlib; from mlgen_runtime.bundle.format import verify; verify(pathlib.Path(sys.argv[1]))"
    run(project, ".venv/bin/python", "-c", verify, exported)
    run(project, *command)
    assert hidden(exported.parent) == [exported.name]


#: Real sets: the file, and what is said of it.
TABLES = {
    "adult_income": ("adult.csv", ["data.target=income"]),
    "bike_sharing": ("bikeshare.csv", ["data.target=count", "data.drop=[casual,registered]"]),
}
SERIES = {
    "etth1": ("ETTh1.csv", ["data.target=OT", "data.time=date", "data.series=[]", "data.horizon=96",
                            "data.past=[HUFL,HULL,MUFL,MULL,LUFL,LULL]", "model=lightgbm"]),
    "m4_hourly": ("train.csv.gz", ["data.target=y", "data.time=ds", "data.series=[unique_id]", "data.horizon=48",
                                   "model=ets"]),
}  # fmt: skip
QUICK = ["split.windows=1", "gate.resamples=100", "gate.baseline=ahead", "gate.margin=-9"]


def trained(project: Path, folder: Path, name: str, file: str, said: list[str]) -> list[str]:
    """Train on a real set and export it to `folder`/out; return the settings."""
    own = [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"bundle.store={folder}/store"]
    settings = [f"data.path={Path(str(REAL)) / name / file}", f"contract.path={folder}/contract.yaml", *own, *said]
    run(project, ".venv/bin/churn", "train", *settings)
    run(project, ".venv/bin/churn", "export", *settings, f"edge.output={folder}/out")
    return settings


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize("name", TABLES)
def test_real_tables_get_the_same_answers(name: str, project: Path, tmp_path: Path) -> None:
    """Every row of the file: the reader prints what `predict` writes, byte for byte, and the service says no other."""
    file, said = TABLES[name]
    data = Path(str(REAL)) / name / file
    settings = trained(project, tmp_path, name, file, [*said, "+experiment=quick", "gate.baseline=ahead"])
    run(project, ".venv/bin/churn", "predict", *settings, f"input={data}", f"output={tmp_path}/predictions.csv")

    command = [project / ".venv/bin/python", "-I", tmp_path / "out" / "reader.py", data]
    printed = subprocess.run(command, capture_output=True, check=True).stdout

    assert printed == (tmp_path / "predictions.csv").read_bytes()
    answers, records = asked(project, tmp_path, 2000)
    service = Service(project / ".venv/bin/python", tmp_path / "store", tmp_path)
    try:
        told = service.predict(*records)
    finally:
        service.stop()
    assert told["predictions"] == [answer["prediction"] for answer in answers]
    for answer, shares in zip(answers, told.get("probabilities", []), strict=False):
        assert {f"probability_{label}": share for label, share in shares.items()}.items() <= answer.items()
    for answer, ends in zip(answers, told.get("intervals", []), strict=False):
        assert (answer["prediction_low"], answer["prediction_high"]) == (ends["low"], ends["high"])


def asked(project: Path, folder: Path, count: int) -> tuple[list[Any], list[Any]]:
    """Rows of the set as JSON, and what the exported reader answers to them."""
    script = f"""
import json, sys
from pathlib import Path
from mlgen_runtime.usecase import loading, registry
from mlgen_runtime.usecase.configuration import load
place = sorted(path for path in Path({str(folder / "store")!r}).iterdir() if path.name.isdigit())[-1]
model = loading.load(place)
portable = registry.find(model.use_case).portable
rows = portable.questions(model, load([], Path()), {count})[1].rows
sys.path.insert(0, {str(folder / "out")!r})
from reader import Model
print(json.dumps([Model({str(folder / "out")!r}).predict(rows), list(rows)]))
"""
    found: tuple[list[Any], list[Any]] = json.loads(run(project, ".venv/bin/python", "-c", script).splitlines()[-1])
    return found


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize("name", SERIES)
def test_real_series_get_the_same_forecasts(name: str, installed: Callable[..., Path], tmp_path: Path) -> None:
    """Every series, every step: the reader prints the numbers that `predict` writes, and the service says no other."""
    project = installed("timeseries")
    file, said = SERIES[name]
    settings = trained(project, tmp_path, name, file, [*said, *QUICK])
    run(project, ".venv/bin/churn", "predict", *settings, f"output={tmp_path}/predictions.csv")

    command = [project / ".venv/bin/python", "-I", tmp_path / "out" / "reader.py"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    printed = subprocess.run(command, capture_output=True, check=True, text=True, env=environment).stdout

    written = (tmp_path / "predictions.csv").read_text("utf8").splitlines()
    assert [line.replace("T", " ") for line in printed.splitlines()[1:]] == [
        line.replace("T", " ") for line in written[1:]
    ]
    assert printed.splitlines()[0] == written[0]
    rows = json.loads((tmp_path / "out" / "example.json").read_text("utf8"))
    service = Service(project / ".venv/bin/python", tmp_path / "store", tmp_path)
    try:
        told = service.predict(*rows)["predictions"]
    finally:
        service.stop()
    script = "import json, reader; print(json.dumps(reader.Model().predict(json.load(open('example.json')))))"
    assert json.loads(run(tmp_path / "out", project / ".venv/bin/python", "-c", script)) == told
