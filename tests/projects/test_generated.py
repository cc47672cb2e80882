"""The product: projects are generated, installed from their locks, held to their own checks, trained, and served.

Slow (environments and models are real), so `make test-fast` leaves this file out. Real data sets are used where
`MLGEN_REAL_DATA` names their folder.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from generated_projects import EVERYTHING, REAL, generate, python_path, run
from sklearn.model_selection import train_test_split

from mlgen import render, source
from mlgen.questions import load

ROOT = Path(__file__).resolve().parents[2]
SLIM = 220  # MB that a server's environment may take, installed
LOWER_IS_BETTER = {"rmse"}

#: Import every top-level package that is installed beside the running Python; some announce folders they leave out.
IMPORT_ALL = """
import importlib.metadata, importlib.util
for name in sorted(importlib.metadata.packages_distributions()):
    if name.isidentifier() and importlib.util.find_spec(name):
        importlib.import_module(name)
"""

#: Set -> (file, what a user says beside the path and the target). Leaking and id columns are found by the contract.
TABLES = {
    "adult_income": ("adult.csv", []),
    "bike_sharing": ("bikeshare.csv", ["data.drop=[casual,registered]"]),
    "california_housing": ("housing.csv", []),
    "penguins": ("penguins.csv", []),
    "telco_churn": ("telco_churn.csv", ["data.drop=[customerID]"]),
    "titanic": ("titanic.csv", ["data.drop=[PassengerId,Name,Ticket]"]),
    "wine_quality": ("wine_quality.csv", []),
}


@pytest.fixture(params=load().questions["use_case"].values, scope="module")
def project(request: pytest.FixtureRequest, installed: Callable[..., Path]) -> Path:
    """A generated project with its environment, of each use case with all deployments; the tests share it."""
    return installed(request.param)


@pytest.fixture(scope="module")
def trained(project: Path) -> str:
    """What `make all` said in a project."""
    return run(project, "make", "all")


def test_the_whole_lock_imports(project: Path) -> None:
    """The environment is complete and free of contradictions, and every package in it can be imported."""
    run(project, "uv", "pip", "check", "--python", project / ".venv/bin/python")

    run(project, project / ".venv/bin/python", "-c", IMPORT_ALL)


def test_its_own_checks_pass(project: Path) -> None:
    """Style, format and types of a fresh render are clean."""
    run(project, "make", "lint")


def test_its_own_tests_pass(project: Path, trained: str) -> None:
    """The tests that a project comes with pass in it, with the contract of a first training there."""
    assert " passed" in run(project, "make", "test")


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def expected(project: Path) -> int:
    """How many predictions `make all` makes on the sample: one a row, or one a series and step ahead."""
    sample = table(project / "data/sample.csv")
    horizon = yaml.safe_load((project / "conf/data/default.yaml").read_text("utf8")).get("horizon")
    return len({row["measurement"] for row in sample}) * horizon if horizon else len(sample)


def test_all_goes_from_data_to_predictions(project: Path, trained: str) -> None:
    """`make all` trains, deploys and predicts on the sample: a prediction each, a champion, a report of each verb."""
    predictions = table(project / "reports/predictions.csv")

    assert len(predictions) == expected(project)
    assert all(row["prediction"] for row in predictions)
    assert json.loads((project / "bundles/champion.json").read_text("utf8"))["version"]
    assert (project / "data/contract.yaml").is_file()
    assert {"train.json", "predict.json"} <= {path.name for path in (project / "reports").iterdir()}


def test_training_leaves_the_commit_clean(project: Path, trained: str) -> None:
    """What a run makes is ignored by git, but for the contract, which is to be reviewed and committed."""
    run(project, "git", "add", ".")
    staged = run(project, "git", "diff", "--cached", "--name-only").splitlines()

    assert "data/contract.yaml" in staged
    assert not [
        name for name in staged if name.startswith((".venv", "reports", "bundles", "mlruns", "mlflow.db", "logs"))
    ]


def test_rest_answers_as_predict_does(project: Path, trained: str) -> None:
    """The request that `make all` sends to the service is answered with the file's first prediction and the version."""
    if not (project / "make/rest.mk").exists():
        pytest.skip("no service in this combination")
    answer, _ = json.JSONDecoder().raw_decode(trained.partition("\n200 ")[2])  # the service may go on in the same line
    rows, first = table(project / "reports/predictions.csv"), answer["predictions"][0]

    if isinstance(first, dict):  # a forecast names its series and step
        assert {name: str(value) for name, value in first.items()} in rows
    else:
        assert str(first) == rows[0]["prediction"]
    assert answer["model_version"] == json.loads((project / "bundles/champion.json").read_text("utf8"))["version"]


def test_the_slim_lock_serves(project: Path, trained: str, tmp_path: Path) -> None:
    """An environment from the server's lock stays small, imports what it holds, and answers from a bundle alone."""
    lock = project / "requirements-serving.lock"
    if not lock.exists():
        pytest.skip("no service in this combination")
    python = tmp_path / "venv/bin/python"
    run(project, "uv", "venv", "-q", "--python", project / ".venv/bin/python", tmp_path / "venv")
    run(project, "uv", "pip", "install", "-q", "--python", python, "--require-hashes", "-r", lock)
    run(project, python, "-c", IMPORT_ALL)
    installed = sum(
        file.stat().st_size for file in (tmp_path / "venv").rglob("*") if file.is_file() and not file.is_symlink()
    )
    pointer = json.loads((project / "bundles/champion.json").read_text("utf8"))
    shutil.copytree(project / "bundles" / pointer["bundle"], tmp_path / "bundle")
    for folder in ("src", "vendor"):
        shutil.copytree(project / folder, tmp_path / folder)

    environment = {"PYTHONPATH": python_path(tmp_path), "REST_BUNDLE": str(tmp_path / "bundle")}
    attempt = [project / ".venv/bin/python", "-m", "mlgen_runtime.rest.try_service"]
    said = run(project, *attempt, python, "-m", "mlgen_runtime.rest", **environment)

    assert "\n200 " in said
    assert installed <= SLIM * 1_000_000


@pytest.mark.parametrize("deployment", [name for name in EVERYTHING if name != "rest"])
def test_a_deployment_can_stand_alone(deployment: str, installed: Callable[..., Path]) -> None:
    """With one deployment only, the lock has all that it imports, types hold, and `make all` deploys.

    A service alone is what the examples have.
    """
    project = installed(deployment=[deployment])

    run(project, ".venv/bin/mypy")

    assert " predictions by version " in run(project, "make", "all")


@pytest.mark.skipif(not REAL, reason="MLGEN_REAL_DATA does not name a folder of data sets")
@pytest.mark.parametrize("name", TABLES)
def test_real_tables_train_as_well_as_the_references(project: Path, name: str, tmp_path: Path) -> None:
    """With the path, the target and the drops alone, the promoted model is within 0.5 % of the better reference.

    Of a few hundred rows, a figure of other ones than the reference's says little: there its very test rows judge.
    """
    if render.answers_of(project)["use_case"] != "tabular":
        pytest.skip("another kind of data")
    file, said = TABLES[name]
    folder = Path(str(REAL)) / name
    facts = yaml.safe_load((folder / "meta.yaml").read_text("utf8"))
    settings = [f"data.path={folder / file}", f"data.target={facts['target']}", *said]
    judged = reference_rows(folder / file, facts, tmp_path) if facts["rows"] < 1000 else []
    own = [f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", f"bundle.store={tmp_path}/bundles"]
    own += [f"contract.path={tmp_path}/contract.yaml"]
    churn = project / ".venv/bin/churn"

    run(project, churn, "contract", *settings, *own)
    run(project, churn, "train", *settings, *own, *judged)
    run(project, churn, "predict", f"input={folder / file}", f"output={tmp_path}/predictions.csv", *settings, *own)

    metric = facts["suggested_metric"]
    lines = [scores[metric] for line, scores in facts["reference_scores"].items() if line != "dummy"]
    reached = json.loads((project / "reports/train.json").read_text("utf8"))
    promoted = next(entrant for entrant in reached["entrants"] if entrant["promoted"])
    score = promoted["metrics"][metric]
    if metric in LOWER_IS_BETTER:
        assert score <= min(lines) * 1.005
    else:
        assert score >= max(lines) * 0.995
    assert len(table(tmp_path / "predictions.csv")) == facts["rows"]


def reference_rows(file: Path, facts: dict[str, Any], folder: Path) -> list[str]:
    """Settings that train on a set's training part and judge on its fixed test rows (drawn by label, seed 42)."""
    raw = pd.read_csv(file, dtype=str, keep_default_na=False)
    parts = train_test_split(raw, test_size=0.2, random_state=42, stratify=raw[facts["target"]])
    for name, part in zip(("train", "test"), parts, strict=True):
        part.to_csv(folder / f"{name}.csv", index=False)
    return [f"data.path={folder}/train.csv", f"data.test_path={folder}/test.csv"]


@pytest.mark.parametrize("declaration", sorted(ROOT.glob("examples/*/mlgen.yaml")), ids=lambda path: path.parent.name)
def test_an_example_runs_and_passes_its_own_tests(declaration: Path, tmp_path: Path) -> None:
    """A project declared with settings goes from data to predictions, and passes its checks and tests with them."""
    answers = yaml.safe_load(declaration.read_text("utf8"))
    folder = tmp_path / answers["project_name"]
    render.render(answers, folder, source.default())

    run(folder, "make", "all")

    run(folder, ".venv/bin/mypy")
    assert " passed" in run(folder, "make", "test")


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_other_pythons_work_too(version: str, tmp_path: Path) -> None:
    """With each supported Python on this machine, a project sets up, trains, deploys and predicts."""
    if not (python := interpreter(version)):
        pytest.skip(f"no Python {version} here")
    folder = generate(tmp_path)

    run(folder, "make", "setup", f"PYTHON={python}")

    assert version in run(folder, ".venv/bin/python", "--version")
    run(folder, "make", "all", f"PYTHON={python}")


def interpreter(version: str) -> str | None:
    """A Python of this version that answers."""
    for python in (f"python{version}", *sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))):
        if shutil.which(python) and subprocess.run([python, "--version"], capture_output=True).returncode == 0:
            return python
    return None


def test_setup_needs_no_uv(tmp_path: Path) -> None:
    """Where uv is missing, venv and pip install the same lock, hashes required."""
    folder = generate(tmp_path)

    run(folder, "make", "setup", "UV=")

    assert "usage: churn" in run(folder, ".venv/bin/churn", "--help")


@pytest.mark.parametrize("case", load().questions["use_case"].values)
def test_a_new_lock_is_the_one_that_came(case: str, tmp_path: Path) -> None:
    """A fresh resolution of the rendered manifest gives the rendered locks: the closure of the chosen layers."""
    folder = generate(tmp_path, use_case=case)
    locks = {path: pinned(path) for path in folder.glob("requirements*.lock")}

    run(folder, "make", "lock")

    assert {path: pinned(path) for path in locks} == locks


def pinned(path: Path) -> set[str]:
    """The lines of a lock that name a package."""
    return {line.rstrip(" \\") for line in path.read_text("utf8").splitlines() if line[:1].isalnum()}
