"""A bundle in, a predictor out, whichever use case the bundle is of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.core import extensions
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.extensions import Extension
from mlgen_runtime.usecase.loading import load
from sample_projects import run_code


def champion(project: Path) -> Path:
    """The bundle that serves in a project."""
    store = Store(project / "bundles")
    pointer = store.champion()
    assert pointer is not None
    return store.fetch(pointer.bundle)


@pytest.fixture
def copy(trainings: Callable[[str], Path], tmp_path: Path) -> Path:
    """A bundle of a model on tables that a test may change."""
    return shutil.copytree(champion(trainings("tabular")), tmp_path / "1")


def describe(folder: Path, **entries: object) -> None:
    """Write another bundle.json, and seal again."""
    bundle.write_json(folder, bundle.DESCRIPTION, entries)
    bundle.seal(folder)


def test_one_process_opens_bundles_of_both_use_cases(trainings: Callable[[str], Path]) -> None:
    """A classifier and a forecaster answer side by side, each in the words of its own use case."""
    tables, series = (load(champion(trainings(name))) for name in ("tabular", "timeseries"))

    for _ in range(2):
        classes = tables.answers.plain(tables.contract, tables.predict(tables.example()))
        forecasts = series.answers.plain(series.contract, series.predict(series.example()))
        assert set(classes) == {"predictions", "probabilities"}
        assert {"month", "prediction"} <= set(forecasts["predictions"][0])
    assert (tables.use_case, series.use_case) == ("tabular", "timeseries")


def test_both_are_served_from_a_process_without_what_trains(trainings: Callable[[str], Path]) -> None:
    """Opening and asking either imports no pandas, scikit-learn, MLflow, Hydra or training library."""
    code = """
import sys
from pathlib import Path
from mlgen_runtime.usecase.loading import load
for folder in sys.argv[1:]:
    model = load(Path(folder))
    model.answers.plain(model.contract, model.predict(model.example()))
print(sorted({"pandas", "sklearn", "mlflow", "hydra", "lightgbm", "xgboost", "torch", "yaml"} & set(sys.modules)))
"""
    done = run_code(code, *(champion(trainings(name)) for name in ("tabular", "timeseries")))

    assert done.stdout.strip() == "[]", done.stderr


def test_a_bundle_names_its_use_case(trainings: Callable[[str], Path]) -> None:
    for name in ("tabular", "timeseries"):
        assert load(champion(trainings(name))).use_case == name


def test_a_bundle_of_an_unknown_use_case_is_refused_in_one_line(copy: Path) -> None:
    """The message names what there is, and the nearest of it."""
    describe(copy, use_case="tabulr")

    with pytest.raises(InputError, match=r"'tabulr' is no use case.*tabular, timeseries.*did you mean 'tabular'"):
        load(copy)


def test_a_bundle_without_a_use_case_is_refused(copy: Path) -> None:
    describe(copy)

    with pytest.raises(InputError, match="names no use case; train again"):
        load(copy)


def needs(sha256: str) -> dict[str, object]:
    """An entry of what a bundle needs of the project's own code."""
    return {"kind": "check", "name": "own", "sha256": sha256}


def own(rows: object) -> None:
    """Some code of the user's."""


def test_code_of_the_user_s_that_a_bundle_needs_must_be_there_as_it_was(copy: Path) -> None:
    """The name and the hash are compared: code that is missing, or another, is refused, the same is taken."""
    found = Extension("check", "own", own, {"title": "own"})
    with extensions.alone():
        describe(copy, use_case="tabular", extensions=[needs(found.sha256)])
        with pytest.raises(InputError, match="needs the check 'own' of the project's own code"):
            load(copy)

        extensions.register(found)
        assert load(copy).use_case == "tabular"

        describe(copy, use_case="tabular", extensions=[needs("0" * 64)])
        with pytest.raises(InputError, match="is not the code that it was made with"):
            load(copy)


def test_a_bundle_holds_no_code(trainings: Callable[[str], Path]) -> None:
    """Only data: no Python, no pickle."""
    for name in ("tabular", "timeseries"):
        endings = {path.suffix for path in champion(trainings(name)).rglob("*") if path.is_file()}
        assert endings <= {".json", ".jsonl", ".onnx", ".npz", ".gz", ".txt", ".ubj"}
        assert "use_case" in json.loads((champion(trainings(name)) / "bundle.json").read_text("utf8"))
