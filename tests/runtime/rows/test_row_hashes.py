"""No champion is judged on rows that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.progress import Steps
from mlgen_runtime.rows import row_hashes as seen
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.training import pipeline
from mlgen_runtime.usecase.configuration import load
from sample_projects import copied, rendered

CONTRACT = Contract(
    vocabulary=VOCABULARY,
    task="regression",
    columns=(Column(name="size"), Column(name="colour", type="category"), Column(name="price", role="target")),
)
FRAME = pd.DataFrame(
    {"size": np.arange(200.0), "colour": ["red", None] * 100, "price": np.arange(200.0) % 7, "note": "x"}
)


def test_rows_that_a_version_was_trained_on_are_known_again(store: Store) -> None:
    """Whatever their order, and whatever stands in columns that the model does not see."""
    seen.record(store, "3", FRAME.iloc[:150], CONTRACT)

    later = FRAME.assign(note="y").iloc[::-1]

    assert seen.unseen(store, "3", later, CONTRACT).tolist() == [True] * 50 + [False] * 150


def test_a_version_without_marks_is_compared_on_all_rows(store: Store) -> None:
    """A bundle published by other means."""
    assert seen.unseen(store, "3", FRAME, CONTRACT).all()


def test_answers_of_a_version_are_found_again_by_row(store: Store) -> None:
    """In whatever order the rows come; a row that it was trained on without an answer is not fair, a new one is."""
    answers = np.arange(150.0)
    seen.record(store, "3", FRAME.iloc[:160], CONTRACT)
    seen.record_answers(store, "3", FRAME.iloc[:150], CONTRACT, answers)

    found = seen.known(store, "3", FRAME.iloc[::-1], CONTRACT)

    assert found.kept[::-1].tolist() == [True] * 150 + [False] * 50
    assert found.fair[::-1].tolist() == [True] * 150 + [False] * 10 + [True] * 40
    assert found.answers[::-1][:150, 0].tolist() == answers.tolist()
    assert np.isnan(found.answers[::-1][150:]).all()


def test_a_champion_fitted_on_all_rows_meets_a_candidate_of_another_seed_on_all_of_them(tmp_path: Path) -> None:
    """Neither has learnt from the rows that its answers are about, so the first seed is not unbeatable: the better
    recipe takes its place."""
    root = copied(rendered("tabular"), tmp_path / "project")
    poor = ["model=lightgbm", "model.n_estimators=3", "model.num_leaves=2", "gate.resamples=200"]

    first = pipeline.train(load([*poor, "seed=1"], root), Steps(pipeline.STEPS))
    again = pipeline.train(load([*poor, "seed=2"], root), Steps(pipeline.STEPS))
    better = pipeline.train(load(["model=lightgbm", "gate.resamples=200", "seed=3"], root), Steps(pipeline.STEPS))

    rows = first.prepared.counts["rows"]
    for found in (again, better):
        champion = next(entrant for entrant in found.models if entrant.kind == "champion")
        assert champion.fair is None and len(champion.scores) == rows == found.prepared.counts["test_rows"]
    assert again.decision.promoted is None
    assert better.decision.promoted is not None and better.decision.promoted.kind == "candidate"


def test_a_champion_of_another_seed_is_compared_on_rows_new_to_both(trained: Path) -> None:
    """Its figure is that of the rows it did not learn from, and the reader is told how many those are."""
    config = load(["+experiment=quick", "seed=7"], trained)

    found = pipeline.train(config, Steps(pipeline.STEPS))

    champion = next(entrant for entrant in found.models if entrant.kind == "champion")
    candidate = next(entrant for entrant in found.models if entrant.kind == "candidate")
    assert champion.fair is not None
    assert 0 < champion.fair.sum() == len(champion.scores) < len(candidate.scores)
    assert any("was trained on" in note and "compared on the other" in note for note in found.notes)
    assert found.decision.promoted is None
