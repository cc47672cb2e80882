"""Every model of the registry, on every task: it learns, it repeats itself, it holds rows out honestly."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import metrics
from mlgen_runtime.tabular import model
from mlgen_runtime.tabular.model import engines as bulk
from mlgen_runtime.tabular.model import interval, validation
from mlgen_runtime.tabular.model.candidate import Fitted

MODELS = tuple(model.MODELS)


def fit(name: str, task: str, **changed: Any) -> Fitted:
    """A quick fit of one model."""
    fitted = model.fit(toy.training(task, **changed), toy.QUICK[name])
    assert isinstance(fitted, Fitted)
    return fitted


@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", MODELS)
def test_it_learns(name: str, task: str) -> None:
    """On rows that the inputs explain, every model is much better than chance."""
    training = toy.training(task)
    metric = metrics.metric("r2" if task == "regression" else "accuracy", task)

    scores = fit(name, task).scores(training.frame)

    assert metric.value(training.target, scores) > 0.6
    if task != "regression":
        assert scores.sum(axis=1) == pytest.approx(1.0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("rates", [(2.0, 1.0), (1.0, 2.0)], ids=["onnx", "native"])
def test_the_same_seed_gives_the_same_bytes(
    name: str, rates: tuple[float, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run that finds the same engine quicker writes the same files, bit for bit: no clock is in them."""
    monkeypatch.setattr(bulk, "rates", lambda *engines: rates)
    written = []
    for run in ("first", "second"):
        folder = tmp_path / run
        folder.mkdir()
        fit(name, "binary").write(folder, toy.frame(20), 1e-5)
        written.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})

    assert written[0] == written[1]


@pytest.mark.parametrize("name", MODELS)
def test_importance_names_the_features_that_matter(name: str) -> None:
    """Shares sum to 1, and what makes the target comes before what does not."""
    shares = fit(name, "regression").importance()

    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["size"] > shares["open"]


@pytest.mark.parametrize("refit", ["true", "false"])
def test_the_interval_covers_new_rows(refit: str) -> None:
    """Nine of ten new rows lie in the 90 % interval; the finite sample leaves some play."""
    noise = np.random.default_rng(1).normal(size=2600) * 500
    known, new = toy.frame(600), toy.frame(2000, seed=5)
    fitted = fit("lightgbm", "regression", rows=600, refit=refit, target=toy.truth(known, "regression") + noise[:600])
    truth = toy.truth(new, "regression") + noise[600:]

    _, low, high = fitted.outputs(fitted.preprocessing.frame(new)).T

    assert 0.82 < ((low <= truth) & (truth <= high)).mean() < 0.97


def test_the_offsets_of_an_interval_are_the_quantiles_of_the_residuals() -> None:
    """With 99 residuals and 90 % coverage, the fifth from each end (Lei et al. 2018)."""
    residuals = np.random.default_rng(0).permutation(np.arange(-49, 50)).astype(np.float64)

    assert interval.offsets(residuals, 0.9) == (-45.0, 45.0)


def test_groups_stay_together() -> None:
    """No group is on both sides of the inner split, nor in two folds."""
    group = np.array([f"g{number // 7}" for number in range(240)])
    training = toy.training(group=group)

    learn, held = validation.holdout(training, 0.2)
    fold = validation.folds(training, 4)

    assert not set(group[learn]) & set(group[held])
    assert all(len(set(fold[group == name])) == 1 for name in set(group))


def test_later_rows_are_held_out() -> None:
    """Where the split goes by time, what stops the fit is later than what it learns from."""
    time = np.random.default_rng(0).permutation(240)
    learn, held = validation.holdout(toy.training(time=time), 0.2)

    assert time[learn].max() < time[held].min()
    assert len(held) == 48


def test_classes_are_held_out_in_equal_shares() -> None:
    """A rare class is in every fold."""
    training = toy.training("multiclass")
    fold = validation.folds(training, 5)
    shares = [np.bincount(training.target[fold == number], minlength=3) for number in range(5)]

    assert np.ptp(shares, axis=0).max() <= 1


def test_balanced_weights_make_classes_equal() -> None:
    """class_weight=balanced gives every class the same total weight, and rows a mean of 1."""
    training = toy.training(class_weight="balanced")
    target = (training.frame["size"] > 40).to_numpy().astype(np.int64)

    weights = dataclasses.replace(training, target=target).weights()

    assert weights.mean() == pytest.approx(1.0)
    assert weights[target == 1].sum() == pytest.approx(weights[target == 0].sum())


def test_weights_by_label_are_times_those_of_the_rows() -> None:
    """A label that is named weighs so much, others 1; a column of weights counts beside it; the mean is 1."""
    own = np.linspace(1, 2, 240)
    training = toy.training(class_weight={"yes": 3.0}, weight=own)

    weights = training.weights()

    expected = own * np.where(training.target == 1, 3.0, 1.0)
    assert weights == pytest.approx(expected / expected.mean())


@pytest.mark.parametrize("name", toy.QUICK)
def test_every_model_heeds_weights_of_classes(name: str) -> None:
    """A class of five times the weight is more probable, whichever model is asked."""
    even, heavy = (toy.training(class_weight=chosen) for chosen in ("none", {"yes": 5.0}))

    plain, weighted = (model.fit(training, toy.QUICK[name]).scores(even.frame)[:, 1] for training in (even, heavy))

    assert weighted.mean() > plain.mean() + 0.03


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_extra_parameters_reach_the_library(name: str) -> None:
    """A native parameter is used and recorded; one that the task decides is refused."""
    key = {"lightgbm": "max_bin", "xgboost": "max_bin"}[name]
    settings = dataclasses.replace(toy.QUICK[name], extra={key: 15})
    training = toy.training()

    assert model.fit(training, settings).parameters()[key] == 15
    with pytest.raises(InputError, match="'objective' is target.objective here; set that"):
        model.fit(training, dataclasses.replace(settings, extra={"objective": "poisson"}))
