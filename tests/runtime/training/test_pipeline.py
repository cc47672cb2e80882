"""Training end to end on the sample rows: the same twice, gated, and safe against kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import ledger
from mlgen_runtime.bundle.store import STAGING, Store
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.usecase import loading
from mlgen_runtime.usecase.configuration import load
from sample_projects import VERB, environment, run_code

QUICK = "+experiment=quick"


def run(root: Path, *words: str) -> int:
    """Run the command line in a project."""
    before = Path.cwd()
    os.chdir(root)
    try:
        return main(words)
    finally:
        os.chdir(before)


def report(root: Path, verb: str = "train") -> dict[str, Any]:
    """What a verb wrote to reports/."""
    found: dict[str, Any] = json.loads((root / "reports" / f"{verb}.json").read_text("utf8"))
    return found


def client(root: Path) -> Any:
    """MLflow's client of a project."""
    from mlgen_runtime.training import mlflow_connection as connection

    return connection.connect(connection.located("sqlite:///mlflow.db", root))


def versions(root: Path) -> dict[str, Any]:
    """The registered versions of a project by number."""
    name = load([], root).tracking.model_name
    return {str(version.version): version for version in client(root).search_model_versions(f"name = '{name}'")}


def test_a_first_training_makes_a_champion_that_predicts(trained: Path) -> None:
    """A whole bundle, the pointer on it, a row in the ledger, and figures that the report repeats."""
    store = Store(trained / "bundles")
    pointer = store.champion()
    assert pointer is not None

    served = loading.load(store.fetch(pointer.bundle), manifest=pointer.manifest)

    assert served.version == pointer.version == "1"
    assert [row.version for row in ledger.rows(store)] == ["1"]
    assert set(served.lineage) >= {"commit", "fingerprint", "lock", "seed", "run_id"}
    assert served.card["model"]
    assert set(bundle.read_json(served.folder, "reference.json")["inputs"]) == {c.name for c in served.contract.inputs}


def test_mlflow_holds_the_run_the_native_model_and_the_aliases(trained: Path) -> None:
    """Parameters, metrics of each class, the data set, pictures, one card, the bundle, a signature."""
    api = client(trained)
    [(number, version)] = versions(trained).items()
    run = api.get_run(version.run_id)
    files = {entry.path for entry in api.list_artifacts(version.run_id)}

    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "42"
    assert any(name.startswith("f1_") for name in run.data.metrics) or "rmse" in run.data.metrics
    assert run.inputs.dataset_inputs
    assert {"bundle", "card.html", "config.json", "plots"} <= files
    assert number == "1"
    assert int(api.get_model_version_by_alias(version.name, "champion").version) == 1
    from mlflow.models import get_model_info

    assert get_model_info(f"models:/{version.name}@champion").signature is not None


def test_a_second_training_gives_the_same_bundle_and_changes_nothing(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, but for the run's id; the champion stays, the new version is the challenger; strict exits 3.

    Which engine scores many rows, and so a file or two, is measured each time: here both are equally quick.
    """
    monkeypatch.setattr("mlgen_runtime.tabular.model.engines.rates", lambda *_: (1.0, 1.0))
    for _ in range(2):
        assert run(trained, "train", QUICK, "gate.strict=true") == 3

    first, second = (trained / "bundles" / version for version in ("2", "3"))
    differing = {path.name for path in first.iterdir() if path.read_bytes() != (second / path.name).read_bytes()}
    assert differing == {"lineage.json", "manifest.json"}
    lineages = [bundle.read_json(folder, "lineage.json") for folder in (first, second)]
    assert {name for name in lineages[0] if lineages[0][name] != lineages[1][name]} == {"run_id"}
    assert report(trained)["champion"] == "1"
    assert report(trained)["promoted"] is None
    name = load([], trained).tracking.model_name
    assert int(client(trained).get_model_version_by_alias(name, "challenger").version) == 3


def noise(folder: Path, classes: bool) -> Path:
    """Rows whose target has nothing to do with their inputs."""
    random = np.random.default_rng(7)
    table = pd.DataFrame(random.normal(size=(600, 5)), columns=list("abcde"))
    table["target"] = np.where(random.random(600) < 0.4, "yes", "no") if classes else random.normal(size=600)
    path = folder / "noise.csv"
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("classes", "simplest"), [(True, "majority"), (False, "mean")])
def test_on_noise_the_baseline_is_promoted(trained: Path, classes: bool, simplest: str) -> None:
    """And the gate says so; what serves then predicts. (No bundle is there yet; MLflow's database is, to save time.)"""
    shutil.rmtree(trained / "bundles")
    path = noise(trained, classes)

    assert run(trained, "train", QUICK, f"data.path={path}", "data.target=target") == 0

    found = report(trained)
    assert found["promoted"] == simplest
    assert f"the baseline {simplest} is promoted" in found["decision"]
    assert run(trained, "predict", f"input={path}", "output=out.csv") == 0


def test_a_champion_of_another_contract_is_not_compared(trained: Path) -> None:
    """The schema moved on: the candidate faces the baseline alone, and the report says so."""
    config = load([QUICK], trained)
    dropped = config_inputs(trained)[0]

    assert run(trained, "train", QUICK, f"data.drop=[{dropped}]") == 0

    found = report(trained)
    assert not [entrant for entrant in found["entrants"] if entrant["kind"] == "champion"]
    assert any("cannot be compared" in note and dropped in note for note in found["notes"])
    assert config.bundle.store == "bundles"


def two_targets(root: Path) -> tuple[str, ...]:
    """Rows with two columns to predict, the settings of each, and a champion that predicts the first."""
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(600, 3)), columns=list("abc"))
    table["churned"] = np.where(table["a"] + 0.3 * random.normal(size=600) > 0, "yes", "no")
    table["spend"] = 10 * table["b"] + random.normal(size=600)
    table.to_csv(root / "two.csv", index=False)
    return (QUICK, "data.path=two.csv", "contract.write=true")


@pytest.mark.parametrize(
    ("strict", "code"), [("gate.strict=false", 0), ("gate.strict=true", 3)], ids=["as it is", "strict"]
)
def test_a_champion_of_another_target_serves_on_until_it_is_told_not_to(
    trained: Path, capsys: pytest.CaptureFixture[str], strict: str, code: int
) -> None:
    """The better model for the new target is registered, not promoted; the last line is the command that would."""
    shutil.rmtree(trained / "bundles")
    words = two_targets(trained)
    assert run(trained, "train", *words, "data.target=churned", "data.drop=[spend]") == 0
    serving = report(trained)["champion"]

    capsys.readouterr()
    assert run(trained, "train", *words, "data.target=spend", "data.drop=[churned]", strict) == code

    found, last = report(trained), capsys.readouterr().out.strip().splitlines()[-1]
    assert found["champion"] == serving is not None and found["promoted"] is None
    assert "it predicts churned (binary: no, yes), and this one predicts spend (regression)" in found["decision"]
    assert f"promote version={found['version']}   # not promoted: version {serving} serves on" in last
    assert run(trained, "promote", f"version={found['version']}") == 0
    champion = Store(trained / "bundles").champion()
    assert champion is not None and champion.version == found["version"]


def test_what_a_champion_predicts_counts_even_where_it_cannot_be_loaded(trained: Path) -> None:
    """A file of its bundle is gone: that is no reason to put a model of something else in its place."""
    shutil.rmtree(trained / "bundles")
    words = two_targets(trained)
    assert run(trained, "train", *words, "data.target=churned", "data.drop=[spend]") == 0
    serving = report(trained)["champion"]
    (trained / "bundles" / serving / "metrics.json").unlink()

    assert run(trained, "train", *words, "data.target=spend", "data.drop=[churned]") == 0

    assert report(trained)["champion"] == serving and report(trained)["promoted"] is None


def config_inputs(root: Path) -> list[str]:
    """The inputs of the champion."""
    return [column.name for column in loading.load_champion(load([], root)).contract.inputs]


def test_a_new_mlflow_beside_an_old_store_takes_the_next_free_version(trained: Path) -> None:
    """Losing mlflow.db neither stops the next training nor overwrites a bundle."""
    (trained / "mlflow.db").unlink()
    before = bundle.digest(trained / "bundles" / "1" / bundle.MANIFEST)

    assert run(trained, "train", QUICK) == 0

    assert report(trained)["version"] == "2"
    assert bundle.digest(trained / "bundles" / "1" / bundle.MANIFEST) == before


def test_wrong_input_leaves_nothing_behind(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that is not there: one line, exit 2, not a file more."""
    before = sorted(path for path in project.rglob("*"))

    assert run(project, "train", "data.path=data/sample.csv", "data.target=nonsense") == 2

    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert sorted(path for path in project.rglob("*")) == before


#: What the killed process does instead of its step's last call: it dies, as by the kernel's hand.
KILLER = """
import os, signal, sys
from mlgen_runtime.bundle import store
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.training import run_context
from mlgen_runtime.training.tracking_process import TrackingProcess
place, name = sys.argv[1].split(".")
owner = {"tracking": TrackingProcess, "store": store.Store, "run_context": run_context.RunContext}[place]
original = getattr(owner, name)
def die(*given, **named):
    if sys.argv[2] == "after":
        original(*given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, die)
sys.exit(main(["train", "+experiment=quick", "seed=7"]))
"""


#: Where it dies: with everything staged; after the version, before its bundle; between pointer and ledger.
POINTS = (("tracking.files", "after"), ("run_context.register", "after"), ("store.point", "after"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_at_any_point_nothing_half_registered_remains(trained: Path) -> None:
    """A bundle without a version, a version without a bundle, a pointer without a row: none outlives the next run."""
    for point, when in POINTS:
        if point == "store.point":
            shutil.rmtree(trained / "bundles")  # so that the model is promoted, and the pointer moves
        killed = run_code(KILLER, point, when, cwd=trained)
        assert killed.returncode == -signal.SIGKILL, killed.stderr

    assert run(trained, "train", QUICK) == 0

    store = Store(trained / "bundles")
    assert set(versions(trained)) - {"1"} == set(store.versions()) - {"1"}
    for version in store.versions():
        bundle.verify(store.fetch(version))
    assert not [path for path in store.folder.iterdir() if path.name.startswith(STAGING)]
    pointer = store.champion()
    assert pointer is not None
    assert ledger.rows(store)[-1] == ledger.of(pointer)
    name = load([], trained).tracking.model_name
    assert str(client(trained).get_model_version_by_alias(name, "champion").version) == pointer.version
    statuses = [run.info.status for run in client(trained).search_runs(["1"])]
    assert statuses.count("KILLED") == len(POINTS)
    assert "RUNNING" not in statuses


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_killed_from_outside_in_mid_training_the_next_run_works(project: Path) -> None:
    """A real kill -9 from another process while the model is fitted."""
    variables = environment(PYTHONUNBUFFERED="1")
    with subprocess.Popen(
        [*VERB, "train", QUICK], cwd=project, env=variables, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip().startswith("baseline"):
                process.kill()
                break
    assert process.returncode == -signal.SIGKILL

    assert run(project, "train", QUICK) == 0
    assert set(versions(project)) == set(Store(project / "bundles").versions())
    assert report(project)["champion"] == report(project)["version"]
