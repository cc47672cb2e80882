"""How a linear model is fitted to encoded rows, on standardised columns: ridge or logistic regression, or the logarithm
of a mean (Poisson, Tweedie).

There is no line of quantiles or of Huber's loss: for those it is the ridge, moved until its level is right (`mae`,
`quantile`). A column whose weight would go against the contract's direction stays out.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...rows.target import COUNTS
from ...rows.training import Training
from .. import logistic
from ..linear import Linear
from ..preprocessing import Preprocessing
from .boosting import Prepared
from .objective import quantile

Array = npt.NDArray[Any]

#: The logistic regression sees at most this many rows, and cells of the design matrix (400 MB), drawn by the seed: a
#: line through some tens of columns does not move with more of them, and the number to beat should not cost seconds.
MOST_ROWS = 50_000
MOST_CELLS = 50_000_000
#: Rows whose products are added up at a time by the ridge regression.
CHUNK = 16_384
#: A class without training rows gets this share.
LEAST_SHARE = 1e-9


def fit(training: Training, prepared: Prepared, l2: float, iterations: int) -> tuple[Linear, dict[str, object]]:
    """Fit the linear model of the task to rows that were made ready; also what the run's record should say."""
    fitter = _logistic if training.classes else _mean if prepared.task.objective.name in COUNTS else _ridge
    free: Array = np.array(True)
    while True:
        line, record = fitter(training, prepared, l2, iterations, free)
        wrong = _against(line, prepared.task.constraints.monotone)
        if not wrong.any():
            break
        free = ~wrong & free
    if not np.all(free):
        names = prepared.preprocessing.features
        record["left_out"] = [names[at] for at, kept in zip(line.numbers, free, strict=False) if not kept]
    return _levelled(line, prepared), record


def _against(line: Linear, monotone: tuple[int, ...]) -> Array:
    """Which columns [a + b] move the margin against the direction of their feature."""
    signs = np.zeros(len(line.weights))
    if monotone:
        signs[: len(line.numbers)] = np.array(monotone)[line.numbers]
    return signs * line.weights[:, 0] < 0


def _levelled(line: Linear, prepared: Prepared) -> Linear:
    """The line moved to where the objective's share of the rows lies below it."""
    level = {"mae": 0.5, "quantile": prepared.task.objective.figure}.get(prepared.task.objective.name)
    if level is None:
        return line
    rows = prepared.rows
    return replace(
        line, intercept=line.intercept + quantile(rows.target - line.margins(rows.matrix)[:, 0], rows.weight, level)
    )


def _design(prepared: Preprocessing, matrix: Array) -> Linear:
    """A linear model whose weights are still to be found: all numbers, and every level that has a code."""
    codes = prepared.categorical
    numbers = np.array([at for at in range(len(prepared.features)) if at not in codes], dtype=np.int64)
    levels = [(at, code) for at, encoding in codes.items() for code in range(encoding.codes)]
    return Linear(
        features=len(prepared.features),
        numbers=numbers,
        fill=np.array([_middle(column) for column in _columns(matrix, numbers)], dtype=np.float64),
        levels=np.array(levels, dtype=np.int64).reshape(-1, 2),
        weights=np.zeros((len(numbers) + len(levels), 1)),
        intercept=np.zeros(1),
        spread=np.ones(len(numbers) + len(levels)),
    )


def _columns(matrix: Array, which: Array) -> Iterator[Array]:
    """Some columns of encoded rows, each in one piece: a few at a time are turned, which is quicker than one by one."""
    for start in range(0, len(which), 16):
        yield from np.ascontiguousarray(matrix[:, which[start : start + 16]].T)


def _middle(values: Array) -> float:
    """The median of what is known, 0 where nothing is."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else 0.0


def _scale(scorer: Linear, matrix: Array) -> tuple[Array, Array]:
    """Mean and deviation [columns] of the filled numbers; 0 and 1 for levels, which are left as they are."""
    width = len(scorer.weights)
    mean, deviation = np.zeros(width), np.ones(width)
    for at, (column, fill) in enumerate(zip(_columns(matrix, scorer.numbers), scorer.fill, strict=True)):
        values = column.astype(np.float64)
        values[np.isnan(values)] = fill
        mean[at], spread = values.mean(), values.std()
        deviation[at] = spread if spread > 0 else 1.0
    return mean, deviation


def _finished(scorer: Linear, matrix: Array, scale: tuple[Array, Array], weights: Array, intercept: Array) -> Linear:
    """The linear model with the scaling folded into weights [columns, k] and intercept [k]."""
    mean, deviation = scale
    raw = weights / deviation[:, None]
    spread = deviation.copy()
    for at in np.unique(scorer.levels[:, 0]) if len(matrix) else ():
        mine = np.flatnonzero(scorer.levels[:, 0] == at)
        codes, counts = np.unique(matrix[:, at], return_counts=True)
        share = dict(zip(codes.tolist(), (counts / len(matrix)).tolist(), strict=True))
        shares = np.array([share.get(float(code), 0.0) for code in scorer.levels[mine, 1]])
        spread[len(scorer.numbers) + mine] = np.sqrt(shares * (1 - shares))
    return replace(scorer, weights=raw, intercept=intercept - mean @ raw, spread=spread)


def _logistic(
    training: Training, prepared: Prepared, l2: float, iterations: int, free: Array
) -> tuple[Linear, dict[str, object]]:
    """Multinomial logistic regression with an L2 penalty; columns that are not `free` have no weight."""
    from threadpoolctl import threadpool_limits

    matrix, weights = prepared.rows.matrix, prepared.rows.weight
    scorer = _design(prepared.preprocessing, matrix)
    scale = _scale(scorer, matrix)
    rows = _affordable(training, len(scorer.weights))
    present, codes = np.unique(training.target[rows], return_inverse=True)  # fewer than the contract has, perhaps
    # The products are small: a second thread of the linear algebra library costs three times what it saves.
    with threadpool_limits(1):
        design = logistic.design(scorer, matrix[rows], *scale)
        if free.ndim:  # only numbers can be bound
            design = replace(design, numbers=design.numbers * free[: design.numbers.shape[1]])
        found = logistic.fit(design, codes, weights[rows], len(present), l2, iterations)
    if training.classes == len(present):
        coefficients, intercept = found.weights, found.intercept
    else:
        coefficients, intercept = _spread_out(found, present, training.classes)
    finished = _finished(scorer, matrix, scale, coefficients, intercept)
    return finished, {"l2": l2, "iterations": found.iterations, "rows": len(rows)}


def _spread_out(found: logistic.Optimum, present: Array, classes: int) -> tuple[Array, Array]:
    """Weights and intercepts of all classes of the contract from those that have rows."""
    width = 1 if classes == 2 else classes
    coefficients, intercept = np.zeros((len(found.weights), width)), np.full(width, np.log(LEAST_SHARE))
    if width == 1:  # one class only: it is certain
        intercept[0] *= 1 if present[0] == 0 else -1
        return coefficients, intercept
    taken = present[1:] if len(present) == 2 else present
    intercept[present] = 0.0
    coefficients[:, taken], intercept[taken] = found.weights, found.intercept
    return coefficients, intercept


def _affordable(training: Training, width: int) -> npt.NDArray[np.int64]:
    """All rows, or as many as MOST_ROWS and MOST_CELLS allow, drawn by the seed."""
    rows, most = len(training.target), max(1, min(MOST_ROWS, MOST_CELLS // max(1, width)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(training.seed).choice(rows, most, replace=False))


def _mean(
    training: Training, prepared: Prepared, l2: float, iterations: int, free: Array
) -> tuple[Linear, dict[str, object]]:
    """The logarithm of the mean of counts or amounts, by scikit-learn's generalised linear model."""
    from sklearn.linear_model import TweedieRegressor
    from threadpoolctl import threadpool_limits

    matrix, weights, target = prepared.rows.matrix, prepared.rows.weight, prepared.rows.target
    scorer = _design(prepared.preprocessing, matrix)
    scale = _scale(scorer, matrix)
    rows = _affordable(training, len(scorer.weights))
    design = (scorer.design(matrix[rows]) - scale[0]) / scale[1] * free
    power = prepared.task.objective.figure or 1.0
    model = TweedieRegressor(power=power, alpha=l2 / len(rows), link="log", max_iter=iterations)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        model.fit(design, target[rows], sample_weight=weights[rows])
    finished = _finished(scorer, matrix, scale, model.coef_[:, None], np.array([model.intercept_]))
    return finished, {"l2": l2, "iterations": int(model.n_iter_), "rows": len(rows)}


def _ridge(
    training: Training, prepared: Prepared, l2: float, iterations: int, free: Array
) -> tuple[Linear, dict[str, object]]:
    """Ridge regression from sums over chunks of rows, so that the design matrix is never whole in memory."""
    matrix, weights, target = prepared.rows.matrix, prepared.rows.weight, prepared.rows.target
    scorer = _design(prepared.preprocessing, matrix)
    scale = _scale(scorer, matrix)
    sums = np.zeros((len(scorer.weights) + 2, len(scorer.weights) + 2))
    for rows in _chunks(np.arange(len(matrix))):
        design = (scorer.design(matrix[rows]) - scale[0]) / scale[1] * free
        columns = np.column_stack([design, target[rows], np.ones(len(rows))])
        sums += columns.T @ (columns * weights[rows, None])
    return _finished(scorer, matrix, scale, *_solve(sums, l2)), {"l2": l2}


def _chunks(rows: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _solve(sums: Array, l2: float) -> tuple[Array, Array]:
    """Weights [columns, 1] and intercept [1] from the products of columns, target and a constant, which goes free."""
    count = sums[-1, -1]
    centred = sums[:-1, :-1] - np.outer(sums[:-1, -1], sums[-1, :-1]) / max(count, 1e-300)
    gram, target = centred[:-1, :-1], centred[:-1, -1]
    weights = np.linalg.lstsq(gram + l2 * np.eye(len(gram)), target, rcond=None)[0]
    mean = sums[:-1, -1] / max(count, 1e-300)
    return weights[:, None], np.array([mean[-1] - mean[:-1] @ weights])
