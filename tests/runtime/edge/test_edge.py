"""Exporting: the folder is whole and predicts on its own; what is wrong or impossible leaves nothing behind."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli import export
from mlgen_runtime.config.run import RunConfig
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.edge import eight_bit, opset, trial
from mlgen_runtime.edge import export as writing
from mlgen_runtime.onnx.forest import constant, join, tree
from mlgen_runtime.onnx.graph import Graph
from mlgen_runtime.onnx.session import session
from mlgen_runtime.usecase import registry
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.export_package import ParityCase, difference

trial.SECONDS, trial.STARTS = 0.01, 1  # what is measured is not looked at here
OUTPUT = "exports/churn"
#: This module runs in each use case.
EACH_USE_CASE = True
#: Where the folder goes is the same in each, and forecasts take longer to export.
once = pytest.mark.only_in("tabular")
EXAMPLE = "import json, reader; print(json.dumps(reader.Model().predict(json.load(open('example.json')))))"


@pytest.fixture(scope="module")
def exported(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the trained model, made once for all tests. Not to be changed by a test."""
    folder = tmp_path_factory.mktemp("edge") / "folder"
    export.run(load([f"edge.output={folder}"], trained_once))
    return folder


def left(project: Path) -> list[str]:
    """What an export left in its project, hidden folders included."""
    return sorted(path.name for path in (project / "exports").glob("*"))


def test_the_folder_is_whole_and_says_what_the_predictor_says(exported: Path) -> None:
    """The manifest covers every file; over a thousand rows, missing and unseen values among them, were compared."""
    bundle.verify(exported)
    report = json.loads((exported / "parity.json").read_text("utf8"))

    assert report["parity"]["answers"] >= 1000
    assert report["parity"]["spoilt_rows"] > 0
    assert report["parity"]["source"] == "data/sample.csv"
    assert report["parity"]["answers_equal"] == report["parity"]["answers"]
    assert report["speed"]["cold_start_s"] > 0
    assert {"README.md", "requirements.txt", "contract.json", "reader.py"} <= {path.name for path in exported.iterdir()}


def test_the_folder_needs_nothing_of_this_repository(exported: Path, trained_once: Path) -> None:
    """Its reader imports numpy, onnxruntime and what lies beside it, and answers the example as the predictor does."""
    from mlgen_runtime.usecase.loading import load_champion

    command = [sys.executable, "-c", f"import sys; {EXAMPLE}; print(sorted(sys.modules), file=sys.stderr)"]
    done = subprocess.run(command, cwd=exported, capture_output=True, text=True, check=True)

    model = load_champion(load([], trained_once))
    question = ParityCase(json.loads((exported / "example.json").read_text("utf8")), "example")
    assert json.loads(done.stdout) == registry.find(model.use_case).portable.answers(model, question)
    assert not {f"'{name}'" for name in ("mlgen_runtime", "pandas", "sklearn", "mlflow", "lightgbm", "onnx")} & set(
        done.stderr.strip("[]\n").split(", ")
    )


def test_the_verb_reports_what_was_measured(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Table and report name the rows, the difference, the size and both times; the default place is exports/."""
    report = export.run(load([], trained)).summary

    assert report["output"] == OUTPUT
    assert {"parity", "speed", "size_mb", "graphs"} <= report.keys()
    said = capsys.readouterr().out
    assert "largest difference" in said
    assert "answers are equal to the last digit" in said
    assert left(trained) == [Path(OUTPUT).name]


@once
def test_a_refusal_after_the_first_step_prints_nothing_else(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Outside of a terminal the steps that went well are not told: the error is the one line."""
    with pytest.raises(InputError, match="int8 is refused"):
        export.run(load(["edge.quantize=int8"], trained))

    assert capsys.readouterr().out == ""


@once
def test_an_earlier_export_is_replaced_and_what_npm_put_there_stays(trained: Path) -> None:
    """A second export takes the place of the first, whole; node_modules moves on with it."""
    config = load([], trained)
    export.run(config)
    (trained / OUTPUT / "node_modules").mkdir()
    (trained / OUTPUT / "reader.py").write_text("changed", "utf8")

    export.run(config)

    assert (trained / OUTPUT / "node_modules").is_dir()
    (trained / OUTPUT / "node_modules").rmdir()
    bundle.verify(trained / OUTPUT)
    assert left(trained) == [Path(OUTPUT).name]


@once
def test_what_somebody_put_beside_an_export_is_not_lost(trained: Path) -> None:
    """A file that no export wrote stops the next one."""
    config = load([], trained)
    export.run(config)
    (trained / OUTPUT / "notes.txt").write_text("mine", "utf8")

    with pytest.raises(InputError, match=r"notes\.txt"):
        export.run(config)

    assert (trained / OUTPUT / "notes.txt").read_text("utf8") == "mine"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("edge.output=data", "holds something else than an export"),
        ("edge.output=conf/config.yaml", "is no folder"),
        ("edge.output=/proc/nowhere/export", "cannot be written"),
        ("version=99", "has no bundle"),
        ("edge.quantize=int8", "int8 is refused: nothing of this model can be held in 8 bits"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(trained: Path, changed: str, message: str) -> None:
    """A taken place, one that cannot be written, an unknown version, 8 bits that bring nothing: one line each."""
    with pytest.raises(InputError, match=message):
        export.run(load([changed], trained))

    assert left(trained) == []


@pytest.mark.parametrize("changed", ["edge.quantize=int4", "edge.opset=12", "edge.ml_opset=6", "edge.ir_version=11"])
def test_settings_out_of_range_are_refused_by_name(trained: Path, changed: str) -> None:
    """A word or a version that is not supported is named with what is."""
    with pytest.raises(InputError, match=changed.partition("=")[0]):
        export.run(load([changed], trained))


def test_without_a_champion_there_is_nothing_to_export(configure: Callable[..., RunConfig], project: Path) -> None:
    """The message names the next step."""
    with pytest.raises(InputError, match="no champion .* run .* train"):
        export.run(configure())

    assert left(project) == []


@once
def test_a_full_disk_is_one_line_and_leaves_nothing(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system says while writing, the unfinished folder goes and the earlier export stays."""

    def full(folder: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "seal", full)

    with pytest.raises(InputError, match="No space left on device"):
        export.run(load([], trained))

    assert left(trained) == []


@once
def test_a_folder_that_says_something_else_is_refused(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One number in thousands that is off by a little more than the tolerance: nothing is written."""
    honest = trial.asked

    def wrong(folder: Path, questions: Any) -> trial.Trial:
        found = honest(folder, questions)
        row = found.answers[-1][-1]
        name = next(name for name, cell in reversed(row.items()) if isinstance(cell, float))
        row[name] = row[name] + 2e-5 * max(1.0, abs(row[name]))
        return dataclasses.replace(found, answers=found.answers)

    monkeypatch.setattr(writing.trial, "asked", wrong)

    with pytest.raises(InputError, match="does not say what the predictor says"):
        export.run(load([], trained))

    assert left(trained) == []


class Figures:
    """In place of a measurement: the answers, and latencies of the plain folder and of the one in 8 bits in turn."""

    def __init__(self, before: float, after: float, answer: float) -> None:
        self.latencies, self.answer, self.asked = (before, after), answer, 0

    def __call__(self, folder: Path, questions: Any) -> trial.Trial:
        self.asked += 1
        return trial.Trial([[{"prediction": self.answer}]], {"p50": self.latencies[1 - self.asked % 2]}, 0.1, [])


@pytest.mark.parametrize(
    ("before", "after", "answer", "message"),
    [
        (20.0, 10.0, 1.001, None),
        (10.0, 20.0, 1.001, "one row 10.0 → 20.0 µs"),
        (20.0, 10.0, 1.5, "largest difference 0.5"),
    ],
)
def test_8_bits_are_kept_where_they_pay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: float, after: float, answer: float, message: str | None
) -> None:
    """Smaller, faster and within the quality: the graph is replaced. Otherwise the figures say why not."""
    weights = np.random.default_rng(0).normal(size=(64, 64))
    graph = Graph()
    product = graph.add("MatMul", "features", graph.constant(weights, np.float32))
    graph.add("Cast", product, to=onnx.TensorProto.DOUBLE, output="scores")
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "model.onnx"
    path.write_bytes(graph.finish(("features", 64), ("scores", 64)))
    size = path.stat().st_size
    monkeypatch.setattr(trial, "asked", Figures(before, after, answer))
    question = ParityCase([{}], "data")

    def put() -> dict[str, Any]:
        return eight_bit.put(path.parent, ["model.onnx"], [question], [[{"prediction": 1.0}]], quality=0.01)

    if message is None:
        assert put()["graphs"] == ["model.onnx"]
        assert path.stat().st_size < size / 2
    else:
        with pytest.raises(InputError, match=f"int8 is refused: size .* → .*{message}"):
            put()
        assert path.stat().st_size == size
    assert sorted(tmp_path.iterdir()) == [path.parent]


def test_8_bits_have_no_figures_where_there_is_no_graph(tmp_path: Path) -> None:
    """A model that is a formula has no size to compare, and the refusal names none."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(InputError, match=r"in 8 bits \(it has no layers of a network\); nothing was written"):
        eight_bit.put(tmp_path / "folder", [], [], [], quality=0.01)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"prediction": "a", "probability_a": 0.25}, {"prediction": "a", "probability_a": 0.5}, 0.25),
        ({"prediction": 8.0}, {"prediction": 10.0}, 0.25),
        ({"prediction": "a"}, {"prediction": "b"}, float("inf")),
        ({"prediction": 1.0}, {"prediction": 1.0, "more": 1.0}, float("inf")),
    ],
)
def test_differences(one: dict[str, Any], other: dict[str, Any], expected: float) -> None:
    """Of probabilities what lies between, of amounts its share, of words everything."""
    assert difference([one], [other]) == expected
    assert difference([one], []) == float("inf")


def grown(path: Path, dtype: Any) -> np.ndarray:
    """Trees with numbers and sets of categories, joined by a maximum over both targets; returns rows to ask."""
    one, none = np.ones(1), np.zeros(1)
    sets = {0: np.array([1, 3, 7]), 1: np.array([2])}
    forest = join(
        [
            tree(
                np.array([0, 0, 1]),
                np.array([0, 0, 0.1]),
                np.array([1, -1, -2]),
                np.array([2, -3, -4]),
                np.array([0, 1, 1]),
                np.array([0.3, -1.2, 2.5, 0.7]),
                0,
                2,
                sets,
            ),
            tree(one, one * 0.5, np.array([-1]), np.array([-2]), none, np.array([1.5, -2.5]), 1, 2),
            constant(0.125, 0, 2),
        ]
    )
    graph = Graph()
    margins = graph.forest("features", forest, dtype)
    graph.add("ReduceMax", margins, graph.constant([1], np.int64), keepdims=1, output="scores")
    path.write_bytes(graph.finish(("features", 2), ("scores", 1)))
    random = np.random.default_rng(0)
    rows = np.stack([random.integers(0, 9, 500), random.normal(size=500)], axis=1).astype(np.float32)
    rows[random.random(rows.shape) < 0.2] = np.nan
    return rows


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_older_runtimes_get_the_same_trees(tmp_path: Path, dtype: Any) -> None:
    """Sets of categories, missing values and both precisions survive the way back to ai.onnx.ml 3 and opset 13."""
    path = tmp_path / "model.onnx"
    rows = grown(path, dtype)
    expected = session(path).run(None, {"features": rows})[0]

    versions = opset.rewrite(path, 13, 3, 7)

    model = onnx.load(path)
    assert versions == {"ir_version": 7, "opset": 13, "ml_opset": 3}
    assert {node.op_type for node in model.graph.node} == {"Cast", "ReduceMax", "TreeEnsembleRegressor"}
    assert np.abs(session(path).run(None, {"features": rows})[0] - expected).max() < 1e-6


def test_versions_that_are_there_already_change_nothing(tmp_path: Path) -> None:
    """The defaults leave the graph as the bundle has it, byte for byte."""
    path = tmp_path / "model.onnx"
    grown(path, np.float64)
    before = path.read_bytes()

    opset.rewrite(path, 21, 5, 10)

    assert path.read_bytes() == before


def test_an_operator_that_was_not_there_yet_is_named(tmp_path: Path) -> None:
    """The refusal says which, and which setting to raise."""
    graph = Graph()
    graph.add("Gelu", graph.double("features"), output="scores")
    path = tmp_path / "model.onnx"
    path.write_bytes(graph.finish(("features", 1), ("scores", 1)))

    with pytest.raises(InputError, match=r"edge\.opset=13: the operator Gelu"):
        opset.rewrite(path, 13, 3, 7)
