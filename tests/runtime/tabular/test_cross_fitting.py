"""Cross-fitting: each row is answered by a fit that did not see it, and the served model learnt from all rows."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.split import Part
from mlgen_runtime.rows.training import Training
from mlgen_runtime.tabular import baseline, model
from mlgen_runtime.tabular.model import auto, blend, cross_fitting
from mlgen_runtime.tabular.settings import BaselineSettings

BASELINE = BaselineSettings(l2=1.0, max_iterations=200)


def parts(rows: int, count: int) -> tuple[Part, ...]:
    """So many folds of so many rows."""
    fold = np.arange(rows) % count
    return tuple(Part(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(count))


def folded(task: str, count: int = 4, **changed: Any) -> Training:
    """Toy rows that are judged in folds."""
    return toy.training(task, refit=True, parts=parts(240, count), **changed)


def fitted(training: Training, name: str) -> Any:
    return model.fit(training, toy.QUICK[name])


@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", toy.QUICK)
def test_every_row_is_answered_once_by_a_fit_that_helps(name: str, task: str) -> None:
    """As many answers as rows, in the order of the folds, and better than the constant's."""
    training = folded(task)
    index = np.concatenate([part.held for part in training.parts])
    constant, made = baseline.fit(training, BASELINE)[0], fitted(training, name)

    width = 3 if task == "regression" else len(toy.LABELS[task])
    assert made.held_out.shape == (240, width)
    metric = metrics.METRICS["rmse" if task == "regression" else "log_loss"]
    losses = [
        metric.value(training.target[index], one.held_out[:, 0] if task == "regression" else one.held_out)
        for one in (made, constant)
    ]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", toy.QUICK)
def test_the_truth_of_a_row_says_nothing_about_its_own_answer(
    name: str, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other labels in one fold change no answer of that fold: what they taught went into the other folds' answers.

    The number of trees is held still: by way of the other folds' fits, which did learn from these rows, it may differ.
    """
    monkeypatch.setattr(cross_fitting, "best_rounds", lambda tried: 7)
    toy.all_members(monkeypatch)
    usual = folded(task, early_stopping_rounds=100)
    target = usual.target.copy()
    held = usual.parts[0].held
    target[held] = np.roll(target[held], 1) + 7 if task == "regression" else 1
    changed = dataclasses.replace(usual, target=target, kept={})

    one, other = fitted(usual, name).held_out, fitted(changed, name).held_out
    assert np.array_equal(one[: len(held), 0], other[: len(held), 0])
    assert not np.array_equal(one[len(held) :, 0], other[len(held) :, 0])


def test_a_constant_ranks_no_fold_above_another() -> None:
    """Its area under the curve is a half: the shares of single folds would rank them, the wrong way round."""
    training = folded("binary")
    majority = baseline.fit(training, BASELINE)[0]
    truth = training.target[np.concatenate([part.held for part in training.parts])]

    assert isinstance(majority.held_out, np.ndarray)
    assert metrics.METRICS["roc_auc"].value(truth, majority.held_out) == 0.5


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_the_served_model_has_learnt_from_all_rows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the fit on all rows with the trees that the folds found; the folds' own models are gone."""
    monkeypatch.setattr(cross_fitting, "best_rounds", lambda tried: 9)
    training = folded("regression")
    once = toy.training("regression", refit=True, parts=parts(240, 2))

    one, other = fitted(training, name), fitted(once, name)

    assert one.record["trees"] == 9
    assert np.array_equal(one.scores(training.frame), other.scores(training.frame))


@pytest.mark.parametrize("name", toy.QUICK)
def test_where_rows_held_apart_judge_there_are_no_answers_of_folds(name: str) -> None:
    """With a test file, folds only teach."""
    assert fitted(toy.training("binary", refit=True), name).held_out is None


@pytest.mark.parametrize("name", toy.QUICK)
def test_one_part_is_judged_by_a_fit_that_was_stopped_by_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many rows: the part held out neither stops a fit nor is learnt from until the model is judged."""
    seen: list[int] = []
    holdout = cross_fitting.validation.holdout
    monkeypatch.setattr(
        cross_fitting.validation,
        "holdout",
        lambda training, share: seen.append(len(training.target)) or holdout(training, share),
    )
    training = toy.training("binary", refit=True, parts=parts(240, 4)[:1])

    made = fitted(training, name)

    assert made.held_out.shape == (60, 2)
    assert set(seen) <= {180}
    assert bool(seen) == (name != "linear")


def test_later_rows_stop_no_fit_that_answers_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split by time, a fit is stopped by the newest of the rows that it may learn from."""
    steps = tuple(Part(np.arange(start), np.arange(start, start + 60)) for start in (60, 120, 180))
    training = toy.training("binary", refit=True, parts=steps, time=np.arange(240))
    tried = cross_fitting.parted(training)

    assert tried.nested
    assert fitted(training, "lightgbm").held_out.shape == (180, 2)


def test_a_blend_s_weights_are_those_of_the_other_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of each fold are asked for without it, those of the served model with all."""
    asked: list[int | None] = []
    best = blend._best
    monkeypatch.setattr(blend, "_best", lambda table, without=None: (asked.append(without), best(table, without))[1])

    fitted(folded("binary"), "blend")

    assert asked == [0, 1, 2, 3, None]


def test_auto_says_what_it_chose_from_and_by_what() -> None:
    made = fitted(folded("multiclass"), "auto")

    (note,) = made.notes
    assert note.startswith(f"model=auto chose {made.name} by the macro_f1 of rows held out: ")
    assert all(f"{name} 0." in note for name in auto.SIMPLEST)
    assert made.record["chosen"] == made.name


def test_a_member_of_less_than_a_tenth_is_left_out() -> None:
    """Every answer would pay for it."""
    tried = blend.weightings(4)

    assert np.allclose(tried.sum(axis=1), 1)
    assert not ((tried > 0) & (tried < 0.1)).any()
    assert {tuple(row) for row in np.eye(4)} <= {tuple(row) for row in tried.tolist()}


@pytest.mark.parametrize("name", ["linear", "lightgbm", "auto"])
def test_the_interval_covers_rows_that_nobody_saw(name: str) -> None:
    """Learnt from the folds' residuals, served by the fit on all rows: 90 % of hidden rows, to three in a hundred."""
    random = np.random.default_rng(3)
    inputs = random.normal(size=(6000, 4))
    frame = pd.DataFrame(inputs, columns=list("abcd"))
    target = frame["a"] + np.sin(2 * frame["b"]) * frame["c"] + random.gumbel(size=len(frame))
    columns = [Column(name=each) for each in "abcd"]
    found = Contract(vocabulary=VOCABULARY, task="regression", columns=(*columns, Column(name="goal", role="target")))
    given = {"frame": frame.iloc[:1500], "contract": found, "target": target.to_numpy()[:1500]}
    made = fitted(toy.training("regression", refit=True, parts=parts(1500, 5), **given), name)

    matrix = made.preprocessing.frame(frame.iloc[1500:])
    value, low, high = made.outputs(matrix).T
    hidden = target.to_numpy()[1500:]

    assert abs(np.mean((low <= hidden) & (hidden <= high)) - 0.9) <= 0.03
    judged = np.concatenate([part.held for part in parts(1500, 5)])
    inside = (made.held_out[:, 1] <= target[judged]) & (target[judged] <= made.held_out[:, 2])
    assert abs(np.mean(inside) - 0.9) <= 0.02
    assert (low <= value).all() and (value <= high).all()
