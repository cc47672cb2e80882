"""Versions of data: what the root does with whoever keeps them, and without anybody."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlgen_runtime import contract
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data import tables
from mlgen_runtime.data import versions as versioning
from mlgen_runtime.data.versions import Version
from mlgen_runtime.usecase import registry
from mlgen_runtime.usecase.resolve import resolve
from sample_projects import Configure

#: This module runs in each use case.
EACH_USE_CASE = True


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No layer keeps versions."""
    monkeypatch.setattr(versioning, "keepers", lambda root: [])


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch, project: Path) -> SimpleNamespace:
    """Somebody who keeps data/kept.csv: version 2 are all rows of the sample, version 1 all but some."""
    texts = (project / "data" / "sample.csv").read_text("utf8").splitlines(keepends=True)
    (project / "1").write_text("".join(texts[:1] + texts[3:]), "utf8")
    (project / "2").write_text("".join(texts), "utf8")

    @contextlib.contextmanager
    def opened(path: str, version: str | None, root: Path) -> Iterator[Path]:
        yield root / (version or "2")

    found = SimpleNamespace(
        covers=lambda path, root: path == "data/kept.csv",
        version=lambda path, asked, root: Version(asked or "2"),
        opened=opened,
        along=lambda path, asked, root: asked,
        contract=lambda path, asked, file, root: None,
    )
    monkeypatch.setattr(versioning, "_keeper", lambda path, root: found if found.covers(path, root) else None)
    return found


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["data.version=3"], ["data.version=3", "keeps no versions", "data_versioning=dvc"]),
        (["data.version=12e4567"], ["data.version=12e4567", "keeps no versions"]),
        (["data.path=delta://table"], ["delta://table", "reads no Delta tables", "data_versioning=delta"]),
        (["data.path=delta://table@3"], ["reads no Delta tables", "data_versioning=delta"]),
        (["data.path=delta://table", "data.version=3"], ["data.version=3", "data_versioning=delta"]),
    ],
)
@pytest.mark.parametrize("verb", ["train", "contract"])
def test_a_version_that_nobody_keeps_is_refused_in_one_line(
    verb: str,
    changed: list[str],
    words: list[str],
    nobody: None,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says what would keep one, and nothing is written."""
    monkeypatch.chdir(project)

    assert main([verb, *changed]) == 2

    [line] = capsys.readouterr().err.splitlines()
    assert [word for word in words if word not in line] == [], line
    assert not (project / "reports").exists() and not (project / "data" / "contract.yaml").exists()


def test_without_a_keeper_rows_have_no_version(nobody: None, configure: Configure) -> None:
    """They are read as they are, and have their fingerprint all the same."""
    config = configure()

    settled = resolve(config)

    assert settled.version is None
    assert len(tables.fingerprint(contract.conform(settled.frame, settled.contract))) == 64


def test_the_rows_of_a_version_are_read(keeper: SimpleNamespace, configure: Configure) -> None:
    """Those that were asked for, or the newest, which are then named."""
    first, newest = (configure("data.path=data/kept.csv", *more) for more in (["data.version=1"], []))

    settled = [resolve(config) for config in (first, newest)]

    assert [found.version for found in settled] == ["1", "2"]
    assert len(settled[1].frame) == len(settled[0].frame) + 2


def test_the_contract_of_a_version_holds(keeper: SimpleNamespace, configure: Configure) -> None:
    """Where the keeper has the contract of then, rows are held to it, and the difference is told."""
    asked = ("data.path=data/kept.csv", "data.version=1")
    now, before = configure("data.path=data/kept.csv"), configure(*asked)
    resolve(now).save()
    file = now.root / now.contract.path
    then = file.read_text("utf8")
    today = contract.load(file, registry.of(now).vocabulary)
    units = {today.target.name: "furlong"}
    columns = tuple(dataclasses.replace(column, unit=units.get(column.name)) for column in today.columns)
    contract.dump(dataclasses.replace(today, columns=columns), file)
    keeper.contract = lambda path, asked, file, root: then

    settled = resolve(before)

    assert contract.dumps(settled.contract) == then
    assert any("the contract is that of version 1" in line for line in settled.notes)


def test_everything_about_a_run_names_the_version(keeper: SimpleNamespace, configure: Configure) -> None:
    """MLflow's tags, the bundle's lineage, the report and the model card."""
    from mlgen_runtime.cli import train
    from mlgen_runtime.training import mlflow_connection as connection

    config = configure("+experiment=quick", "data.path=data/kept.csv", "data.version=1")

    summary = train.run(config).summary

    run = connection.connect(connection.located("sqlite:///mlflow.db", config.root)).get_run(summary["run_id"])
    lineage = bundle.read_json(config.root / "bundles" / "1", "lineage.json")
    card = (config.root / "reports" / "train.html").read_text("utf8")
    assert run.data.tags["data.version"] == lineage["data_version"] == summary["data"]["version"] == "1"
    assert run.data.tags["data.fingerprint"] == lineage["fingerprint"] == summary["data"]["fingerprint"]
    assert json.loads(run.inputs.dataset_inputs[0].dataset.source)["version"] == "1"
    assert "data version" in card


def test_a_table_of_test_rows_goes_along(keeper: SimpleNamespace, configure: Configure) -> None:
    """At the version that was asked for, where somebody keeps it."""
    config = configure("data.path=data/sample.csv", "data.test_path=data/kept.csv")
    asked = [versioning.along("data/kept.csv", version, config.root) for version in ("1", None)]

    assert asked == ["1", None]
    with pytest.raises(InputError, match="data.version=1"):
        tables.read("data/sample.csv", config.data, config.root, "1")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("delta://data/table", "delta://data/table"),
        ("delta://data/table@3", "delta://data/table"),
        ("delta://data/a@b/table@2026-01-31T06:00:00+01:00", "delta://data/a@b/table"),
        ("delta://data/table@x", "delta://data/table@x"),
    ],
)
def test_a_table_is_one_table_at_any_version(path: str, folder: str, configure: Configure) -> None:
    """The contract's source and the lineage name the table, and the version apart."""
    config = configure(f"data.path={path}")

    assert versioning.bare(path) == folder == tables.source(config.data, config.root)
