"""The examples that stand in comments in a project's own modules: uncommented, they work as their docstrings say."""

from __future__ import annotations

import importlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from mlgen_runtime.contract import own
from mlgen_runtime.core import extensions
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load

TEMPLATE = Path(__file__).resolve().parents[3] / "template"
MODULES = sorted(path for path in TEMPLATE.glob("**/src/{{package}}/*.py") if path.name != "__init__.py")
KINDS = {"features": "feature", "models": "model", "metrics": "metric", "checks": "check", "alerts": "sink"}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The modules as they are once their examples are uncommented, by their names."""
    names = [f"uncommented_{path.stem}" for path in MODULES]
    for name, path in zip(names, MODULES, strict=True):
        (tmp_path / f"{name}.py").write_text(re.sub(r"(?m)^# ?", "", path.read_text("utf8")), "utf8")
    monkeypatch.syspath_prepend(tmp_path)
    with extensions.alone():
        yield names
    for name in names:
        sys.modules.pop(name, None)


def test_every_module_of_ones_own_has_an_example(examples: list[str]) -> None:
    """Each brings one thing of its kind, and says nothing that is not there."""
    for name, path in zip(examples, MODULES, strict=True):
        importlib.import_module(name)
        assert [entry.module for entry in extensions.registered(KINDS[path.stem]).values()] == [name]  # type: ignore[arg-type]


def test_the_examples_train_decide_and_check(examples: list[str], project: Path) -> None:
    """One run takes the feature, the model, the metric and the check; the check speaks where a row is wrong."""
    page = project / "conf" / "config.yaml"
    page.write_text(page.read_text("utf8").replace("extensions: []", f"extensions: [{', '.join(examples)}]"), "utf8")
    asked = ["model=random_forest", "model.n_estimators=20", "gate.metric=f2", "gate.resamples=50"]

    found = pipeline.train(load(asked, project), Steps(pipeline.STEPS, io.StringIO()))

    assert found.decision.metric == "f2"
    assert [feature.function for feature in found.prepared.contract.features] == ["above_poverty"]
    assert "random_forest" in {model.name for model in found.models}
    (check,) = own.checks({})
    said = extensions.registered("check")[check].function(pd.DataFrame({"age": [40.0, 130.0]}))
    assert [finding.column for finding in said] == ["age"]
