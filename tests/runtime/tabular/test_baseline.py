"""The numbers to beat are what their names say, on every task."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import toy
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import metrics
from mlgen_runtime.tabular import baseline
from mlgen_runtime.tabular.settings import BaselineSettings

SETTINGS = BaselineSettings(l2=1.0, max_iterations=200)


def test_the_constant_baseline_says_the_same_of_every_row() -> None:
    """Majority: the shares of the classes. Mean: the mean."""
    for task in toy.TASKS:
        training = toy.training(task)
        constant = baseline.fit(training, SETTINGS)[0]

        scores = constant.scores(training.frame)

        expected = training.target.mean() if task == "regression" else np.bincount(training.target) / len(scores)
        assert scores == pytest.approx(np.broadcast_to(expected, scores.shape))


@pytest.mark.parametrize("task", toy.TASKS)
def test_the_linear_baseline_beats_the_constant(task: str) -> None:
    """On data that the inputs explain, a line is better than nothing."""
    training = toy.training(task)
    constant, linear = baseline.fit(training, SETTINGS)
    metric = metrics.main(task)
    values = [metric.value(training.target, model.scores(training.frame)) for model in (constant, linear)]

    assert values[1] > values[0] if metric.greater_is_better else values[1] < values[0]


def test_ridge_is_ridge() -> None:
    """The sums over folds and chunks solve the same problem as scikit-learn does on the whole design matrix."""
    from sklearn.linear_model import Ridge

    training = toy.training("regression")
    fitted = baseline.fit(training, SETTINGS)[1]
    scorer = fitted.scorer
    design = scorer.design(fitted.preprocessing.frame(training.frame))
    count = len(scorer.numbers)
    design[:, :count] = (design[:, :count] - design[:, :count].mean(axis=0)) / design[:, :count].std(axis=0)

    expected = Ridge(alpha=SETTINGS.l2).fit(design, training.target).predict(design)

    assert fitted.scores(training.frame) == pytest.approx(expected, rel=1e-6)


def test_balanced_classes_make_the_majority_a_draw() -> None:
    """class_weight=balanced weighs classes alike, so no class is the majority."""
    training = toy.training("binary", class_weight="balanced")
    lopsided = dataclasses.replace(training, target=(training.frame["size"] > 40).to_numpy().astype(np.int64))

    assert baseline.fit(lopsided, SETTINGS)[0].scores(lopsided.frame)[0] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("task", toy.TASKS)
def test_baselines_are_written_exactly(task: str, tmp_path: Path) -> None:
    """A promoted baseline is a bundle like any other: the ONNX graph equals the fitted model."""
    training = toy.training(task)
    for number, model in enumerate(baseline.fit(training, SETTINGS)):
        folder = tmp_path / str(number)
        folder.mkdir()

        parity = model.write(folder, training.frame, tolerance=1e-9)

        assert (parity.format, parity.reason) == ("onnx", None)


def test_a_single_class_is_refused() -> None:
    """There is nothing to learn, and the message says so."""
    training = dataclasses.replace(toy.training(), target=np.zeros(240, dtype=np.int64))

    with pytest.raises(InputError, match="only one class of 'goal'"):
        baseline.fit(training, SETTINGS)
