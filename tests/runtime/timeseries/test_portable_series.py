"""The forecaster's files: the modules that serve and no others, and a reader that says what the predictor says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.timeseries import portable
from mlgen_runtime.timeseries.portable import closure
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion

SERVING = ("inference", "answers", "forecast.lightgbm", "forecast.tft", "forecast.ets")


@pytest.fixture(scope="module")
def folder(trained_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model's files."""
    place = tmp_path_factory.mktemp("portable")
    config = load([], trained_once)
    portable.write(load_champion(config), config, place)
    return place


def test_imports_are_followed_where_they_happen(tmp_path: Path) -> None:
    """Imports at the top of a module count, packages included; those in functions and for types do not."""
    texts = {
        "__init__": "",
        "a": "from . import b\nfrom .c.d import name\nimport os\ndef f():\n    from . import late\n",
        "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import typed\n",
        "c/__init__": "from ..e import more\n",
        "c/d": "",
        "e": "",
        "late": "",
        "typed": "",
    }
    for name, text in texts.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf8")

    assert closure.modules(["a"], tmp_path) == {"a", "b", "c", "c.d", "e"}


def test_what_serves_holds_nothing_that_trains() -> None:
    """No module of the closure belongs to the data, the models in training, or the configuration."""
    names = closure.modules([f"timeseries.{name}" for name in SERVING])

    assert {"timeseries.inference", "timeseries.panel", "timeseries.forecast.lags"} <= names
    assert not {name for name in names if name.startswith("timeseries.model")}
    assert not {name for name in names if name.split(".")[0] in ("config", "data", "training", "usecase", "cli")}


def test_the_reader_says_what_the_predictor_says(folder: Path, trained_once: Path) -> None:
    """For every question, in a process that has nothing but the folder."""
    config = load([], trained_once)
    model = load_champion(config)
    questions = portable.questions(model, config, 300)
    (folder / "questions.json").write_text(json.dumps([list(question.rows) for question in questions]), "utf8")
    script = "import json, reader; model = reader.Model(); print(json.dumps([model.predict(rows) for rows in json.load(open('questions.json'))]))"  # noqa: E501

    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True)

    assert any(question.spoilt for question in questions)
    assert json.loads(done.stdout) == [portable.answers(model, question) for question in questions]


def test_the_command_line_prints_every_series(folder: Path, tmp_path: Path) -> None:
    """With a horizon and levels of one's own, and with newer values from a CSV file; a bad cell is one line, exit 2."""

    def run(*words: object, code: int = 0) -> str:
        command = [sys.executable, str(folder / "reader.py"), *map(str, words)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    header, *lines = run("--horizon", 2, "--quantiles", "0.5").splitlines()
    assert header == "measurement,month,prediction,quantile_0.5"
    series = {line.split(",")[0] for line in lines}
    assert len(lines) == 2 * len(series) > 2

    newer = tmp_path / "newer.csv"
    newer.write_text("measurement,month,value\ncarbon_dioxide,2002-01-01,NA\ncarbon_dioxide,2002-02-01,400\n", "utf8")
    moved = [line for line in run(newer, "--horizon", 1).splitlines() if line.startswith("carbon_dioxide")]
    assert moved[0].startswith("carbon_dioxide,2002-03-01,")

    newer.write_text("measurement,month,value\ncarbon_dioxide,2002-01-01,much\n", "utf8")
    assert run(newer, code=2) == "column 'value' holds 'much' in row 1, expected a number\n"


def test_a_member_in_a_library_s_own_format_stays(trained: Path, tmp_path: Path) -> None:
    """Without an exact ONNX graph there is nothing to take along."""
    config = load([], trained)
    model = load_champion(config)
    path = model.folder / "inference.json"
    facts = json.loads(path.read_text("utf8"))
    facts["forecaster"] = {"name": "blend", "members": [{"name": "lightgbm", "format": "lightgbm", "weight": 1}]}
    path.write_text(json.dumps(facts), "utf8")

    with pytest.raises(InputError, match="lightgbm as lightgbm"):
        portable.write(model, config, tmp_path)
