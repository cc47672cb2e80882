"""What the tests of the runtime share: throw-away projects of each use case, and one model trained on each sample.

Tests meet the sample of tables, those in `timeseries/` the sample series, and those of a module that sets
`EACH_USE_CASE = True` both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.usecase.configuration import load
from sample_projects import USE_CASES, Configure, copied, rendered

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.pop("MLFLOW_TRACKING_URI", None)


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark of tests that hold for some use cases only."""
    config.addinivalue_line("markers", "only_in(use_case): in a module of all use cases, a test of this one alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Where a module says that it holds for any use case, its tests with a project run in each."""
    if getattr(metafunc.module, "EACH_USE_CASE", False) and "use_case" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("only_in")
        metafunc.parametrize("use_case", only.args if only else USE_CASES, indirect=True, scope="module")


@pytest.fixture(scope="module")
def use_case(request: pytest.FixtureRequest) -> str:
    """The use case of a test's projects."""
    return str(getattr(request, "param", "tabular"))


@pytest.fixture
def project(use_case: str, tmp_path: Path) -> Path:
    """A new project with a use case's conf/ and data/, and nothing trained."""
    return copied(rendered(use_case), tmp_path / "project", use_case)


@pytest.fixture
def configure(project: Path) -> Configure:
    """Compose the new project's configuration with overrides."""
    return lambda *changed: load(list(changed), project)


@pytest.fixture(scope="session")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A project of a use case whose quick model was trained on its sample, once for all tests of this process."""
    made: dict[str, Path] = {}

    def train(use_case: str) -> Path:
        from mlgen_runtime.core.progress import Steps
        from mlgen_runtime.training import pipeline

        if use_case not in made:
            root = copied(rendered(use_case), tmp_path_factory.mktemp("trained") / "project", use_case)
            pipeline.train(load(["+experiment=quick"], root), Steps(pipeline.STEPS))
            made[use_case] = root
        return made[use_case]

    return train


@pytest.fixture(scope="module")
def trained_once(use_case: str, trainings: Callable[[str], Path]) -> Path:
    """The trained project of a use case. Not to be changed by a test."""
    return trainings(use_case)


@pytest.fixture
def trained(trained_once: Path, tmp_path: Path) -> Path:
    """A copy of the trained project that a test may change."""
    return shutil.copytree(trained_once, tmp_path / "trained")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed bundle of three small files that no model is in."""
    place = tmp_path / "bundle"
    (place / "parts").mkdir(parents=True)
    (place / "model.bin").write_bytes(b"weights")
    (place / "parts" / "more.bin").write_bytes(b"more weights")
    bundle.write_json(place, "contract.json", {"task": "regression"})
    bundle.seal(place)
    return place


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store in a local folder."""
    return Store(tmp_path / "bundles")


@pytest.fixture
def publish(store: Store) -> Callable[[str], None]:
    """Publish a small bundle under a version."""

    def run(version: str) -> None:
        staged = store.stage()
        bundle.write_json(staged, "contract.json", {"version": version})
        bundle.seal(staged)
        store.publish(staged, version)

    return run
