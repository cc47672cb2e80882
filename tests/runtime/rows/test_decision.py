"""The decision between two classes: which threshold is chosen, on whose answers, its worth, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.rows import metrics
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.decision import rule, threshold
from mlgen_runtime.rows.decision.decided import Decided, decide
from mlgen_runtime.rows.decision.rule import DecisionRule, ValueTable
from mlgen_runtime.rows.settings import DecisionSettings, ValueSettings
from mlgen_runtime.training import pipeline
from sample_projects import Configure

TABLE = ValueTable(true_positive=100.0, false_positive=-30.0, true_negative=1.0, false_negative=-5.0)
AIMS = ("f1", "macro_f1", "accuracy", "balanced_accuracy", "value")
NOTHING = ValueSettings(true_positive=None, false_positive=None, true_negative=None, false_negative=None)


def answers(rows: int = 500, decimals: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth [n] of a rare class, and probabilities [n] of it that say something."""
    draw = np.random.default_rng(seed)
    truth = (draw.random(rows) < 0.2).astype(np.int64)
    return truth, np.round(np.clip(draw.beta(1.5, 4, rows) + 0.25 * truth, 0, 1), decimals)


def decided(truth: np.ndarray, printed: np.ndarray, at: Any) -> Decided:
    """The answers by a threshold, or by one for each row."""
    both = np.stack([1 - printed, printed], axis=1)
    return Decided(both, (printed >= at).astype(np.int64), DecisionRule(value=TABLE))


def settings(**changed: Any) -> DecisionSettings:
    """The defaults, changed."""
    return DecisionSettings(**{"threshold": None, "maximise": None, "value": NOTHING} | changed)


@pytest.mark.parametrize("decimals", [1, 2, 6])
@pytest.mark.parametrize("aim", AIMS)
def test_no_other_threshold_does_better(aim: str, decimals: int) -> None:
    """Of all there are; ties in the probabilities included, and the figures are those of the metrics."""
    truth, printed = answers(300, decimals)

    found = threshold.choose(truth, printed, aim, TABLE)

    measure = metrics.METRICS[aim]
    best = measure.value(truth, decided(truth, printed, found))
    others = [measure.value(truth, decided(truth, printed, at)) for at in np.arange(0.001, 1, 0.001)]
    assert 0 < found < 1
    assert best >= max(others) - 1e-12


@pytest.mark.parametrize(("rows", "decimals"), [(1, 6), (2, 1), (60, 1), (400, 2), (400, 6)])
def test_a_curve_counts_what_each_threshold_calls(rows: int, decimals: int) -> None:
    """Row by row, also where probabilities are 0, 1 and equal; none is outside of 0 and 1."""
    truth, printed = answers(rows, decimals)

    found = threshold.curve(truth, printed)

    assert len(found.thresholds)
    for at, table in zip(found.thresholds, found.tables, strict=True):
        called = printed >= at
        expected = [[(~called & (truth == code)).sum(), (called & (truth == code)).sum()] for code in (0, 1)]
        assert 0 < at < 1
        assert table.tolist() == expected


def test_of_equal_thresholds_the_plainest_is_taken() -> None:
    """Between two rows lies a range: a round number in its middle, not one that hangs on a single row."""
    truth, printed = np.array([0, 0, 1, 1]), np.array([0.1, 0.203417, 0.61, 0.9])

    assert threshold.choose(truth, printed, "f1", None) == 0.41
    assert threshold.choose(np.array([0, 0]), np.array([0.2, 0.7]), "f1", None) == pytest.approx(0.45)  # all the same


@pytest.mark.parametrize(("aim", "expected"), [("f1", 0.5), ("balanced_accuracy", 0.5), ("value", 0.1)])
def test_a_model_that_ranks_nothing_calls_all_rows_positive_only_where_that_pays(aim: str, expected: float) -> None:
    """The majority's answer for every row is no, though every yes would give an F1; a table may say that yes pays.
    Its fits give each fold another share."""
    truth, fold = np.array([0] * 80 + [1] * 20), np.arange(100) % 5
    printed = 0.2 + fold / 1000
    worth = ValueSettings(**{**vars(NOTHING), "true_positive": 100.0, "false_positive": -10.0})

    found, judged = threshold.settle(
        settings(threshold="auto", maximise=aim, value=worth), truth, np.stack([1 - printed, printed], axis=1), fold
    )

    assert found.threshold == pytest.approx(expected)
    assert judged.codes.tolist() == [int(aim == "value")] * 100


def test_nobody_is_judged_by_a_threshold_that_it_chose() -> None:
    """On noise a threshold that sees its own rows flatters; one of the other folds does not. The served one is that of
    all rows."""
    flattering, fair = [], []
    for seed in range(200):
        draw = np.random.default_rng(seed)
        truth, printed = draw.permutation([0, 1] * 30), draw.random(60).round(6)
        both = np.stack([1 - printed, printed], axis=1)
        fold = threshold.dealt(truth, seed)

        served, judged = threshold.settle(settings(threshold="auto", maximise="accuracy"), truth, both, fold)

        assert served.threshold == threshold.choose(truth, printed, "accuracy", None)
        flattering.append((served.codes(printed) == truth).mean())
        fair.append((judged.codes == truth).mean())
    assert np.mean(flattering) > 0.55
    assert np.mean(fair) < 0.51


def test_the_rows_of_a_fold_take_the_threshold_of_the_others() -> None:
    """Changing a fold's own truth leaves its answers as they were."""
    truth, printed = answers()
    both, fold = np.stack([1 - printed, printed], axis=1), threshold.dealt(truth, 3)
    turned = np.where(fold == 0, 1 - truth, truth)

    before = threshold.settle(settings(threshold="auto"), truth, both, fold)[1]
    after = threshold.settle(settings(threshold="auto"), turned, both, fold)[1]

    assert before.codes[fold == 0].tolist() == after.codes[fold == 0].tolist()
    assert before.codes[fold != 0].tolist() != after.codes[fold != 0].tolist()


def test_judged_rows_are_dealt_with_equal_shares_of_the_classes() -> None:
    """Five parts of the same size, each with its share of a rare class; the same seed deals alike."""
    truth = np.array([1] * 25 + [0] * 475)

    fold = threshold.dealt(truth, 7)

    assert np.bincount(fold).tolist() == [100] * 5
    assert np.bincount(fold[truth == 1]).tolist() == [5] * 5
    assert (fold == threshold.dealt(truth, 7)).all()


@pytest.mark.parametrize(
    ("changed", "served", "aim"),
    [
        ({}, 0.5, None),
        ({"threshold": 0.3}, 0.3, None),
        ({"threshold": "auto"}, None, "f1"),
        ({"threshold": "auto", "maximise": "accuracy"}, None, "accuracy"),
        ({"threshold": "auto", "value": ValueSettings(**{**vars(NOTHING), "true_positive": 9.0})}, None, "value"),
    ],
)
def test_the_settings_say_how_the_rule_is_found(changed: dict[str, Any], served: float | None, aim: str | None) -> None:
    """One half where nothing is said; a table of values is what is maximised, unless something else is named."""
    truth, printed = answers()

    found, _ = threshold.settle(
        settings(**changed), truth, np.stack([1 - printed, printed], axis=1), threshold.dealt(truth, 0)
    )

    assert found.maximise == aim
    assert served is None or found.threshold == served


def test_a_probability_equal_to_the_threshold_is_positive() -> None:
    """The probability that is printed counts; of two equal ones without a rule the positive class is said, too."""
    assert DecisionRule(threshold=0.3).codes(np.array([0.299999, 0.3, 0.300001])).tolist() == [False, True, True]
    assert decide(np.array([[0.5, 0.5], [0.500001, 0.499999]])).tolist() == [1, 0]


def test_metrics_of_labels_follow_the_answers_and_those_of_a_ranking_do_not() -> None:
    """A threshold moves F1 and value, never the area under the ROC curve; `value` needs a table."""
    truth, printed = answers()
    low, high = (metrics.score("binary", truth, decided(truth, printed, at), ("no", "yes")) for at in (0.2, 0.6))
    plain = metrics.score("binary", truth, np.stack([1 - printed, printed], axis=1), ("no", "yes"))

    assert low["roc_auc"] == high["roc_auc"] == plain["roc_auc"]
    assert low["recall"] > high["recall"]
    called = printed >= 0.2
    worth = np.where(called, np.where(truth == 1, 100, -30), np.where(truth == 1, -5, 1)).mean()
    assert low["value"] == pytest.approx(worth)
    assert "value" not in plain
    assert np.isnan(metrics.METRICS["value"].value(truth, np.stack([1 - printed, printed], axis=1)))


def test_a_rule_travels_in_a_bundle(tmp_path: Path) -> None:
    """As a file of its own, which says the positive class in words; a bundle without one decides at one half."""
    target = Column(name="y", role="target", type="category", categories=("no", "yes"))
    found = Contract(vocabulary=VOCABULARY, task="binary", columns=(Column(name="x"), target))
    told = DecisionRule(threshold=0.37, maximise="value", value=TABLE)

    assert rule.load(tmp_path, found) == DecisionRule()
    told.write(tmp_path, found)

    assert rule.load(tmp_path, found) == told
    assert bundle.read_json(tmp_path, rule.FILE)["positive"] == "yes"
    assert told.sentence(found) == (
        "yes is predicted where its probability is at least 0.37, chosen for value; otherwise no"
    )


REGRESSION = ("data.path=data/sample_regression.csv", "data.target=log_spending")
REFUSED = {
    "threshold beside a regression": (
        [*REGRESSION, "decision.threshold=0.3"],
        "decision.threshold is 0.3: a threshold decides between two classes, and 'log_spending' is an amount",
    ),
    "auto beside a regression": ([*REGRESSION, "decision.threshold=auto"], "decision.threshold is auto"),
    "value beside several classes": (
        ["data.path=data/three.csv", "data.target=kind", "decision.value={true_positive: 1}"],
        "decision.value is given: a threshold decides between two classes, and 'kind' is one of 3",
    ),
    "outside of 0 and 1": (["decision.threshold=1.5"], "decision.threshold: .* is not a number above 0 and below 1"),
    "no number": (["decision.threshold=half"], "decision.threshold: 'half' is not .*auto"),
    "an unknown outcome": (
        ["decision.value={true_positives: 1}"],
        r"decision.value.true_positives: no such setting \(did you mean 'true_positive'",
    ),
    "value without a table": (
        ["decision.threshold=auto", "decision.maximise=value"],
        "decision.maximise is 'value', and nothing says what an outcome is worth; give decision.value",
    ),
    "the gate's value without a table": (["gate.metric=value"], "gate.metric is 'value', and nothing says"),
    "what is not maximised": (["decision.maximise=recall"], "decision.maximise: 'recall' is not one of f1"),
    "maximise without a choice": (
        ["decision.maximise=f1"],
        "decision.maximise is 'f1', and the threshold is 0.5 whatever it maximises; set decision.threshold=auto",
    ),
    "a weight of no label": (
        ["train.class_weight={Perhaps: 3}"],
        "train.class_weight: 'Perhaps' is no label of 'saw_doctor'; expected one of",
    ),
    "a weight of nothing": (["train.class_weight={yes: 0}"], "train.class_weight.yes: 0 is not a number above 0"),
    "a word that is no weight": (["train.class_weight=heavy"], "train.class_weight: 'heavy' is not one of none, bal"),
    "weights beside a regression": (
        [*REGRESSION, "train.class_weight=balanced"],
        "train.class_weight weighs the rows of a class, and 'log_spending' is an amount",
    ),
    "no such positive class": (
        ["data.path=data/two.csv", "data.target=goal", "data.positive=Maybe"],
        "data.positive: 'Maybe' is no label of 'goal'; expected one of",
    ),
    "a positive class of an amount": ([*REGRESSION, "data.positive=yes"], "data.positive names one of two classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    case: str, project: Path, configure: Configure
) -> None:
    """One line with the setting, its value and the next step; no contract, no bundle, no run."""
    words, message = REFUSED[case]
    numbers = np.random.default_rng(0).normal(size=60)
    pd.DataFrame({"x": numbers, "kind": ["a", "b", "c"] * 20}).to_csv(project / "data/three.csv", index=False)
    pd.DataFrame({"x": numbers, "goal": ["no", "yes"] * 30}).to_csv(project / "data/two.csv", index=False)

    with pytest.raises(InputError, match=message) as refused:
        pipeline.train(configure("+experiment=quick", *words), Steps(pipeline.STEPS))

    assert "\n" not in str(refused.value)
    assert not (project / "data" / "contract.yaml").exists()
    assert not list((project / "bundles").glob("*"))
