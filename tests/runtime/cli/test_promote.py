"""`promote` and `rollback` on the command line: pointer, ledger and alias move together, MLflow or not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import ledger
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.cli.__main__ import main

#: This module runs in each use case.
EACH_USE_CASE = True


@pytest.fixture
def store(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a trained project with a second bundle, unknown to MLflow; the current folder is there."""
    monkeypatch.chdir(trained)
    found = Store(Path("bundles"))
    staged = found.stage()
    shutil.copytree(found.fetch("1"), staged, dirs_exist_ok=True)
    bundle.seal(staged)
    found.publish(staged, "2")
    return found


def champion(store: Store) -> str | None:
    """The version that serves."""
    pointer = store.champion()
    return pointer.version if pointer else None


def test_promote_and_rollback_move_the_champion(store: Store) -> None:
    """There and back, each with a row in the ledger and a report."""
    assert main(["promote", "version=2"]) == 0
    assert champion(store) == "2"

    assert main(["rollback"]) == 0
    assert champion(store) == "1"

    assert [(row.action, row.version) for row in ledger.rows(store)][1:] == [("promote", "2"), ("rollback", "1")]
    assert json.loads(Path("reports/rollback.json").read_text("utf8"))["version"] == "1"


def test_promote_takes_the_latest_version_where_none_is_named(store: Store) -> None:
    """That is what the setting's comment says."""
    assert main(["promote"]) == 0
    assert champion(store) == "2"


@pytest.mark.parametrize("verb", ["promote", "rollback"])
def test_a_wrong_version_is_one_line_with_those_that_exist(
    store: Store, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    """Nothing moves."""
    assert main([verb, "version=77"]) == 2

    [line] = capsys.readouterr().err.strip().splitlines()
    assert "'77'" in line
    assert champion(store) == "1"


def test_the_champion_moves_without_mlflow(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The tracking server is down: servers follow all the same, and the terminal says what did not happen."""
    assert main(["promote", "version=2", "tracking.uri=http://127.0.0.1:9"]) == 0

    assert champion(store) == "2"
    assert "alias" in capsys.readouterr().out


def test_promoting_in_a_project_without_models_names_the_next_step(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Train first."""
    monkeypatch.chdir(project)

    assert main(["promote"]) == 2
    assert main(["rollback"]) == 2

    assert "train" in capsys.readouterr().err
