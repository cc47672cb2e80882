"""Logistic regression with an L2 penalty: Newton's method where its system is small, L-BFGS where it is not.

    minimise  Σ weight · log loss(row)  +  l2 / 2 · |weights|²          the intercept goes free

The optimum is scikit-learn's (`LogisticRegression(C=1 / l2)`), without its import, which takes longer than the fit. A
row has numbers, and for each categorical column the one level that is 1: products with levels are look-ups and sums by
level, so they cost a pass over the rows for each column, however many levels it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .linear import Linear

Array = npt.NDArray[Any]

#: The most unknowns that Newton's system may have, and the most products that making it once may take.
UNKNOWNS, PRODUCTS = 1_500, 2_000_000_000
#: Relative gain of a step below which the optimum is reached, and halvings of a step before it is taken as reached.
GAIN, HALVINGS = 1e-12, 30
#: Rows multiplied at a time: few enough for a processor's cache.
CHUNK = 8_192


@dataclass(frozen=True)
class Design:
    """Rows as a linear model sees them: `numbers` [n, a], `codes` [n, c] into the `levels` columns after them.

    A code of `levels` is none of them: the row has no level there.
    """

    numbers: Array
    codes: Array
    levels: int

    @property
    def width(self) -> int:
        """Columns, the intercept's included, which is the last."""
        return int(self.numbers.shape[1]) + self.levels + 1

    def margins(self, weights: Array) -> Array:
        """Margins [n, k] for weights [width, k]."""
        inner = self.numbers.shape[1]
        found: Array = self.numbers @ weights[:inner] + weights[-1]
        padded = np.vstack([weights[inner:-1], np.zeros((1, weights.shape[1]))])
        for codes in self._columns:
            found += padded[codes]
        return found

    def sums(self, values: Array) -> Array:
        """The columns' products [width, k] with values [n, k]."""
        levels = np.zeros((self.levels + 1, values.shape[1]))
        for codes in self._columns:
            for at, column in enumerate(values.T):
                levels[:, at] += np.bincount(codes, column, self.levels + 1)
        return np.vstack([self.numbers.T @ values, levels[:-1], values.sum(axis=0)])

    def gram(self, weight: Array) -> Array:
        """The columns' products [width, width] with each other, each row by its weight [n]."""
        inner, stride = self.numbers.shape[1], self.levels + 1
        found = np.zeros((inner + stride, inner + stride))  # the last row and column: what has no level, then dropped
        weighted = np.empty_like(self.numbers)
        for rows in self._chunks():
            np.multiply(self.numbers[rows], weight[rows, None], out=weighted[rows])
            found[:inner, :inner] += self.numbers[rows].T @ weighted[rows]
        for at, codes in enumerate(self._columns):
            sums = [np.bincount(codes, column, stride) for column in weighted.T]
            found[:inner, inner:] += np.array(sums).reshape(inner, stride)
            for other in self._columns[: at + 1]:
                joint = np.bincount(codes * stride + other, weight, stride * stride).reshape(stride, stride)
                found[inner:, inner:] += joint if other is codes else joint + joint.T
        found[inner:, :inner] = found[:inner, inner:].T
        ones = np.concatenate([weighted.sum(axis=0), self._by_level(weight), [weight.sum()]])
        found[-1], found[:, -1] = ones, ones
        return found

    def products(self) -> int:
        """About how many products `gram` takes."""
        rows, inner, columns = *self.numbers.shape, self.codes.shape[1]
        return int(rows * (inner * inner + 4 * inner * columns + 4 * columns * columns) + self.levels**2)

    def _by_level(self, weight: Array) -> Array:
        total = np.zeros(self.levels + 1)
        for codes in self._columns:
            total += np.bincount(codes, weight, self.levels + 1)
        return total[:-1]

    @cached_property
    def _columns(self) -> list[Array]:
        return [np.ascontiguousarray(column, dtype=np.int64) for column in self.codes.T]

    def _chunks(self) -> Iterator[slice]:
        return (slice(start, start + CHUNK) for start in range(0, len(self.numbers), CHUNK))


def design(scorer: Linear, matrix: Array, mean: Array, deviation: Array) -> Design:
    """Encoded rows [n, features] as columns of a linear model, its numbers scaled by mean and deviation [columns]."""
    inner, levels = len(scorer.numbers), len(scorer.levels)
    numbers = scorer.filled(matrix)
    numbers -= mean[:inner]
    numbers /= deviation[:inner]
    places = np.unique(scorer.levels[:, 0])
    codes = np.full((len(matrix), len(places)), levels, dtype=np.int64)
    for column, at in enumerate(places):
        mine = np.flatnonzero(scorer.levels[:, 0] == at)  # its levels have the codes 0, 1, 2, …
        known = (matrix[:, at] >= 0) & (matrix[:, at] < len(mine))
        codes[known, column] = mine[0] + matrix[known, at].astype(np.int64)
    return Design(numbers, codes, levels)


@dataclass(frozen=True)
class Optimum:
    """Weights [columns, k] and intercepts [k], and how many steps it took."""

    weights: Array
    intercept: Array
    iterations: int


def fit(design: Design, target: Array, weight: Array, classes: int, l2: float, steps: int) -> Optimum:
    """Fit to codes [n] of `classes` classes by weight [n], in `steps` steps at most.

    Two classes have one column of weights, whose margin is that of class 1; more (or one) have one each.
    """
    loss = _Loss(design, target.astype(np.int64), weight, 1 if classes == 2 else classes, l2)
    pairs = loss.columns * (loss.columns + 1) // 2
    small = design.width * loss.columns <= UNKNOWNS and pairs * design.products() <= PRODUCTS
    found, iterations = (_newton if small else _lbfgs)(loss, steps)
    return Optimum(found[:-1], found[-1], iterations)


@dataclass(frozen=True)
class _Loss:
    """What is minimised, at weights [width, columns]."""

    design: Design
    target: Array
    weight: Array
    columns: int
    l2: float

    @cached_property
    def penalty(self) -> Array:
        """The penalty's weight [width, 1]: none for the intercept."""
        penalty = np.full((self.design.width, 1), self.l2)
        penalty[-1] = 0.0
        return penalty

    @cached_property
    def hits(self) -> Array:
        """1 where a row is of a column's class [n, columns]."""
        classes = np.arange(self.columns) if self.columns > 1 else np.ones(1)
        hits: Array = (self.target[:, None] == classes).astype(np.float64)
        return hits

    def at(self, weights: Array) -> tuple[float, Array]:
        """The loss, and each row's probabilities [n, columns]."""
        margins = self.design.margins(weights)
        if self.columns == 1:
            total = np.logaddexp(0.0, margins[:, 0])
            probabilities = np.exp(margins - total[:, None])
        else:
            top = margins.max(axis=1, keepdims=True)
            powers = np.exp(margins - top)
            sums = powers.sum(axis=1, keepdims=True)
            total, probabilities = (np.log(sums) + top)[:, 0], powers / sums
        value = self.weight @ (total - (self.hits * margins).sum(axis=1)) + (self.penalty * weights**2).sum() / 2
        return float(value), probabilities

    def slope(self, weights: Array, probabilities: Array) -> Array:
        """The gradient [width, columns]."""
        slope: Array = self.design.sums((probabilities - self.hits) * self.weight[:, None]) + self.penalty * weights
        return slope

    def curvature(self, probabilities: Array) -> Array:
        """The Hessian [columns · width, columns · width]."""
        width = self.design.width
        found = np.zeros((self.columns, width, self.columns, width))
        for one in range(self.columns):
            for other in range(one + 1):
                shares = probabilities[:, one] * ((one == other) - probabilities[:, other]) * self.weight
                found[one, :, other] = found[other, :, one] = self.design.gram(shares)
            found[one, :, one] += np.diag(self.penalty[:, 0])
        # All intercepts may move together at no cost: held where they are, so that the system has one solution.
        if self.columns > 1:
            found[:, -1, :, -1] += self.weight.sum() / self.columns
        return found.reshape(self.columns * width, -1)


def _newton(loss: _Loss, steps: int) -> tuple[Array, int]:
    """Newton's method; a step that does not lower the loss is halved."""
    weights = np.zeros((loss.design.width, loss.columns))
    value, probabilities = loss.at(weights)
    for number in range(steps):
        slope = loss.slope(weights, probabilities)
        step = _solved(loss.curvature(probabilities), slope.T.ravel()).reshape(loss.columns, -1).T
        promised = float((slope * step).sum()) / 2
        if promised <= GAIN * max(1.0, value):
            return weights, number
        for _ in range(HALVINGS):
            tried, shares = loss.at(weights - step)
            if tried <= value:
                break
            step = step / 2
        else:
            return weights, number
        weights, value, probabilities = weights - step, tried, shares
    return weights, steps


def _solved(matrix: Array, right: Array) -> Array:
    try:
        found: Array = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:  # columns that say the same, and no penalty
        found = np.linalg.lstsq(matrix, right, rcond=None)[0]
    return found


def _lbfgs(loss: _Loss, steps: int) -> tuple[Array, int]:
    """L-BFGS: a step is two passes over the rows, however many unknowns there are."""
    from scipy.optimize import minimize

    shape, scale = (loss.design.width, loss.columns), 1.0 / loss.weight.sum()

    def both(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(shape)
        value, probabilities = loss.at(weights)
        return value * scale, loss.slope(weights, probabilities).ravel() * scale

    asked: dict[str, Any] = {"maxiter": steps, "maxls": 50, "gtol": 1e-5, "ftol": 64 * np.finfo(float).eps}
    done = minimize(both, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=asked)
    return done.x.reshape(shape), int(done.nit)
