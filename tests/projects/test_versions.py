"""Versions of data in projects that are installed: made, trained on, changed, and an old run made again to the bit.

Slow: an environment and four trainings for each layer, so `make test-fast` leaves this file out.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generated_projects import run

FILE = "data/raw/my rows.csv"
#: Rows that the second version lacks.
TAKEN = 400
IDENTITY = {
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
}


def trained(project: Path, *words: str) -> dict[str, Any]:
    """Train with the project's defaults and return the report."""
    run(project, ".venv/bin/churn", "train", *words)
    found: dict[str, Any] = json.loads((project / "reports" / "train.json").read_text("utf8"))
    return found


def files(project: Path, report: dict[str, Any]) -> dict[str, str]:
    """File to sha256 in a run's bundle, without what names the run."""
    manifest = json.loads((project / report["bundle"] / "manifest.json").read_text("utf8"))
    return {name: digest for name, digest in manifest["files"].items() if name != "lineage.json"}


def again(project: Path, path: str, snapshot: Callable[[], None]) -> None:
    """Train on two versions, then at the first one again: all models and the bundle's files are as they were."""
    snapshot()
    first = trained(project, path)
    lines = (project / FILE).read_text("utf8").splitlines(keepends=True)
    (project / FILE).write_text("".join(lines[:-TAKEN]), "utf8")
    snapshot()
    second = trained(project, path)

    made = trained(project, path, f"data.version={first['data']['version']}")

    models = [
        {entrant["name"]: entrant["sha256"] for entrant in report["entrants"] if entrant["kind"] != "champion"}
        for report in (first, second, made)
    ]
    assert models[0] == models[2] != models[1] and all(models[0].values())
    assert files(project, first) == files(project, made) != files(project, second)
    assert first["data"] == made["data"] and first["data"]["fingerprint"] != second["data"]["fingerprint"]
    assert first["details"] == made["details"]


@pytest.fixture
def project(request: pytest.FixtureRequest, installed: Callable[..., Path]) -> Path:
    """A project that keeps versions, installed and under git; `make all` has run on the sample, beside its own rows."""
    made = installed(deployment=["batch"], monitoring=False, data_versioning=request.param)
    run(made, "git", "add", "--all")
    run(made, "git", "commit", "--quiet", "--message", "start", **IDENTITY)
    run(made, "make", "all")
    (made / "data" / "raw").mkdir()
    shutil.copy(made / "data" / "sample.csv", made / FILE)
    return made


@pytest.mark.parametrize("project", ["dvc"], indirect=True)
def test_dvc_makes_an_old_run_again_and_a_clone_whole(project: Path, tmp_path: Path) -> None:
    """To the bit; the pipeline runs once and no more; a fresh clone fetches its data."""
    settings = project / "conf" / "data" / "default.yaml"
    settings.write_text(settings.read_text("utf8").replace("path: data/sample.csv", f"path: {FILE}", 1), "utf8")

    def snapshot() -> None:
        run(project, "make", "snapshot")
        run(project, "git", "add", "--all")
        run(project, "git", "commit", "--quiet", "--message", "data", **IDENTITY)

    again(project, "seed=42", snapshot)
    run(project, "make", "repro")
    assert "Data and pipelines are up to date" in run(project, "make", "repro")

    clone = tmp_path / "clone"
    run(tmp_path, "git", "clone", "--quiet", project, clone)
    (clone / ".dvc" / "config.local").write_text(
        f"['remote \"local\"']\n    url = {project.parent / 'churn-dvc'}\n", "utf8"
    )
    run(clone, project / ".venv/bin/dvc", "pull", DVC_NO_ANALYTICS="true")
    assert (clone / FILE).read_bytes() == (project / FILE).read_bytes()


@pytest.mark.parametrize("project", ["delta"], indirect=True)
def test_delta_makes_an_old_run_again(project: Path) -> None:
    """To the bit, and batch scores a version of the same table."""

    def snapshot() -> None:
        run(project, ".venv/bin/churn", "snapshot", f"data.path={FILE}")

    again(project, "data.path=delta://data/table", snapshot)
    run(project, ".venv/bin/churn", "batch", "batch.input=delta://data/table@0", "batch.output=reports/answers.parquet")

    report = json.loads((project / "reports" / "batch.json").read_text("utf8"))
    now = len((project / FILE).read_text("utf8").splitlines()) - 1
    assert report["rows_written"] == now + TAKEN
