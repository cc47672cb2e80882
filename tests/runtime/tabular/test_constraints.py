"""Constraints of the contract hold in the model that is served, and those that nobody could keep are one line."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from mlgen_runtime.contract import features as deriving
from mlgen_runtime.contract import file
from mlgen_runtime.contract.schema import Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import target as targets
from mlgen_runtime.rows.contract.overriding import overridden
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.tabular import inference, model, portable, preprocessing
from mlgen_runtime.tabular.model import boosting, constraints
from mlgen_runtime.tabular.model.candidate import Fitted
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY as OF_SERIES

MODELS = tuple(model.MODELS)


def bound(task: str = "regression", interactions: Any = (), **entries: str) -> Contract:
    """The toy's contract with `monotone` of columns."""
    found = toy.contract(task)
    columns = [dataclasses.replace(column, monotone=entries.get(column.name)) for column in found.columns]
    return dataclasses.replace(found, columns=tuple(columns), interactions=interactions)


def wavy(task: str, rows: int = 500) -> Any:
    """Training rows whose target rises with `amount` and falls with `size` but for waves and noise, which a free model
    follows."""
    frame = toy.frame(rows)
    noise = np.random.default_rng(1).normal(size=rows)
    amount = frame["amount"].fillna(0)
    values = amount + 1.5 * np.sin(3 * amount) - frame["size"] / 20 + np.sin(frame["size"]) + 0.3 * noise
    values += frame["kind"].eq("a") + 0.1 * frame["when"].dt.hour.fillna(0)
    target = values.to_numpy(dtype=float) if task == "regression" else (values > 0).to_numpy().astype(np.int64)
    return {"frame": frame, "target": target}


def steps(fitted: Fitted, column: str, values: np.ndarray, folder: Path, contract: Contract) -> np.ndarray:
    """What the bundle answers [rows, values, width] when one column of real rows walks over a grid."""
    fitted.write(folder, toy.frame(40), tolerance=1e-5)
    served = inference.load(folder, contract, threads=1)
    rows = toy.frame(60, seed=3)
    walked = pd.concat([rows.assign(**{column: value}) for value in values])
    answers = served.predict({name: cells.to_numpy() for name, cells in walked.items()})
    found = np.stack([values for name, values in answers.items() if values.dtype.kind == "f"], axis=1)
    return found.reshape(len(values), len(rows), -1).swapaxes(0, 1)


@pytest.mark.parametrize("ways", [{}, {"objective": "huber"}, {"objective": "poisson"}, {"transform": "box_cox"}])
@pytest.mark.parametrize("name", MODELS)
def test_predictions_are_monotone_over_a_grid(name: str, ways: dict[str, str], tmp_path: Path) -> None:
    """Through ONNX and rounding, for the value and both ends of its interval; a model that is free is not."""
    contract = bound(amount="increasing", size="decreasing")
    given = wavy("regression") | ways
    given["target"] = given["target"] - given["target"].min()
    folders = [tmp_path / word for word in ("amount", "size", "free")]
    for folder in folders:
        folder.mkdir()

    fitted = model.fit(toy.training("regression", 500, contract=contract, **given), toy.QUICK[name])
    free = model.fit(toy.training("regression", 500, **given), toy.QUICK[name])

    assert isinstance(fitted, Fitted)
    assert isinstance(free, Fitted)
    grid = np.linspace(-4, 4, 161)
    assert (np.diff(steps(fitted, "amount", grid, folders[0], contract), axis=1) >= 0).all()
    assert (np.diff(steps(fitted, "size", np.arange(-5.0, 60), folders[1], contract), axis=1) <= 0).all()
    if name != "linear":  # a line has one direction anyway
        assert (np.diff(steps(free, "amount", grid, folders[2], contract), axis=1) < 0).any()


@pytest.mark.parametrize("name", MODELS)
def test_the_probability_of_the_positive_class_is_monotone(name: str, tmp_path: Path) -> None:
    """Increasing means the last label, which is the positive one."""
    contract = bound("binary", amount="increasing")
    training = toy.training("binary", 500, contract=contract, **wavy("binary"))

    fitted = model.fit(training, toy.QUICK[name])

    assert isinstance(fitted, Fitted)
    found = np.diff(steps(fitted, "amount", np.linspace(-4, 4, 161), tmp_path, contract), axis=1)
    assert (found[..., 1] >= 0).all()
    assert (found[..., 0] <= 0).all()
    assert (found[..., 1] > 0).any()


def test_the_exported_reader_is_monotone(tmp_path: Path) -> None:
    """What leaves the house keeps the promise, too."""
    contract = bound(amount="increasing")
    fitted = model.fit(toy.training("regression", 500, contract=contract, **wavy("regression")), toy.XGBOOST)
    bundle, folder = tmp_path / "bundle", tmp_path / "edge"
    bundle.mkdir()
    folder.mkdir()
    assert isinstance(fitted, Fitted)
    fitted.write(bundle, toy.frame(40), tolerance=1e-5)
    (bundle / "contract.json").write_text(json.dumps(contract.to_dict()), "utf8")
    served = inference.load(bundle, contract, threads=1)
    predictor: Any = SimpleNamespace(folder=bundle, version="1", contract=contract, example=served.example)
    config: Any = None
    portable.write(predictor, config, folder)
    rows = toy.frame(20, seed=3)
    walked = pd.concat([rows.assign(amount=value) for value in np.linspace(-3, 3, 40)])
    walked.to_csv(folder / "rows.csv", index=False)

    done = subprocess.run(
        [sys.executable, folder / "reader.py", folder / "rows.csv"], capture_output=True, text=True, check=True
    )

    found = np.array([float(line.split(",")[1]) for line in done.stdout.splitlines()[1:]]).reshape(40, 20)
    assert (np.diff(found, axis=0) >= 0).all()
    assert np.ptp(found, axis=0).min() > 0


@pytest.mark.parametrize("name", [name for name in MODELS if name != "linear"])
def test_groups_act_apart(name: str) -> None:
    """Where `amount` and `kind` are a group, what a change of amount does depends on the kind alone: on the scale of
    the margins the other columns add to it."""
    contract = bound(interactions=(("amount", "kind"),))
    given = wavy("regression")
    given["target"] = given["target"] * (1 + given["frame"]["size"].to_numpy() / 10)
    rows = toy.frame(80, seed=3)
    moved = [rows.assign(amount=value, kind="a") for value in (-1.0, 1.0)]

    def effects(contract: Contract) -> np.ndarray:
        fitted = model.fit(toy.training("regression", 500, contract=contract, **given), toy.QUICK[name])
        return np.subtract(*[fitted.scores(frame) for frame in moved])

    apart, together = effects(contract), effects(toy.contract("regression"))
    assert np.ptp(apart) < 1e-3 * np.ptp(together)
    assert abs(apart).max() > 0


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_line_does_without_what_goes_the_wrong_way(task: str) -> None:
    """The column is left out of the fit rather than bent, the others are fitted anew, and whoever is served says so."""
    given = wavy(task)
    contract = bound(task, amount="decreasing", size="decreasing")

    fitted = model.fit(toy.training(task, 500, contract=contract, **given), toy.LINEAR)
    without = dataclasses.replace(
        contract, columns=tuple(column for column in contract.columns if column.name != "amount")
    )
    expected = model.fit(toy.training(task, 500, contract=without, **given), toy.LINEAR)

    assert isinstance(fitted, Fitted)
    assert fitted.record["left_out"] == ["amount"]
    assert fitted.notes == (
        "its linear model does without amount, whose weight would go against `monotone` in the contract",
    )
    assert fitted.importance()["amount"] == 0
    assert fitted.scores(given["frame"]) == pytest.approx(expected.scores(given["frame"]), rel=1e-3, abs=1e-3)


def test_a_column_of_several_features_stays_whole() -> None:
    """All parts of a date are in the group of their column; columns of no group are one more."""
    contract = bound(interactions=(("when", "amount"), ("size",)), amount="increasing")
    prepared = preprocessing.fit(toy.frame(), contract)
    names = prepared.features

    found = constraints.of(contract, prepared)

    groups = [{names[at].partition(".")[0] for at in group} for group in found.groups]
    assert groups == [{"when", "amount"}, {"size"}, {"open", "kind", "code"}]
    assert sum(map(len, found.groups)) == len(names)
    assert [names[at] for at, sign in enumerate(found.monotone) if sign] == ["amount"]


@pytest.mark.parametrize(
    ("task", "entries", "message"),
    [
        ("regression", {"kind": "increasing"}, "column 'kind' has monotone 'increasing', and its type is category"),
        ("regression", {"when": "decreasing"}, "column 'when' has monotone 'decreasing', and its type is datetime"),
        ("regression", {"goal": "increasing"}, "column 'goal' has monotone 'increasing', and its role is target"),
        ("regression", {"size": "increase"}, "expected one of increasing, decreasing (did you mean 'increasing'?)"),
        ("multiclass", {"size": "increasing"}, "'goal' has 3 classes, which have no order"),
    ],
)
def test_a_direction_where_there_is_none_is_refused(task: str, entries: dict[str, str], message: str) -> None:
    """One line that names the column, why, and what to do."""
    with pytest.raises(InputError) as refused:
        bound(task, **entries)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("interactions", "message"),
    [
        ("amount", "interactions is 'amount'; expected lists of columns, such as [[age, income]]"),
        (["amount", "size"], "expected lists of columns"),
        ([["amount", "sise"]], "interactions name 'sise', which is no input (did you mean 'size'?)"),
        ([["goal"]], "interactions name 'goal', which is no input"),
    ],
)
def test_groups_of_no_columns_are_refused(interactions: Any, message: str) -> None:
    """A group is a list of inputs."""
    entries = toy.contract("regression").to_dict() | {"interactions": interactions}

    with pytest.raises(InputError) as refused:
        Contract.from_dict(entries, VOCABULARY)

    assert message in str(refused.value)


def derived(**monotone: str) -> Contract:
    """The contract with a feature made of amount and size."""
    features = deriving.written({"ratio": {"expression": "amount / (size + 1)"}}, "contract")
    return dataclasses.replace(bound(**monotone), features=features)


def test_a_column_that_something_is_derived_from_has_no_direction() -> None:
    """Through `ratio`, more of `size` may lower what its own splits raise; of the others nothing is derived."""
    with pytest.raises(InputError, match="'size' has monotone 'increasing', and feature 'ratio' is derived from it"):
        derived(size="increasing")
    assert derived(open="increasing").features


def test_a_group_may_name_what_is_derived() -> None:
    """`ratio` is one of the features that a group can hold."""
    contract = dataclasses.replace(derived(), interactions=(("ratio", "kind"),))
    prepared = boosting.prepare(toy.training("regression", contract=contract), "identity")
    names = prepared.preprocessing.features

    first, rest = prepared.task.constraints.groups

    assert sorted(names[at] for at in first) == ["kind", "ratio"]
    assert len(first) + len(rest) == len(names)


def test_a_contract_of_series_has_no_constraints() -> None:
    """Nothing is taken in silence where nothing would keep it."""
    columns = {"size": {"role": "static", "type": "integer", "monotone": "increasing"}}

    with pytest.raises(InputError, match="column 'size' has monotone, which this use case does not know"):
        Contract.from_dict({"task": OF_SERIES.tasks[0], "columns": columns}, OF_SERIES)


def test_constraints_are_read_as_they_are_written(tmp_path: Path) -> None:
    """The file says `monotone: decreasing` and `interactions: [[amount, size]]`."""
    contract = bound(size="decreasing", interactions=(("amount", "size"), ("kind",)))
    file.dump(contract, tmp_path / "contract.yaml")

    text = (tmp_path / "contract.yaml").read_text("utf8")

    assert "    monotone: decreasing\n" in text
    assert "interactions: [[amount, size], [kind]]\n" in text or "interactions:\n- [amount, size]\n- [kind]\n" in text
    assert file.load(tmp_path / "contract.yaml", VOCABULARY) == contract


def test_a_column_that_is_dropped_leaves_its_group() -> None:
    """data.drop takes a column out of this run, whatever group it stands in."""
    contract = bound(interactions=(("amount", "size"), ("kind",)))
    settings: Any = SimpleNamespace(drop=["kind", "size"], key=[])

    assert overridden(contract, settings, []).interactions == (("amount",),)


def test_a_leaf_that_is_a_quantile_cannot_be_bound() -> None:
    """Neither library keeps a direction there: refused before anything is fitted."""
    settings = targets_of("mae")

    with pytest.raises(InputError, match="'size' is monotone in the contract, which no tree keeps under target.obj"):
        targets.check(settings, bound(size="increasing"), np.ones(3), None)


def targets_of(objective: str) -> Any:
    """conf/target with another objective."""
    return toy.training("regression", objective=objective).learnt
