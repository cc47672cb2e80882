"""Features of a project's own code: inputs of every model, named and hashed in its bundle, never exported."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.core import extensions
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.extend import feature, registered
from mlgen_runtime.tabular import portable
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.loading import load_champion
from sample_projects import copied, rendered

QUICK = ("+experiment=quick", "gate.baseline=ahead", "gate.margin=-1")


def share(income: Any, family_size: Any) -> Any:
    """What a member of the family has, up to a bound."""
    return np.minimum(income / family_size, 5000.0)


def band(age: Any) -> Any:
    """A category with a gap."""
    return np.where(np.isnan(age), None, np.where(age < 40, "young", "old"))


def late(share: Any) -> Any:
    """A moment, from another feature."""
    return np.datetime64("2024-01-01", "us") + np.nan_to_num(share).astype("m8[h]")


def offer() -> None:
    """Register all of them."""
    feature(type="number")(share)
    feature(type="category")(band)
    feature(type="moment")(late)


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """No extension but those of a test."""
    with extensions.alone():
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose champion takes the features, and an expression on one of them. Not to be changed by a test."""
    root = copied(rendered("tabular"), tmp_path_factory.mktemp("own") / "project")
    with extensions.alone():
        offer()
        pipeline.train(load([*QUICK, "features.half=share / 2"], root), Steps(pipeline.STEPS, io.StringIO()))
    return root


def test_a_bundle_names_and_hashes_the_code_it_needs(project: Path) -> None:
    """bundle.json and the lineage have kind, name, module and sha256 of each; the contract what it takes and gives."""
    offer()
    model = load_champion(load([], project))
    entries = bundle.read_json(model.folder, "bundle.json")["extensions"]

    own = registered("feature")
    assert [(entry["kind"], entry["name"], entry["sha256"]) for entry in entries] == [
        ("feature", name, own[name].sha256) for name in ("share", "band", "late")
    ]
    assert [entry["name"] for entry in model.lineage["extensions"]] == ["share", "band", "late"]
    assert model.contract.to_dict()["features"] == {
        "share": {"function": "share", "type": "number", "columns": ["income", "family_size"]},
        "band": {"function": "band", "type": "category", "columns": ["age"]},
        "late": {"function": "late", "type": "moment", "columns": ["share"]},
        "half": {"expression": "share / 2", "type": "number"},
    }
    assert {"share", "band", "late", "half"} <= set(model.card["importance"])


def test_it_is_computed_for_one_row_and_for_many(project: Path) -> None:
    """The same answers, and gaps are gaps."""
    offer()
    model = load_champion(load([], project))
    columns = {name: cells * 20 for name, cells in model.example().items()}
    columns["income"] = [*range(0, 100_000, 5000)]
    many = model.predict(columns)["probability_yes"]
    ones = [model.predict({name: [cells[at]] for name, cells in columns.items()}) for at in range(20)]
    derived = model.derived({**columns, "age": [None, *columns["age"][1:]]})

    assert [one["probability_yes"].item() for one in ones] == many.tolist()
    assert derived["band"].tolist()[:2] == [None, "young"]
    assert derived["share"].max() == 5000.0 and derived["half"].max() == 2500.0
    assert derived["late"].dtype.kind == "M"


def test_a_bundle_is_not_opened_without_its_code_or_with_other_code(project: Path) -> None:
    """Not registered, and changed: one line each, with the next step."""
    config = load([], project)
    with pytest.raises(
        InputError, match="it needs the feature 'share' of the project's own code, which is not registered"
    ):
        load_champion(config)

    offer()
    other = extensions.Extension("feature", "share", band, {"type": "number", "columns": ("age",)})
    extensions._TABLES["feature"]["share"] = other
    with pytest.raises(InputError, match="the feature 'share' in .* is not the code that it was made with"):
        load_champion(config)


def test_export_refuses_code_in_a_sentence(project: Path, tmp_path: Path) -> None:
    """A folder holds data only."""
    offer()
    config = load([], project)

    with pytest.raises(
        InputError, match="takes the feature 'share' from the project's own code, and a folder holds data"
    ):
        portable.write(load_champion(config), config, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda age: 3.0, "gave one value for"),
        (lambda age: age[:5], "gave 5 for"),
        (lambda age: np.full(len(age), "x"), "gave something that is no number"),
    ],
)
def test_what_is_no_column_is_refused(tmp_path: Path, given: Any, words: str) -> None:
    """One value for all rows, too few of them, texts for numbers: the feature is named."""
    root = copied(rendered("tabular"), tmp_path / "project")
    given.__name__ = "odd"
    feature(type="number")(given)

    with pytest.raises(InputError, match=f"the feature 'odd' {words}"):
        pipeline.train(load(QUICK, root), Steps(pipeline.STEPS, io.StringIO()))


def test_its_arguments_are_columns(tmp_path: Path) -> None:
    """An argument that no column has is named with the nearest one; columns= says what arguments cannot be called."""
    root = copied(rendered("tabular"), tmp_path / "project")
    feature(type="number")(wrong := lambda incme: incme)
    assert wrong
    with pytest.raises(InputError, match="takes 'incme', and there is no such column \\(did you mean 'income'\\?\\)"):
        pipeline.train(load(QUICK, root), Steps(pipeline.STEPS, io.StringIO()))

    with pytest.raises(InputError, match="@feature: type is 'float'; expected one of number, boolean"):
        feature(type="float")(band)  # type: ignore[arg-type]


def test_one_may_be_left_out_and_none_may_share_a_name(project: Path, tmp_path: Path) -> None:
    """null leaves it out of a run; an expression of its name is refused."""
    offer()
    root = copied(rendered("tabular"), tmp_path / "project")

    found = pipeline.train(load([*QUICK, "features.late=null"], root), Steps(pipeline.STEPS, io.StringIO()))

    assert [each.name for each in found.prepared.contract.features] == ["share", "band"]
    with pytest.raises(InputError, match="features.share: .* has a function of that name already"):
        load_contract(root, "features.share=income")


def test_a_contract_that_names_lost_code_says_so(project: Path) -> None:
    """Its module is to be listed again, or the feature left out."""
    with pytest.raises(InputError, match="features.share: the contract takes it from the function 'share'.*share=null"):
        load_contract(project)


def test_a_server_finds_the_module_that_the_bundle_names(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads no conf/: what stands in the project's own src/ is imported, and nothing else is."""
    from mlgen_runtime.usecase import loading

    folder = tmp_path / "src" / "shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("", "utf8")
    (folder / "features.py").write_text("", "utf8")
    monkeypatch.setattr(loading, "ROOT", tmp_path / "vendor" / "mlgen_runtime")

    assert loading._is_own("shop.features")
    assert not any(map(loading._is_own, ("os", "shop.other", "..shop.features", "json", "")))


def load_contract(root: Path, *changed: str) -> Any:
    """What `contract` works with."""
    from mlgen_runtime.usecase.resolve import resolve

    return json.dumps(resolve(load([*changed], root)).contract.to_dict())
