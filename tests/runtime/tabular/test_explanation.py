"""What each input adds to a prediction: exact, the libraries' own figures, and the same on every path."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.onnx.forest import Forest, join, tree
from mlgen_runtime.tabular import baseline, model
from mlgen_runtime.tabular.explanation import serving, writing
from mlgen_runtime.tabular.explanation.shapley import Explainer
from mlgen_runtime.tabular.model import validation
from mlgen_runtime.tabular.model.boosting import Ensemble
from mlgen_runtime.tabular.model.candidate import Fitted
from mlgen_runtime.tabular.model.estimator import Design, Estimator
from mlgen_runtime.tabular.settings import BaselineSettings
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase import registry
from mlgen_runtime.usecase.configuration import load
from mlgen_runtime.usecase.resolve import resolve

Array = np.ndarray[Any, Any]

REAL = os.environ.get("MLGEN_REAL_DATA")
#: A set's table and its target, and what else its columns need.
SETS = {
    "adult_income": ("adult.csv", "income", []),
    "telco_churn": ("telco_churn.csv", "Churn", []),
    "bike_sharing": ("bikeshare.csv", "count", ["data.drop=[casual,registered]"]),
}


def fit(name: str, task: str) -> Fitted:
    """A quick fit of one model."""
    fitted = model.fit(toy.training(task), toy.QUICK[name])
    assert isinstance(fitted, Fitted)
    return fitted


def spoilt(fitted: Fitted) -> Array:
    """Encoded rows, a tenth of their cells missing and some of their codes unseen."""
    draw = np.random.default_rng(3)
    matrix = fitted.preprocessing.frame(toy.frame(300, seed=5))
    matrix[draw.random(matrix.shape) < 0.1] = np.nan
    for column in fitted.preprocessing.categorical:
        matrix[draw.random(len(matrix)) < 0.1, column] = 77
    return matrix


def explainer(fitted: Fitted, folder: Path, rows: Array) -> Explainer:
    """What a bundle keeps of a model, read again."""
    writing.write(folder, fitted.scorer, fitted.preprocessing, rows)
    return Explainer((folder / serving.FILE).read_bytes())


def library(fitted: Fitted, matrix: Array) -> Array:
    """The TreeSHAP of the library that grew the trees [n, classes, features + 1], the base last."""
    trees = fitted.scorer.members[0][1]  # type: ignore[attr-defined]
    if trees.format == "lightgbm":
        found = trees.booster.predict(matrix, pred_contrib=True)
    else:
        from mlgen_runtime.tabular.model.xgboost import _matrix

        found = trees.booster.predict(_matrix(matrix, trees.task), pred_contribs=True)
    return np.asarray(found).reshape(len(matrix), trees.task.targets, -1)


def assert_the_library_agrees(fitted: Fitted, explained: Explainer, matrix: Array) -> None:
    """Equal to the library's TreeSHAP: in doubles for LightGBM; XGBoost adds up in float32."""
    theirs, margins = library(fitted, matrix), fitted.scorer.margins(matrix)
    near = (1e-9 if fitted.name == "lightgbm" else 2e-6) * max(1.0, float(np.abs(margins).max()))
    for target in range(theirs.shape[1]):
        base, values = explained.values(matrix, np.full(len(matrix), target))
        summed = np.zeros_like(values)
        np.add.at(summed.T, explained.owner, theirs[:, target, :-1].T)
        np.testing.assert_allclose(values, summed, atol=near, rtol=0)
        np.testing.assert_allclose(base, theirs[:, target, -1], atol=near, rtol=0)
        np.testing.assert_allclose(base + values.sum(axis=1), margins[:, target], atol=near, rtol=0)


@pytest.mark.parametrize("task", toy.TASKS)
@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_the_values_are_the_librarys(name: str, task: str, tmp_path: Path) -> None:
    """Of every class; with categories, missing and unseen values; a date's parts are one input."""
    fitted = fit(name, task)
    matrix = spoilt(fitted)

    assert_the_library_agrees(fitted, explainer(fitted, tmp_path, matrix), matrix)


@pytest.mark.slow
@pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA names no folder of real data")
@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
@pytest.mark.parametrize("real", SETS)
def test_the_values_of_real_rows_are_the_librarys(real: str, name: str, project: Path, tmp_path: Path) -> None:
    """2,000 rows as the file has them."""
    table, target, more = SETS[real]
    assert REAL is not None
    rows = pd.read_csv(Path(REAL, real, table), dtype=str, keep_default_na=False)
    rows.sample(4000, random_state=0).to_csv(project / "rows.csv", index=False)
    given = [f"data.target={target}", f"model={name}", "model.n_estimators=120", *more]
    config = load(["data.path=rows.csv", *given], project)
    case, steps = registry.of(config), Steps(pipeline.STEPS)
    checked = case.preparation.check(config, resolve(config), steps)
    prepared = case.preparation.split(config, checked, steps)
    fitted = case.models.fit(case.preparation.training(config, prepared), config.model)
    assert isinstance(fitted, Fitted)
    matrix = fitted.preprocessing.frame(checked.frame)[:2000]

    assert_the_library_agrees(fitted, explainer(fitted, tmp_path, matrix), matrix)


@pytest.mark.parametrize("task", toy.TASKS)
def test_a_blend_is_the_weighted_sum_of_its_members(task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees and lines alone, each by its weight, add up to the blend; and base and values to its margin."""
    toy.all_members(monkeypatch)
    fitted = fit("blend", task)
    matrix = spoilt(fitted)
    blend = explainer(fitted, tmp_path, matrix)
    margins = fitted.scorer.margins(matrix)
    assert isinstance(fitted.scorer, Ensemble)
    parts = [(weight, Ensemble(((1.0, trees),))) for weight, trees in fitted.scorer.members]
    parts += [(weight, Ensemble.of([(1.0, line)])) for weight, line in fitted.scorer.linear]
    members = [
        (weight, explainer(dataclasses.replace(fitted, scorer=part), tmp_path, matrix)) for weight, part in parts
    ]
    for target in range(margins.shape[1]):
        classes = np.full(len(matrix), target)
        base, values = blend.values(matrix, classes)
        alone = [(weight, each.values(matrix, classes)) for weight, each in members]

        np.testing.assert_allclose(values, sum(weight * found[1] for weight, found in alone), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(base, sum(weight * found[0] for weight, found in alone), rtol=1e-9)
        near = 2e-6 * max(1.0, float(np.abs(margins).max()))  # XGBoost adds up in float32
        np.testing.assert_allclose(base + values.sum(axis=1), margins[:, target], atol=near, rtol=0)


@pytest.mark.parametrize("task", toy.TASKS)
def test_a_linear_model_adds_weights_times_the_distance_from_the_mean(task: str, tmp_path: Path) -> None:
    """The linear baseline's values add up to its margin, and are 0 on average over the rows they are compared with."""
    fitted = baseline.fit(toy.training(task), BaselineSettings(l2=1.0, max_iterations=200))[1]
    assert isinstance(fitted, Fitted)
    matrix = fitted.preprocessing.frame(toy.frame(300, seed=5))
    linear = explainer(fitted, tmp_path, matrix)
    margins = fitted.scorer.margins(matrix)
    for target in range(margins.shape[1]):
        base, values = linear.values(matrix, np.full(len(matrix), target))

        np.testing.assert_allclose(base + values.sum(axis=1), margins[:, target], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-9 * np.abs(margins).max())


def small(draw: np.random.Generator, features: int, leaves: int) -> Forest:
    """A tree grown at random: numbers, and codes in the last feature; covers from 1 to 50."""
    inner = leaves - 1
    children, places = np.zeros((inner, 2), dtype=np.int64), [(0, 0), (0, 1)]
    for node in range(1, inner):
        parent, side = places.pop(int(draw.integers(len(places))))
        children[parent, side] = node
        places += [(node, 0), (node, 1)]
    for leaf, (parent, side) in enumerate(places):
        children[parent, side] = ~leaf
    chosen = draw.integers(features, size=inner)
    sets = {node: draw.permutation(4)[:2] for node in np.flatnonzero(chosen == features - 1).tolist()}
    return tree(
        features=chosen,
        splits=draw.normal(size=inner),
        left=children[:, 0],
        right=children[:, 1],
        missing_left=draw.integers(2, size=inner),
        leaves=draw.normal(size=leaves),
        target=0,
        targets=1,
        members=sets,
        covers=draw.integers(1, 50, size=leaves),
    )


def known(forest: Forest, root: int, row: Array, features: frozenset[int]) -> float:
    """The tree's expectation where only some features of a row are known: the others follow the covers."""

    def cover(child: int, leaf: int) -> float:
        if leaf:
            return float(forest.covers[child])
        ends = ((forest.true[child], forest.true_leaf[child]), (forest.false[child], forest.false_leaf[child]))
        return sum(cover(*end) for end in ends)

    def value(child: int, leaf: int) -> float:
        if leaf:
            return float(forest.leaf_weights[child])
        ends = ((forest.true[child], forest.true_leaf[child]), (forest.false[child], forest.false_leaf[child]))
        cell = row[forest.features[child]]
        if forest.features[child] not in features:
            covers = [cover(*end) for end in ends]
            return sum(value(*end) * share for end, share in zip(ends, covers, strict=True)) / sum(covers)
        if np.isnan(cell):
            goes = bool(forest.missing_true[child])
        elif forest.modes[child]:
            sets = np.split(forest.members, np.flatnonzero(np.isnan(forest.members)) + 1)
            goes = cell in sets[int((forest.modes[:child] != 0).sum())]
        else:
            goes = bool(cell <= forest.splits[child])
        return value(*ends[0 if goes else 1])

    return value(root, 0)


@pytest.mark.parametrize("seed", range(6))
def test_values_are_shapleys_by_the_definition(seed: int, tmp_path: Path) -> None:
    """Averages over all orders in which the inputs become known, of trees grown at random."""
    draw = np.random.default_rng(seed)
    features = 5
    trees = [small(draw, features, leaves) for leaves in (2, 9, 16)]
    rows = draw.normal(size=(6, features)).astype(np.float32)
    rows[:, -1] = [0, 1, 2, 3, 9, np.nan]
    rows[0, 0] = np.nan
    content = writing._forest(join(trees)) | {
        "base": np.zeros(1),
        "owner": np.arange(features),
        "columns": np.int64(features),
    }
    np.savez(tmp_path / "kept.npz", **content)
    base, values = Explainer((tmp_path / "kept.npz").read_bytes()).values(rows)

    for at, row in enumerate(rows):
        expected = np.zeros(features)
        for order in itertools.permutations(range(features)):
            for place, feature in enumerate(order):
                before, after = frozenset(order[:place]), frozenset(order[: place + 1])
                expected[feature] += sum(known(t, 0, row, after) - known(t, 0, row, before) for t in trees)
        np.testing.assert_allclose(values[at], expected / math.factorial(features), atol=1e-9)
        np.testing.assert_allclose(base[at], sum(known(t, 0, row, frozenset()) for t in trees), atol=1e-9)


@pytest.mark.parametrize("task", toy.TASKS)
def test_a_row_is_explained_alike_alone_and_among_many(task: str, tmp_path: Path) -> None:
    """One by one, and among so many that patterns are tabulated: to the digits that are answered."""
    fitted = fit("lightgbm", task)
    matrix = np.tile(spoilt(fitted), (4, 1))
    explained = explainer(fitted, tmp_path, matrix)
    classes = np.arange(len(matrix)) % fitted.scorer.margins(matrix[:1]).shape[1]
    _, many = explained.values(matrix, classes)

    for row in range(0, len(matrix), 97):
        _, alone = explained.values(matrix[row : row + 1], classes[row : row + 1])
        np.testing.assert_allclose(alone[0], many[row], rtol=1e-12, atol=1e-13 * np.abs(many).max())


@pytest.mark.parametrize("name", toy.QUICK)
def test_judges_answer_the_rows_that_they_did_not_see(name: str) -> None:
    """The fits of the parts, asked again, give the answers that the model was judged by."""
    parts = validation.parts(toy.training("binary", refit=True))
    training = toy.training("binary", refit=True, parts=parts)
    fitted = model.fit(training, toy.QUICK[name])

    judges = fitted.judges()

    assert len(judges) == len(parts) > 1
    answers = [judge.scores(training.frame.iloc[part.held]) for judge, part in zip(judges, parts, strict=True)]
    np.testing.assert_allclose(np.concatenate(answers), fitted.held_out, rtol=1e-6)


def test_an_estimator_of_the_projects_own_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """What is no sum over inputs says so where the values would be."""
    fitted = fit("lightgbm", "binary")
    matrix = spoilt(fitted)
    writing.write(tmp_path, Estimator(Design.of(fitted.preprocessing, matrix), None, 2), fitted.preprocessing, matrix)
    explanation = serving.Explanation.of(tmp_path, fitted.preprocessing, None)

    assert not (tmp_path / serving.FILE).exists()
    with pytest.raises(InputError, match=r"explain: this model cannot be explained: it is an estimator of the project"):
        explanation.columns(matrix, matrix, 6, 1)
