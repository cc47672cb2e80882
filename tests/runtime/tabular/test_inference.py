"""Answers from a bundle: the same bits for a row wherever it stands, and none of the training libraries."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.tabular import inference, inference_native, model
from mlgen_runtime.tabular.inference import Inference
from mlgen_runtime.tabular.model import engines as bulk
from sample_projects import run_code

ROWS = toy.frame(5000, seed=4)


@pytest.fixture(scope="module", params=[(name, task) for name in toy.QUICK for task in toy.TASKS], ids="-".join)
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Inference, dict[str, Any]]:
    """Each model on each task, loaded from its files, and its answers for all rows at once."""
    name, task = request.param
    folder = tmp_path_factory.mktemp(f"{name}-{task}")
    model.fit(toy.training(task), toy.QUICK[name]).write(folder, toy.frame(50), 1e-5)
    served = inference.load(folder, toy.contract(task), threads=2)
    return served, served.predict(columns(np.arange(len(ROWS))))


@pytest.fixture(scope="module", params=toy.QUICK)
def native(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Inference, Inference]:
    """Each model, loaded for requests and for bulk, which the library's own code scores."""
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "rates", lambda *engines: (1.0, 2.0))
        model.fit(toy.training(), toy.QUICK[request.param]).write(folder, toy.frame(50), 1e-5)
    return tuple(inference.load(folder, toy.contract(), threads=1, bulk=many) for many in (False, True))


@pytest.fixture
def preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles in which the libraries' own code is the quicker one with many rows."""
    monkeypatch.setattr(bulk, "rates", lambda *engines: (1.0, 2.0))


def columns(rows: np.ndarray) -> dict[str, Any]:
    """Some rows as arrays."""
    return {name: ROWS[name].to_numpy()[rows] for name in ROWS}


def plain(rows: np.ndarray) -> dict[str, list[Any]]:
    """Some rows as a JSON request holds them."""
    taken = ROWS.iloc[rows]
    lists = {name: [None if value != value else value for value in taken[name].tolist()] for name in taken}
    lists["when"] = [None if str(value) == "NaT" else value.isoformat() for value in taken["when"]]
    return lists


def same(found: Mapping[str, np.ndarray], whole: Mapping[str, np.ndarray], rows: np.ndarray | slice) -> bool:
    """Whether answers are those of the whole, bit for bit."""
    return list(found) == list(whole) and all(np.array_equal(found[name], whole[name][rows]) for name in whole)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.integers(0, len(ROWS) - 1), min_size=1, max_size=70))
def test_an_answer_does_not_depend_on_its_neighbours(loaded: tuple[Inference, dict[str, Any]], rows: list[int]) -> None:
    """Any selection of rows, in any order, repeated or not, as arrays or as JSON, gives the bits of the whole."""
    served, whole = loaded
    index = np.array(rows)

    assert same(served.predict(columns(index)), whole, index)
    assert same(served.predict(plain(index)), whole, index)


def test_single_rows_are_the_rows_of_the_batch(loaded: tuple[Inference, dict[str, Any]]) -> None:
    """A request of one row walks another path through the code, to the same bits."""
    served, whole = loaded

    assert all(same(served.predict(plain(np.array([row]))), whole, np.array([row])) for row in range(60))


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", ["prediction", "probability_no", "probability_yes"]),
        ("multiclass", ["prediction", "probability_3", "probability_4", "probability_10"]),
        ("regression", ["prediction", "prediction_low", "prediction_high"]),
    ],
)
def test_columns_come_out_as_the_contract_says(task: str, names: list[str], tmp_path: Path) -> None:
    """Labels as users write them, probabilities in the contract's order, an interval around a value."""
    model.fit(toy.training(task), toy.LIGHTGBM).write(tmp_path, toy.frame(20), 1e-5)

    found = inference.load(tmp_path, toy.contract(task), threads=1).predict(columns(np.arange(40)))

    assert list(found) == names
    if task == "regression":
        assert (found["prediction_low"] <= found["prediction"]).all()
        assert (found["prediction"] <= found["prediction_high"]).all()
    else:
        assert set(found["prediction"].tolist()) <= set(toy.contract(task).label_values)
        best = np.argmax([found[name] for name in names[1:]], axis=0)
        assert found["prediction"].tolist() == [toy.contract(task).label_values[code] for code in best]


def test_floats_are_rounded_by_the_bundle(tmp_path: Path) -> None:
    """Every float is its own shortest text with the bundle's decimals, so that all outputs print the same digits."""
    model.fit(toy.training(), toy.LIGHTGBM).write(tmp_path, toy.frame(20), 1e-5)
    decimals = json.loads((tmp_path / "inference.json").read_text("utf8"))["decimals"]

    found = inference.load(tmp_path, toy.contract(), threads=1).predict(columns(np.arange(200)))

    assert all(value == float(f"{value:.{decimals}f}") for value in found["probability_yes"].tolist())


def test_a_wrong_cell_of_a_single_row_is_named(tmp_path: Path) -> None:
    """The quick path refuses what the careful one refuses, in the same words."""
    model.fit(toy.training(), toy.LIGHTGBM).write(tmp_path, toy.frame(20), 1e-5)
    served = inference.load(tmp_path, toy.contract(), threads=1)

    with pytest.raises(InputError, match=r"column 'size' holds 'seven', expected a whole number"):
        served.predict(plain(np.array([0])) | {"size": ["seven"]})
    with pytest.raises(InputError, match="differ in length"):
        served.predict(plain(np.array([0, 1])) | {"size": [7]})
    with pytest.raises(InputError, match="differ in length"):
        served.predict(plain(np.array([0])) | {"size": [7, 8]})


@pytest.mark.usefixtures("preferred")
@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", [name for name in toy.QUICK if name != "linear"])
def test_bulk_answers_are_the_others_bit_for_bit(
    name: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing, unseen and huge values included, before rounding and after, whatever computes them."""
    toy.all_members(monkeypatch)
    model.fit(toy.training(task), toy.QUICK[name]).write(tmp_path, toy.frame(50), 1e-5)
    slim, quick = (inference.load(tmp_path, toy.contract(task), threads=2, bulk=many) for many in (False, True))
    random = np.random.default_rng(0)
    matrix = slim.preprocessing.encode(columns(np.arange(len(ROWS))))
    wild = random.choice(np.array([np.nan, 0, -1, 1e-40, 2.0**24 + 1, 1e38, -1e38], dtype=np.float32), matrix.shape)
    codes = np.isin(np.arange(matrix.shape[1]), list(slim.preprocessing.categorical))  # those are whole, or missing
    spoilt = np.where(random.random(matrix.shape) < 0.2, np.where(codes, np.nan, wild), matrix)
    entries = json.loads((tmp_path / "inference.json").read_text("utf8"))

    assert (slim.engine, quick.engine) == ("onnx", "native")
    assert same(quick.predict(columns(np.arange(len(ROWS)))), slim.predict(columns(np.arange(len(ROWS)))), np.s_[:])
    assert np.array_equal(
        inference_native.bulk(tmp_path, entries["bulk"])(spoilt), inference.scorer(tmp_path, entries)(spoilt)
    )


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_bulk_answers_do_not_depend_on_what_a_row_holds(
    native: tuple[Inference, Inference], data: st.DataObject
) -> None:
    """Any numbers that fit, any texts, any gaps."""
    slim, quick = native
    floats = st.none() | st.floats(width=32, allow_infinity=False)
    kinds = {
        "amount": floats,
        "size": st.none() | st.integers(-(2**24), 2**24),
        "open": st.sampled_from([None, True, False]),
        "kind": st.none() | st.sampled_from(["a", "b", "c", "rare"]) | st.text(max_size=3),
        "code": st.none() | st.integers(-5, 99).map("c{}".format),
        "when": st.none() | st.datetimes().map(lambda moment: moment.isoformat()),
    }
    rows = {name: data.draw(st.lists(kind, min_size=12, max_size=12)) for name, kind in kinds.items()}

    assert same(quick.predict(rows), slim.predict(rows), np.s_[:])


@pytest.mark.usefixtures("preferred")
def test_few_rows_go_through_onnx_and_many_do_not(tmp_path: Path) -> None:
    """A library takes longer than ONNX to begin, so a row or two never wait for it."""
    model.fit(toy.training(), toy.XGBOOST).write(tmp_path, toy.frame(20), 1e-5)
    served = inference.load(tmp_path, toy.contract(), threads=1, bulk=True)
    asked: list[int] = []
    engine = served._engine
    served._engine = dataclasses.replace(
        engine, score=lambda matrix: (asked.append(len(matrix)), engine.score(matrix))[1]
    )

    for rows in (1, inference.FEW, inference.FEW + 1, inference.CHUNK + 1):
        served.predict(columns(np.arange(rows) % len(ROWS)))

    assert asked == [inference.FEW + 1, inference.CHUNK + 1]


@pytest.mark.usefixtures("preferred")
def test_without_the_library_onnx_answers_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slim environment scores tables as well, to the same digits; what computed them, and why, is known."""
    model.fit(toy.training(), toy.XGBOOST).write(tmp_path, toy.frame(20), 1e-5)
    with_it = inference.load(tmp_path, toy.contract(), bulk=True)
    monkeypatch.setitem(sys.modules, "xgboost", None)
    without = inference.load(tmp_path, toy.contract(), bulk=True)

    assert without.engine.startswith("onnx (import of xgboost halted")
    assert same(without.predict(columns(np.arange(300))), with_it.predict(columns(np.arange(300))), np.s_[:])


@pytest.mark.usefixtures("preferred")
def test_a_library_that_computes_other_scores_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment that scores need not be the one that trained: a few rows tell before any answer is given."""
    model.fit(toy.training(), toy.XGBOOST).write(tmp_path, toy.frame(20), 1e-5)
    monkeypatch.setattr(inference_native, "bulk", lambda *given: lambda matrix: np.zeros((len(matrix), 2)))

    assert "other scores" in inference.load(tmp_path, toy.contract(), bulk=True).engine


def test_no_rows_have_no_answers(tmp_path: Path) -> None:
    """An empty table is scored like any other."""
    model.fit(toy.training(), toy.LIGHTGBM).write(tmp_path, toy.frame(20), 1e-5)

    found = inference.load(tmp_path, toy.contract(), bulk=True).predict(columns(np.arange(0)))

    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(found, 0)


@pytest.mark.usefixtures("preferred")
@pytest.mark.parametrize("name", toy.QUICK)
def test_nothing_heavy_is_imported(name: str, tmp_path: Path) -> None:
    """A server needs numpy and onnxruntime, whatever scores tables: pandas, scikit-learn and the boosters stay out."""
    model.fit(toy.training(), toy.QUICK[name]).write(tmp_path, toy.frame(20), 1e-5)
    (tmp_path / "contract.json").write_text(json.dumps(toy.contract().to_dict()), "utf8")
    code = (
        "import sys; from pathlib import Path; from mlgen_runtime.tabular import inference;"
        "from mlgen_runtime.contract.schema import Contract;"
        "from mlgen_runtime.rows.contract.vocabulary import VOCABULARY; folder = Path(sys.argv[1]);"
        "served = inference.load(folder, Contract.from_json(folder / 'contract.json', VOCABULARY), 1, False);"
        "served.predict({name: [None] for name in ('amount', 'size', 'open', 'kind', 'code', 'when')});"
        "print(*(name for name in ('pandas', 'sklearn', 'lightgbm', 'xgboost', 'mlflow', 'scipy', 'onnx', 'torch')"
        " if name in sys.modules))"
    )

    done = run_code(code, tmp_path)

    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
