"""A row of weight 2 counts as two rows: in every fit, in what stops it, in a blend's weights and in intervals."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import weights
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.split import Part
from mlgen_runtime.tabular import baseline
from mlgen_runtime.tabular.model import blend, boosting, cross_fitting, interval, lightgbm, xgboost
from mlgen_runtime.tabular.model.boosting import Prepared, Rows
from mlgen_runtime.tabular.settings import BaselineSettings
from mlgen_runtime.usecase.library_parameters import Library

#: Nothing that counts rows rather than weights (as LightGBM does in leaves of a few), or is drawn by their position.
PLAIN: dict[str, Any] = {"subsample": 1.0, "colsample_bytree": 1.0, "reg_lambda": 0.0}
LEAST: dict[str, Any] = {"min_sum_hessian_in_leaf": 1e-6, "min_data_in_bin": 1}
LIGHTGBM = dataclasses.replace(toy.LIGHTGBM, num_leaves=4, min_child_samples=1, extra=LEAST, **PLAIN)
XGBOOST = dataclasses.replace(toy.XGBOOST, min_child_weight=0.0, **PLAIN)
FITTERS = {
    "lightgbm": lambda task: lightgbm.fitter(LIGHTGBM, task),
    "xgboost": lambda task: xgboost.fitter(XGBOOST, task),
}
OBJECTIVES = ("squared_error", "mae", "huber", "quantile", "poisson", "tweedie")
TASKS = [("binary", "squared_error"), ("multiclass", "squared_error"), *(("regression", name) for name in OBJECTIVES)]
#: What takes a quantile of a leaf's rows by interpolation.
BETWEEN = (("lightgbm", "mae"), ("lightgbm", "quantile"))
#: Which rows are weighed double.
HEAVY = np.arange(240) % 3 == 0


@pytest.fixture(autouse=True)
def _untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parameters go to the library as they are: that they are tried first has tests of its own, and takes seconds."""
    monkeypatch.setattr(Library, "tried", lambda *given: None)


def rows(prepared: Prepared, whole: np.ndarray) -> tuple[Rows, Rows]:
    """The same rows twice over: weighed double, and standing there twice."""
    plain = dataclasses.replace(prepared.rows, weight=np.ones(240))
    # a few values a column: so the bins of the libraries cannot depend on how often each is there
    plain = dataclasses.replace(plain, matrix=np.round(plain.matrix[:, :3]))
    heavy = dataclasses.replace(plain, weight=1.0 + HEAVY)
    twice = plain.take(np.concatenate([whole, whole[HEAVY[whole]]]))
    return heavy.take(whole), twice


def prepare(task: str, objective: str) -> Prepared:
    """Rows ready for trees; counts where the objective needs them."""
    training = toy.training(task, objective=objective, huber_delta=500.0)
    if task == "regression":
        training = dataclasses.replace(training, target=np.round(training.target - training.target.min()) / 100)
    prepared = boosting.prepare(training, boosting.link(training))
    return dataclasses.replace(prepared, task=dataclasses.replace(prepared.task, categorical=()))


@pytest.mark.parametrize(("task", "objective"), TASKS)
@pytest.mark.parametrize("name", FITTERS)
def test_a_fit_takes_weights_for_repeats(name: str, task: str, objective: str) -> None:
    """The trees are the same but for the rounding of sums. LightGBM draws a line between the rows around a quantile, by
    their weights: its leaves then come near those of repeated rows, nearer than without weights."""
    prepared = prepare(task, objective)
    heavy, twice = rows(prepared, np.arange(240))
    light = dataclasses.replace(heavy, weight=np.ones(240))
    fit = FITTERS[name](prepared.task)
    rounds = 1 if (name, objective) in BETWEEN else 8

    one, other, free = (fit(part, rounds, None).margins(heavy.matrix) for part in (heavy, twice, light))

    spread, apart = np.ptp(other), np.abs(free - other).mean()
    assert apart > 1e-3 * spread
    assert np.abs(one - other).mean() < (0.5 * apart if (name, objective) in BETWEEN else 1e-5 * spread)


@pytest.mark.parametrize(("task", "objective"), TASKS)
@pytest.mark.parametrize("name", FITTERS)
def test_weights_stop_a_fit(name: str, task: str, objective: str) -> None:
    """The loss of held-out rows after each tree is that of rows which stand there as often as they weigh."""
    prepared = prepare(task, objective)
    held = np.arange(160, 240)
    heavy, twice = rows(prepared, held)
    learn = rows(prepared, np.arange(160))[0]
    fit = FITTERS[name](prepared.task)

    one, other, light = (
        fit(learn, 8, part).history for part in (heavy, twice, dataclasses.replace(heavy, weight=np.ones(80)))
    )

    assert one == pytest.approx(other, rel=1e-4)
    assert one != pytest.approx(light, rel=1e-4)


def test_weights_choose_the_weights_of_a_blend() -> None:
    """Rows that disagree about the better member: the heavier half is heard."""
    target = np.zeros(240)
    turns = [1.0, 3.0]

    shares = []
    for heavy in (None, 0, 1):
        weight = None if heavy is None else np.where(np.arange(240) % 2 == heavy, *turns[::-1])
        parted = cross_fitting.parted(toy.training("regression", target=target, weight=weight))
        even = parted.index % 2 == 0
        margins = np.stack([np.where(even, 0.0, 1.0), np.where(even, 1.0, 0.0), np.full(len(even), 9.0)])
        tried, sums = blend.losses(parted, margins[:, :, None])
        shares.append(float(tried[int(np.argmin(sums.sum(axis=1)))][0]))

    assert shares == pytest.approx([0.5, 0.75, 0.25], abs=0.051)


def test_answers_of_held_out_rows_have_weighted_intervals() -> None:
    """What judges, too: ends come from the other parts' rows by weight."""
    parts = tuple(
        Part(np.flatnonzero(np.arange(240) % 3 != at), np.flatnonzero(np.arange(240) % 3 == at)) for at in range(3)
    )
    training = toy.training("regression", parts=parts, refit=True)
    weighed = dataclasses.replace(
        training, kept={}, weight=np.where(training.target > np.median(training.target), 5.0, 1.0)
    )

    plain, heavy = (baseline.fit(one, BaselineSettings(l2=1.0, max_iterations=50))[1] for one in (training, weighed))

    assert plain.held_out is not None
    assert heavy.held_out is not None
    widths = [found.held_out[:, 2] - found.held_out[:, 0] for found in (plain, heavy)]  # type: ignore[index]
    assert np.median(widths[1]) != pytest.approx(np.median(widths[0]), rel=1e-6)


@pytest.mark.parametrize("rows", [40, 400])
def test_an_interval_is_of_the_weight(rows: int) -> None:
    """Ends of doubled rows are those of repeated ones, but for the correction of small samples; equal weights change
    nothing."""
    residuals = np.random.default_rng(0).normal(size=rows)
    heavy = residuals > 0.5
    twice = np.concatenate([residuals, residuals[heavy]])
    ordered = np.sort(residuals)

    found = interval.offsets(residuals, 0.9, 1.0 + heavy)

    steps = [np.searchsorted(ordered, end) for end in found]
    expected = [np.searchsorted(ordered, end) for end in interval.offsets(twice, 0.9)]
    assert np.abs(np.subtract(steps, expected)).max() <= 1
    assert interval.offsets(residuals, 0.9, np.full(rows, 7.0)) == interval.offsets(residuals, 0.9)
    nearly = np.ones(rows) + 1e-12 * np.arange(rows)
    assert interval.offsets(residuals, 0.9, nearly) == interval.offsets(residuals, 0.9)


@pytest.mark.parametrize("task", toy.TASKS)
def test_baselines_take_weights_for_repeats(task: str) -> None:
    """The constant, and the line where nothing but the rows moves it."""
    training = toy.training(task)
    frame = training.frame.assign(
        amount=training.frame["amount"].fillna(0.0), open=1.0, when=pd.Timestamp("2024-01-01")
    )
    training = dataclasses.replace(training, frame=frame)  # what is missing is filled with a median of rows
    twice = np.concatenate([np.arange(240), np.flatnonzero(HEAVY)])
    repeated = dataclasses.replace(
        training, frame=training.frame.iloc[twice].reset_index(drop=True), target=training.target[twice]
    )
    # levels are listed by how many rows have them: a column of rare ones would be another column
    dropped = [column for column in training.contract.columns if column.name not in ("code", "kind")]
    contract = dataclasses.replace(training.contract, columns=tuple(dropped))
    pair = (dataclasses.replace(training, weight=1.0 + HEAVY), repeated, training)
    settings = BaselineSettings(l2=1e-9 if task == "regression" else 1e-3, max_iterations=2000)

    fits = [baseline.fit(dataclasses.replace(one, contract=contract, kept={}), settings) for one in pair]

    for heavy, doubled, light in zip(*fits, strict=True):
        found, expected, other = (model.scores(training.frame) for model in (heavy, doubled, light))
        assert found == pytest.approx(expected, abs=1e-3 * max(1.0, np.ptp(expected)))
        assert np.abs(other - expected).max() > np.abs(found - expected).max()


def contract_of(kind: str = "number", names: tuple[str, ...] = ("w",)) -> Contract:
    """A contract with columns of weights."""
    columns = [Column(name=name, role="weight", type=kind) for name in names]
    return Contract(
        vocabulary=VOCABULARY, task="regression", columns=(Column(name="y", role="target"), Column(name="x"), *columns)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, -2, 3], "the weight 'w' is -2 in row 2, expected 0 or more; mend the rows"),
        ([1, 2, np.nan], "the weight 'w' is empty in row 3"),
        ([-1, -1, 1], "the weight 'w' is -1 in row 1 (and in 1 more)"),
        ([0, 0, 0], "the weight 'w' is 0 in every row"),
    ],
)
def test_weights_that_are_none_are_refused(values: list[float], message: str) -> None:
    """One line with the value and its row."""
    with pytest.raises(InputError) as refused:
        weights.check(pd.DataFrame({"w": np.array(values, float)}), contract_of())

    assert message in str(refused.value)


def test_a_weight_is_one_column_of_numbers() -> None:
    """Two columns, or one of text, say nothing of how much a row counts."""
    frame = pd.DataFrame({"w": [1.0], "v": [1.0]})

    with pytest.raises(InputError, match="w, v have the role weight, expected one"):
        weights.check(frame, contract_of(names=("w", "v")))
    with pytest.raises(InputError, match="'w' has the role weight and the type category"):
        weights.check(frame, contract_of("category"))
    weights.check(frame.assign(w=0.0, v=1.0).iloc[:0], contract_of(names=()))
