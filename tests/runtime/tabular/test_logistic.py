"""Logistic regression finds scikit-learn's optimum, by either solver."""

from __future__ import annotations

import numpy as np
import pytest
from mlgen_runtime.tabular import logistic
from mlgen_runtime.tabular.logistic import Design
from sklearn.linear_model import LogisticRegression


def rows(classes: int, numbers: int, levels: tuple[int, ...]) -> tuple[Design, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of some numbers and categorical columns, some without a level: as a design, and one column for each level;
    their classes and weights."""
    random = np.random.default_rng(classes + numbers)
    count, starts = 700, np.cumsum([0, *levels])
    values = random.normal(size=(count, numbers))
    codes = np.array([random.integers(start, start + many, count) for start, many in zip(starts, levels, strict=False)])
    codes = codes.reshape(len(levels), count).T
    codes[random.random(codes.shape) < 0.05] = starts[-1]
    dense = np.hstack([values, (codes[:, :, None] == np.arange(starts[-1])).any(axis=1)])
    margins = dense @ random.normal(size=(dense.shape[1], classes)) + random.gumbel(size=(count, classes))
    return Design(values, codes, int(starts[-1])), dense, margins.argmax(axis=1), random.integers(1, 4, count) / 2


CASES = [(2, 4, ()), (2, 3, (4, 2)), (2, 0, (5,)), (4, 3, (3, 6)), (7, 5, ())]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
@pytest.mark.parametrize("l2", [0.1, 5.0])
def test_the_optimum_is_that_of_scikit_learn(
    case: tuple[int, int, tuple[int, ...]], solver: str, l2: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights and intercepts agree to 1e-4 where Newton's system is small, and to 1e-2 where L-BFGS stops."""
    if solver == "lbfgs":
        monkeypatch.setattr(logistic, "UNKNOWNS", 0)
    design, dense, target, weight = rows(*case)
    expected = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10_000).fit(dense, target, sample_weight=weight)

    found = logistic.fit(design, target, weight, case[0], l2, 1_000)

    near = pytest.approx(expected.coef_.T, abs=1e-4 if solver == "newton" else 1e-2)
    assert found.weights == near
    centred = found.intercept - (found.intercept.mean() if case[0] > 2 else 0)
    assert centred == pytest.approx(expected.intercept_, abs=1e-4 if solver == "newton" else 1e-2)


def test_a_weight_counts_as_so_many_rows() -> None:
    """A row of weight 2 is that row twice."""
    design, _, target, _ = rows(2, 3, (4,))
    weight = np.random.default_rng(0).integers(1, 4, len(target))
    again = np.repeat(np.arange(len(target)), weight)
    twice = Design(design.numbers[again], design.codes[again], design.levels)

    weighted = logistic.fit(design, target, weight.astype(float), 2, 1.0, 100)
    repeated = logistic.fit(twice, target[again], np.ones(len(again)), 2, 1.0, 100)

    assert weighted.weights == pytest.approx(repeated.weights, abs=1e-9)


def test_the_same_rows_give_the_same_bits() -> None:
    """Nothing in it is drawn."""
    design, _, target, weight = rows(4, 3, (3, 6))

    one, other = (logistic.fit(design, target, weight, 4, 1.0, 100) for _ in range(2))

    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.iterations == other.iterations < 20


def test_classes_that_a_column_tells_apart_have_finite_weights() -> None:
    """Newton's step is halved where it goes too far, and the penalty ends the search, however weak it is."""
    numbers = np.r_[np.linspace(-3, -1, 50), np.linspace(1, 3, 50)][:, None]
    design = Design(numbers, np.zeros((100, 0), dtype=np.int64), 0)
    target = (numbers[:, 0] > 0).astype(np.int64)

    found = logistic.fit(design, target, np.ones(100), 2, 1e-6, 200)

    margins = design.margins(np.vstack([found.weights, found.intercept]))
    assert np.isfinite(found.weights).all()
    assert ((margins[:, 0] > 0) == (target == 1)).all()


def test_columns_that_say_the_same_share_their_weight() -> None:
    """No penalty and two equal columns: there is no one optimum, and the least weights are taken."""
    design, _, target, weight = rows(2, 2, ())
    double = Design(np.hstack([design.numbers, design.numbers[:, :1]]), design.codes, 0)

    one = logistic.fit(design, target, weight, 2, 0.0, 100)
    two = logistic.fit(double, target, weight, 2, 0.0, 100)

    assert two.weights[0] + two.weights[2] == pytest.approx(one.weights[0], abs=1e-6)
