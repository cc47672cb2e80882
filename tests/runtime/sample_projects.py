"""Throw-away projects to run the runtime in: conf/ and data/ of each use case, as mlgen makes them.

folder = copied(rendered("tabular"), tmp_path / "project")     a project, and nothing trained in it
subprocess.run([*VERB, "train"], env=environment(), cwd=folder)
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import mlgen_runtime
from mlgen_runtime.config.run import RunConfig

from mlgen import render, source

Configure = Callable[..., RunConfig]

#: Where `mlgen_runtime` is imported from, and the modules that tests share.
VENDOR = Path(mlgen_runtime.__file__).parents[1]
TESTS = Path(__file__).parent
TEMPLATE = VENDOR.parent
#: A verb's command line begins so.
VERB = (sys.executable, "-m", "mlgen_runtime.cli")

#: The data settings of the bundled samples.
SAMPLES = {
    "tabular": "{path: data/sample.csv, version: null, test_path: null, target: saw_doctor, key: [], drop: []}",
    "timeseries": """
  path: data/sample.csv
  version: null
  test_path: null
  target: value
  time: month
  series: [measurement]
  horizon: 12
  frequency: null
  season: null
  past: []
  known_future: []
  static: []
  holidays: null
  drop: []
""",
}
USE_CASES = tuple(SAMPLES)
#: The layers of the template whose conf/ a project of a use case has.
LAYERS = {"tabular": ("rows", "tabular"), "timeseries": ("timeseries",)}
SHARED_LAYERS = ("rest", "batch", "edge", "monitor", "dvc", "delta")


def configuration_files(use_case: str) -> list[tuple[str, str]]:
    """The group and the name of each file that conf/ may have in a project of a use case."""
    layers = [TEMPLATE, *(TEMPLATE / f"{{{{{name}}}}}" for name in (*LAYERS[use_case], *SHARED_LAYERS))]
    found = {path for layer in layers for path in (layer / "conf").glob("*/*.yaml*")}
    return sorted((path.parent.name, path.name.partition(".")[0]) for path in found)


def rendered(use_case: str, data_versioning: str = "none") -> Path:
    """A project of a use case with every layer, as mlgen makes it; made once. Not to be changed by a test."""
    return _rendered(use_case, data_versioning)


@cache
def _rendered(use_case: str, data_versioning: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rendered-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    answers = {"use_case": use_case, "deployment": ["rest", "batch", "edge"], "data_versioning": data_versioning}
    render.render({"project_name": "churn", "monitoring": True, **answers}, folder / "churn", source.default())
    page = folder / "churn" / "conf" / "config.yaml"  # what is a user's own is tested in whole projects
    page.write_text(re.sub(r"extensions: \[.*\]", "extensions: []", page.read_text("utf8")), "utf8")
    return folder / "churn"


def copied(project: Path, target: Path, use_case: str = "tabular") -> Path:
    """Copy conf/ and the sample rows of a rendered project, with the settings of the sample in conf/project.yaml."""
    shutil.copytree(project / "conf", target / "conf")
    (target / "conf" / "project.yaml").write_text(f"# @package _global_\ndata: {SAMPLES[use_case]}\n", "utf8")
    (target / "data").mkdir()
    for path in (project / "data").glob("sample*"):
        shutil.copy(path, target / "data")
    return target


def run_code(code: str, *words: object, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python text in a process of its own that finds the runtime; `more` are variables for it."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, check=False)


def environment(**more: str) -> dict[str, str]:
    """The variables of a process that finds the runtime, and what tests share."""
    found = {**os.environ, "PYTHONPATH": os.pathsep.join((str(VENDOR), str(TESTS))), **more}
    found.pop("MLFLOW_TRACKING_URI", None)
    return found
