"""An explanation is asked for on every path, is the same on each, and is refused by name where there is none."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.edge import trial
from mlgen_runtime.rest import server
from mlgen_runtime.rest.openapi import document
from mlgen_runtime.rest.refusal import Refused
from mlgen_runtime.rest.served import Served
from mlgen_runtime.rest.settings import RestSettings
from mlgen_runtime.tabular.explanation import serving
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load as opened
from mlgen_runtime.usecase.loading import load_champion
from sample_projects import run_code

ROWS = 60


def service(root: Path) -> Served:
    """The champion as it is served."""
    return server.load(RestSettings(store=str(root / "bundles")))[1]


def asked(served: Served, records: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    """The answer to a request."""
    body = json.dumps({"records": records, **options}).encode()
    answer: dict[str, Any] = json.loads(served.respond(body, "r").body)
    return answer


@pytest.fixture
def refused(trained: Path) -> Path:
    """A bundle whose model cannot be explained."""
    folder = load_champion(load([], trained)).folder
    copy = Path(shutil.copytree(folder, trained / "refused"))
    (copy / serving.FILE).unlink()
    bundle.write_json(copy, serving.REASON, {"refused": "it is an estimator of the project's own"})
    bundle.seal(copy)
    return copy


@pytest.mark.parametrize("derives", [False, True])
def test_every_path_explains_alike(derives: bool, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, a bulk job, a request and the exported reader: the same digits, and a sum that is the log-odds; a derived
    feature has a value of its own."""
    monkeypatch.chdir(trained)
    if derives:
        more = ["features.ratio=income / (family_size + 1)", "gate.baseline=ahead"]
        assert main(["train", "+experiment=quick", *more]) == 0
        assert main(["promote"]) in (0, 2)
    monkeypatch.setattr(trial, "SECONDS", 0.01)
    rows = pd.read_csv("data/sample.csv", dtype=str, keep_default_na=False).head(ROWS)
    rows.to_csv("rows.csv", index=False)

    assert main(["predict", "input=rows.csv", "output=one.parquet", "explain=true"]) == 0
    assert main(["batch", "batch.input=rows.csv", "batch.output=two.parquet", "batch.explain=true"]) == 0
    assert main(["export", "edge.output=edge"]) == 0
    command = [sys.executable, "edge/reader.py", "--explain", "rows.csv"]
    lines = list(
        csv.DictReader(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
    )

    one, two = (pd.read_parquet(name) for name in ("one.parquet", "two.parquet"))
    served = service(trained)
    names = [column.name for column in served.contract.inputs]
    records = [{name: row[name] for name in names} for row in rows.to_dict("records")]
    found = asked(served, records, explain=True)["explanations"]
    shown = [*names, "ratio"] if derives else names
    columns = ["base_value", "explained_class", *(f"shap_{name}" for name in shown)]
    assert [column for column in one if column in columns] == columns
    for column in columns:
        expected = one[column].astype(str).tolist()
        assert two[column].astype(str).tolist() == expected
        assert [line[column] for line in lines] == expected
    assert one["base_value"].tolist() == [each["base_value"] for each in found]
    assert one["explained_class"].tolist() == [each["class"] for each in found]
    for name in shown:
        assert one[f"shap_{name}"].tolist() == [each["shap_values"][name] for each in found]
    odds = np.log(one["probability_yes"] / one["probability_no"])
    summed = one["base_value"] + one[[f"shap_{name}" for name in shown]].sum(axis=1)
    np.testing.assert_allclose(summed, odds, atol=1e-4)  # probabilities have six decimals
    assert len(one) == ROWS


def test_without_the_option_nothing_is_made_or_answered(trained_once: Path) -> None:
    """No entry more, and the trees are not even unpacked."""
    served = service(trained_once)

    answer = asked(served, served.example)

    assert set(answer) == {"predictions", "probabilities", "model_version", "request_id"}
    assert asked(served, served.example, explain=False).keys() == answer.keys()
    assert "explainer" not in vars(served.model.inference._explanation)  # type: ignore[attr-defined]


@pytest.mark.parametrize("value", ["yes", 1, None, []])
def test_a_wrong_explain_is_named(trained_once: Path, value: object) -> None:
    """422 with the field and what was expected."""
    served = service(trained_once)

    with pytest.raises(Refused) as caught:
        asked(served, served.example, explain=value)

    assert caught.value.status == 422
    assert isinstance(caught.value.detail, list)
    assert [(fault.where, fault.message.partition(",")[0]) for fault in caught.value.detail] == [
        (("body", "explain"), "expected true or false")
    ]


def test_a_slow_option_leaves_the_event_loop_alone(trained_once: Path) -> None:
    """A request that asks for explanations goes to the pool, all others are answered at once."""
    served = service(trained_once)

    assert served.quick(b'{"records": []}')
    assert not served.quick(b'{"records": [], "explain": true}')


def test_the_document_says_what_is_asked_and_answered(trained_once: Path, refused: Path) -> None:
    """OpenAPI shows the option and the explanations; of a model without any, that it can be false only."""
    made = document(service(trained_once))
    body = made["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["explain"]["type"] == "boolean"
    assert "explanations" in made["components"]["schemas"]["Prediction"]["properties"]

    other = document(Served(opened(refused), RestSettings()))
    body = other["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["explain"]["const"] is False
    assert "explanations" not in other["components"]["schemas"]["Prediction"]["properties"]


def test_a_model_that_cannot_be_explained_says_so(refused: Path) -> None:
    """A request gets 422 with the reason at the field; whoever does not ask is answered."""
    served = Served(opened(refused), RestSettings())

    with pytest.raises(Refused) as caught:
        asked(served, served.example, explain=True)

    assert caught.value.status == 422
    assert isinstance(caught.value.detail, list)
    assert [fault.where for fault in caught.value.detail] == [("body", "explain")]
    assert "cannot be explained: it is an estimator of the project's own" in caught.value.detail[0].message
    assert "explanations" not in asked(served, served.example, explain=False)


@pytest.mark.parametrize("verb", ["predict", "batch"])
def test_a_bundle_without_explanations_is_refused_by_the_setting(
    trained: Path, verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 and one line with the next step; nothing is written."""
    monkeypatch.chdir(trained)
    settings = ["+experiment=quick", "explanation.served=false", "gate.baseline=ahead"]
    assert main(["train", *settings]) == 0
    version = max(int(path.name) for path in Path("bundles").iterdir() if path.is_dir())
    assert not (Path("bundles") / str(version) / serving.FILE).exists()
    capsys.readouterr()
    given = {
        "predict": ["explain=true", "input=data/sample.csv", "output=one.csv"],
        "batch": ["batch.explain=true", "batch.input=data/sample.csv", "batch.output=one.csv"],
    }[verb]

    assert main([verb, f"version={version}", *given]) == 2

    said = capsys.readouterr().err
    assert f"{given[0].partition('=')[0]}: version {version}" in said
    assert "explanation.served" in said
    assert "train again" in said
    assert not Path("one.csv").exists()


def test_forecasts_are_not_explained(
    trainings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecaster takes no such option: 422 at the field, exit 2 and one line in a file or a bulk job."""
    root = trainings("timeseries")
    monkeypatch.chdir(root)
    served = service(root)

    with pytest.raises(Refused) as caught:
        asked(served, served.example, explain=True)
    assert caught.value.status == 422
    assert isinstance(caught.value.detail, list)
    assert [fault.where for fault in caught.value.detail] == [("body", "explain")]

    for words in (["predict", "explain=true"], ["batch", "batch.explain=true", "batch.output=never.csv"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert f"{words[1].partition('=')[0]}: version 1, a timeseries model, has no option 'explain'" in said
    assert not Path("never.csv").exists()


def test_a_server_needs_no_library_to_explain(trained_once: Path) -> None:
    """numpy and onnxruntime are what explains in a server, too."""
    code = """
import sys
from collections.abc import Callable
from pathlib import Path
from mlgen_runtime.usecase.loading import load
model = load(Path(sys.argv[1]))
found = model.predict(model.example(), explain=True)
assert any(name.startswith("shap_") for name in found)
print(sorted({"lightgbm", "xgboost", "sklearn", "pandas", "onnx", "scipy"} & sys.modules.keys()))
"""
    folder = load_champion(load([], trained_once)).folder

    assert run_code(code, folder).stdout.strip() == "[]"
