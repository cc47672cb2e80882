"""The metrics agree with scikit-learn's, and a resample by counts is a metric of repeated rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows.decision.decided import Decided, decide
from mlgen_runtime.rows.decision.rule import DecisionRule, ValueTable


def sample(task: str, name: str = "", rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth and coarse scores, so that many of them are equal; counts for a metric that needs them."""
    random = np.random.default_rng(seed)
    if name.startswith(("rmsle", "poisson", "tweedie")):
        mean = random.uniform(0.1, 5, rows)
        return random.poisson(mean).astype(float), mean
    if task == "regression":
        truth = random.normal(size=rows) * 10
        return truth, truth + random.normal(size=rows)
    classes = 2 if task == "binary" else 4
    truth = random.integers(0, classes, rows)
    scores = np.round(random.dirichlet(np.ones(classes), rows) + np.eye(classes)[truth] * 0.4, 1) + 0.01
    return truth, scores / scores.sum(axis=1, keepdims=True)


def reference(name: str, truth: np.ndarray, scores: np.ndarray) -> float:
    """The same figure by scikit-learn, or by its definition."""
    from sklearn import metrics as known

    called = decide(scores) if scores.ndim == 2 else scores
    ways: dict[str, Any] = {
        "roc_auc": lambda: known.roc_auc_score(truth, scores[:, 1]),
        "average_precision": lambda: known.average_precision_score(truth, scores[:, 1]),
        "roc_auc_ovr": lambda: known.roc_auc_score(truth, scores, multi_class="ovr"),
        "macro_f1": lambda: known.f1_score(truth, called, average="macro"),
        "accuracy": lambda: known.accuracy_score(truth, called),
        "balanced_accuracy": lambda: known.balanced_accuracy_score(truth, called),
        "f1": lambda: known.f1_score(truth, called),
        "precision": lambda: known.precision_score(truth, called),
        "recall": lambda: known.recall_score(truth, called),
        "value": lambda: np.where(called == 1, np.where(truth == 1, 9, -2), np.where(truth == 1, -4, 0.5)).mean(),
        "log_loss": lambda: known.log_loss(truth, scores),
        "brier": lambda: (
            ((scores - np.eye(scores.shape[1])[truth]) ** 2).sum(axis=1).mean() / (2 if scores.shape[1] == 2 else 1)
        ),
        "rmse": lambda: known.root_mean_squared_error(truth, scores),
        "mae": lambda: known.mean_absolute_error(truth, scores),
        "r2": lambda: known.r2_score(truth, scores),
        "wape": lambda: np.abs(truth - scores).sum() / np.abs(truth).sum(),
        "rmsle": lambda: known.root_mean_squared_log_error(truth, scores),
        "poisson_deviance": lambda: known.mean_poisson_deviance(truth, scores),
        "pinball_0.9": lambda: known.mean_pinball_loss(truth, scores, alpha=0.9),
        "tweedie_deviance_1.3": lambda: known.mean_tweedie_deviance(truth, scores, power=1.3),
    }
    return float(ways[name]())


def worth(name: str, scores: np.ndarray) -> Any:
    """The scores, with what each answer is worth where a metric asks for it."""
    table = ValueTable(true_positive=9, false_positive=-2, true_negative=0.5, false_negative=-4)
    return Decided(scores, decide(scores), DecisionRule(value=table)) if name == "value" else scores


CASES = [(name, task) for name, metric in metrics.METRICS.items() for task in metric.tasks]
CASES += [("pinball_0.9", "regression"), ("tweedie_deviance_1.3", "regression")]


@pytest.mark.parametrize(("name", "task"), CASES)
def test_metrics_are_the_known_ones(name: str, task: str) -> None:
    """Every metric of the registry equals the reference, ties included."""
    truth, scores = sample(task, name)

    found = metrics.metric(name, task).value(truth, worth(name, scores))

    assert found == pytest.approx(reference(name, truth, scores), abs=1e-12)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_counts_are_repeated_rows(name: str, task: str) -> None:
    """Drawing a row three times is the same as having it three times; not drawing it, as not having it."""
    truth, scores = sample(task, name)
    counts = np.random.default_rng(1).multinomial(len(truth), np.full(len(truth), 1 / len(truth)))
    rows = np.repeat(np.arange(len(truth)), counts)
    metric = metrics.metric(name, task)

    drawn = metric.prepare(truth, worth(name, scores))(counts)

    assert drawn == pytest.approx(metric.value(truth[rows], worth(name, scores)[rows]), abs=1e-12)


@pytest.mark.parametrize("name", ["pinball_1", "pinball_x", "pinball", "tweedie_deviance_2.5", "rmsle_2"])
def test_a_figure_that_a_metric_cannot_have_is_refused(name: str) -> None:
    """A level is between 0 and 1, a power between 1 and 2; the message shows how they are written."""
    with pytest.raises(InputError, match=f"metric '{name}' is none .* pinball_NUMBER, tweedie_deviance_NUMBER"):
        metrics.metric(name, "regression")


def test_figures_are_those_that_mean_something() -> None:
    """A logarithm of negative values is left out; the metric that decides is among the others."""
    truth, scores = sample("regression")

    found = metrics.score("regression", truth, scores, (), "pinball_0.9")

    assert set(found) == {"rmse", "mae", "r2", "wape", "pinball_0.9"}
    assert {"rmsle", "poisson_deviance"} < set(metrics.score("regression", abs(truth), abs(scores), ()))


def test_predictions_that_a_logarithm_does_not_take_stay_finite() -> None:
    """One below 0 of amounts that are never negative counts as 0 in rmsle, and costs much in a deviance."""
    truth, values = np.array([0.0, 3.0]), np.array([-5.0, 3.0])

    assert metrics.metric("rmsle", "regression").value(truth, values) == 0.0
    assert metrics.metric("rmsle", "regression").value(truth - 0.5, values) > 5
    assert 10 < metrics.metric("poisson_deviance", "regression").value(truth, np.array([0.0, -1.0])) < 100


def test_an_undefined_metric_is_no_number() -> None:
    """One class alone has no ROC curve: that is NaN, not an error in the midst of a bootstrap."""
    scores = np.array([[0.2, 0.8], [0.6, 0.4]])

    assert np.isnan(metrics.METRICS["roc_auc"].value(np.array([1, 1]), scores))


def test_scores_name_every_class() -> None:
    """Precision, recall and F1 of each label stand beside the task's metrics."""
    truth, scores = sample("multiclass")

    found = metrics.score("multiclass", truth, scores, ("a", "b", "c", "d"))

    assert {"macro_f1", "f1_a", "recall_d", "precision_b"} <= set(found)
    assert np.mean([found[f"f1_{label}"] for label in "abcd"]) == pytest.approx(found["macro_f1"])


def test_the_tasks_main_metrics() -> None:
    """These decide promotion where none is named."""
    found = [metrics.main(task).name for task in ("binary", "multiclass", "regression")]

    assert found == ["roc_auc", "macro_f1", "rmse"]


def test_a_metric_of_another_task_is_refused() -> None:
    """The message lists the task's own metrics and the nearest one."""
    with pytest.raises(InputError, match="none of a regression task's.*did you mean 'rmse'"):
        metrics.metric("rsme", "regression")
