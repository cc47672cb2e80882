"""The ONNX graph is the fitted model, bit for bit or within the tolerance, or the bundle says why it is not used."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from mlgen_runtime.tabular import inference, inference_native, model, parity
from mlgen_runtime.tabular.model import engines as bulk
from mlgen_runtime.tabular.model.candidate import Fitted
from mlgen_runtime.tabular.onnx_export import build

MODELS = tuple(model.MODELS)


def fit(name: str, task: str, settings: Any = None) -> Fitted:
    """A quick fit of one model."""
    fitted = model.fit(toy.training(task), settings or toy.QUICK[name])
    assert isinstance(fitted, Fitted)
    return fitted


@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", MODELS)
def test_the_graph_is_the_model(name: str, task: str, tmp_path: Path) -> None:
    """Categories, missing and unseen values, links and intervals included: far below the tolerance of a bundle."""
    written = fit(name, task).write(tmp_path, toy.frame(300, seed=2), tolerance=1e-5)

    assert written.format == "onnx"
    assert written.largest < 1e-9
    assert written.rows == 601


@pytest.mark.parametrize(
    ("name", "extra", "reason"),
    [
        ("lightgbm", {"zero_as_missing": True}, "zeros that count as missing"),
        ("lightgbm", {"linear_tree": True}, "linear models in the leaves"),
        ("xgboost", {"booster": "dart", "rate_drop": 0.1}, "the booster dart"),
    ],
)
def test_what_onnx_cannot_express_keeps_the_library_s_file(
    name: str, extra: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    """The bundle says why, and predicts with the native file as the fitted model does."""
    fitted = fit(name, "regression", dataclasses.replace(toy.QUICK[name], extra=extra))
    written = fitted.write(tmp_path, toy.frame(50), tolerance=1e-5)
    rows = toy.frame(80, seed=9)

    found = inference.load(tmp_path, toy.contract("regression"), threads=1).predict(dict(rows.items()))

    assert written.format == name
    assert reason in str(written.reason)
    assert not (tmp_path / "model.onnx").exists()
    assert found["prediction"] == pytest.approx(fitted.scores(rows), abs=10.0**-fitted.decimals)


@pytest.mark.parametrize("name", MODELS)
def test_a_difference_above_the_tolerance_is_refused_with_the_figure(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong graph never gets into a bundle: the native files do, for a blend all of them."""
    toy.all_members(monkeypatch)
    fitted = fit(name, "binary")
    monkeypatch.setattr(parity, "run", lambda graph, matrix: fitted.outputs(matrix) * 1.001)
    written = fitted.write(tmp_path, toy.frame(50), tolerance=1e-5)
    rows = toy.frame(80, seed=9)

    found = inference.load(tmp_path, toy.contract(), threads=2).predict(dict(rows.items()))

    assert written.format == {"auto": "blend"}.get(name, name)
    assert "differs by 0.001" in str(written.reason)
    assert found["probability_yes"] == pytest.approx(fitted.scores(rows)[:, 1], abs=1e-6)


@pytest.mark.parametrize(("native", "engine"), [(119.0, "onnx"), (120.0, "native")])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "linear"])
def test_the_quicker_engine_scores_many_rows(
    name: str, native: float, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library must be clearly quicker than ONNX; its files are in the bundle only then, and the figures nowhere."""
    monkeypatch.setattr(bulk, "rates", lambda *engines: (100.0, native))
    toy.all_members(monkeypatch)

    written = fit(name, "binary").write(tmp_path, toy.frame(50), tolerance=1e-5)

    files = {path.name for path in tmp_path.iterdir()} - {"model.onnx", "inference.json", "preprocessing.json"}
    entries = json.loads((tmp_path / "inference.json").read_text("utf8"))["bulk"]
    parts = {part["file"] for part in entries.get("parts", ())}
    assert written.bulk is not None
    assert (written.bulk.engine, entries["engine"]) == (engine, engine)
    assert (written.bulk.onnx, written.bulk.native) == (100, round(native))
    assert files == (parts | {"bulk.onnx"} if engine == "native" else set())
    assert all(file.endswith(".gz") for file in parts)


def test_the_engines_are_timed(tmp_path: Path) -> None:
    """What is found is how many rows a second each of them scored."""
    found = fit("xgboost", "binary").write(tmp_path, toy.frame(50), tolerance=1e-5).bulk

    assert found is not None
    assert found.onnx
    assert found.native
    assert found.rate == (found.native if found.engine == "native" else found.onnx)


def test_a_slower_engine_is_measured_as_slower() -> None:
    """Rates are rows a second of the processor's time: an engine that computes more for every row has the lower one."""

    def slow(matrix: np.ndarray) -> np.ndarray:
        until = time.thread_time() + len(matrix) * 1e-5
        while time.thread_time() < until:
            pass
        return matrix

    quick, slower = bulk.rates(lambda matrix: matrix, slow, np.zeros((10, 3), dtype=np.float32))

    assert slower <= 100_000
    assert quick > bulk.MARGIN * slower


def test_a_library_with_other_scores_is_not_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one bit may hang on the engine: then the bundle keeps ONNX, and the reason is reported."""
    real = inference_native.bulk
    monkeypatch.setattr(inference_native, "bulk", lambda *given: lambda matrix: np.nextafter(real(*given)(matrix), 1.0))

    found = fit("xgboost", "binary").write(tmp_path, toy.frame(50), tolerance=1e-5).bulk

    assert found is not None
    assert (found.engine, found.onnx, found.native) == ("onnx", None, None)
    assert "bit for bit" in str(found.reason)
    assert not (tmp_path / "bulk.onnx").exists()


def test_not_a_number_is_the_largest_difference() -> None:
    """A graph that fails on a row must not pass because NaN compares as false."""
    good = np.array([[1.0], [2.0]])

    assert parity.largest(good, np.array([[1.0], [np.nan]]), 0) == float("inf")
    assert parity.largest(good, good[:1], 0) == float("inf")
    assert parity.largest(good, good, 0) == 0.0


def test_extreme_margins_are_certain_and_no_error() -> None:
    """Margins beyond what an exponential can hold give probabilities of 0 and 1."""

    class Extreme:
        """A scorer whose margin is a thousand times the first feature."""

        def graph(self, graph: Any, inputs: str) -> str:
            """Multiply."""
            return str(graph.add("Mul", graph.double(inputs), graph.constant([[1000.0]])))

    graph = build(Extreme(), 1, "logistic", 2, None)

    found = parity.run(graph, np.array([[-5.0], [0.0], [5.0]], dtype=np.float32))

    assert found.tolist() == [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]
