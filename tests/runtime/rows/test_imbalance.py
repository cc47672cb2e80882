"""A target with a rare class: said before the training and after it, with settings that help when they are taken."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.rows import imbalance
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.decision.decided import Decided, Scores
from mlgen_runtime.rows.decision.rule import DecisionRule
from mlgen_runtime.usecase.evaluated import EvaluatedModel
from sample_projects import VERB, copied, environment, rendered

ROWS = 4000
#: How much of what decides is hidden: so much that the rare class is hardly ever the likeliest, and can be learnt.
NOISE = {"binary": 2.0, "multiclass": 1.2}


def contract(*labels: str) -> Contract:
    """A contract with a target of these labels."""
    columns = (Column(name="x", role="feature", type="number"),)
    target = Column(name="y", role="target", type="category", categories=labels)
    task = "binary" if len(labels) == 2 else "multiclass"
    return Contract(vocabulary=VOCABULARY, task=task, columns=(*columns, target))


def model(scores: Scores) -> EvaluatedModel:
    """A judged model with these probabilities [n, k], or answers."""
    place = {"kind": "candidate", "name": "lightgbm", "folder": Path(), "version": None}
    return EvaluatedModel(**place, scores=scores, outputs={}, metrics={}, latency=None, megabytes=0.0)


def scores(predicted: list[int], labels: int) -> np.ndarray:
    """Probabilities whose most probable class is that of each row."""
    return np.eye(labels)[predicted] * 0.6 + 0.4 / labels


@pytest.mark.parametrize(
    ("truth", "predicted", "said"),
    [
        ([0] * 97 + [1] * 3, [0] * 100, "lightgbm never predicts 'yes' (0 of 3 found, 3.0% of the test rows)"),
        ([0] * 50 + [1] * 50, [0] * 95 + [1] * 5, "hardly ever predicts 'yes' (5 of 50 found"),
        ([1] * 97 + [0] * 3, [1] * 100, "never predicts 'no'"),
        ([0] * 60 + [1] * 40, [0] * 80 + [1] * 20, None),
        ([0] * 100, [0] * 100, None),  # none was there to be found
        ([0] * 98 + [1] * 2, [0] * 97 + [1] + [0] * 2, None),  # two rows: finding none of them may be chance
    ],
)
def test_a_class_that_is_not_recognised_is_named(truth: list[int], predicted: list[int], said: str | None) -> None:
    """Never predicted, or found in a tenth of its rows at most; what is recognised, or not there, is no news."""
    found = imbalance.note(contract("no", "yes"), np.array(truth), model(scores(predicted, 2)))

    assert (found is None) == (said is None)
    assert said is None or said in str(found)
    assert found is None or f"try {imbalance.THRESHOLD}" in found


def test_labels_of_many_classes_that_are_never_predicted_are_named_together() -> None:
    """One line for all, the most frequent first, with how many more there are."""
    labels = tuple("abcdefg")
    truth = np.array([0] * 100 + [1] * 3 + [2] * 9 + [3] * 4 + [4] * 5 + [5] * 8)

    found = str(imbalance.note(contract(*labels), truth, model(scores([0] * len(truth), 7))))

    assert found.index("'c'") < found.index("'f'") < found.index("'e'")
    assert "and 2 more classes" in found
    assert "'g'" not in found
    assert f"train with {imbalance.WEIGHTS}" in found
    assert "\n" not in found


@pytest.mark.parametrize(
    ("taken", "next_step"),
    [
        ("threshold", imbalance.WEIGHTS),
        ("weights", imbalance.THRESHOLD),
        ("threshold and weights", "collect more rows"),
    ],
)
def test_advice_that_was_taken_is_not_given_again(taken: str, next_step: str) -> None:
    """What is left to try is told; where nothing is, more rows are."""
    truth = np.array([0] * 97 + [1] * 3)

    never = np.zeros(100, dtype=np.int64)
    rule = DecisionRule(threshold=0.9, maximise="f1" if "threshold" in taken else None)
    judged = model(Decided(scores([0] * 100, 2), never, rule))
    found = str(imbalance.note(contract("no", "yes"), truth, judged, weighted="weights" in taken))

    assert next_step in found
    assert (f"try {imbalance.THRESHOLD}" in found) == ("threshold" not in taken)


def rare(kind: str) -> pd.DataFrame:
    """A table whose rare class depends on two columns at once, under much noise."""
    draw = np.random.default_rng(7)
    values = draw.normal(size=(ROWS, 4))
    hidden = values[:, 0] * values[:, 1] + draw.normal(size=ROWS) * NOISE[kind]
    answer = np.where(hidden > np.quantile(hidden, 1 - 0.029), "yes", "no").astype(object)
    if kind == "multiclass":
        answer[(answer == "no") & (values[:, 2] + draw.normal(size=ROWS) > 0)] = "perhaps"
    frame = pd.DataFrame(values.round(3), columns=[f"f{position}" for position in range(4)])
    return frame.assign(answer=answer)


@pytest.mark.parametrize("kind", NOISE)
def test_the_advice_works_when_it_is_taken(tmp_path: Path, kind: str) -> None:
    """The contract, the terminal, the card and the report name the rare class; trained as they say, the champion that
    never said yes is replaced by one that does."""
    root = copied(rendered("tabular"), tmp_path / "project")
    rare(kind).to_csv(root / "data" / "rare.csv", index=False)
    data = ("data.path=data/rare.csv", "data.target=answer", "data.key=[]")
    settings = (*data, "+experiment=quick", "train.refit=true")  # in folds: of one part too few are rare to tell

    checked = verb(root, "contract", *settings[:2])
    before = verb(root, "train", *settings)
    first = json.loads((root / "reports/train.json").read_text("utf8"))
    verb(root, "predict", "input=data/rare.csv", "output=before.csv", "data.target=answer")

    assert "answer is imbalanced, 'yes' in 2.9% of the rows" in " ".join(checked.split())
    [note] = [note for note in first["notes"] if "predicts 'yes'" in note]
    assert f"Note: {note}" in before
    card = (root / "reports/train.html").read_text("utf8")
    assert "predicts &#x27;yes&#x27;" in card
    remedy = imbalance.THRESHOLD if kind == "binary" else imbalance.WEIGHTS
    assert remedy in note
    assert remedy in card

    after = verb(root, "train", *settings, *shlex.split(remedy))
    second = json.loads((root / "reports/train.json").read_text("utf8"))
    verb(root, "predict", "input=data/rare.csv", "output=after.csv", "data.target=answer")

    assert second["promoted"] == second["headline"]["model"], after
    assert not [note for note in second["notes"] if "predicts 'yes'" in note]
    said = [int((pd.read_csv(root / f"{when}.csv")["prediction"] == "yes").sum()) for when in ("before", "after")]
    assert said[0] < ROWS * 0.005
    assert said[1] > ROWS * 0.02


def verb(root: Path, *words: str) -> str:
    """Run a verb that must succeed; return what it printed."""
    done = subprocess.run([*VERB, *words], env=environment(), cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
