"""The newest rows: what came since, what is trained on, what is held out, and rows of what was asked."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from mlgen_runtime.bundle import format as bundle
from mlgen_runtime.bundle import promotion as registry
from mlgen_runtime.bundle.store import Store
from mlgen_runtime.contract import Column, Contract
from mlgen_runtime.core.duration import Span
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.retraining import history, job
from mlgen_runtime.retraining import settings as reading
from mlgen_runtime.retraining.context import RetrainingContext
from mlgen_runtime.rows import newest as recent
from mlgen_runtime.rows import row_hashes as seen
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.usecase.configuration import load

PLAIN = Contract(
    vocabulary=VOCABULARY, task="regression", columns=(Column(name="size"), Column(name="price", role="target"))
)
TIMED = Contract(
    vocabulary=VOCABULARY,
    task="binary",
    columns=(
        Column(name="day", role="time", type="datetime"),
        Column(name="plan", type="category"),
        Column(name="age", type="integer", nullable=True),
        Column(name="left", role="target", type="boolean", categories=("False", "True")),
    ),
)


def numbers(rows: int, start: int = 0) -> pd.DataFrame:
    """Rows that are told apart by their size."""
    return pd.DataFrame({"size": np.arange(start, start + rows, dtype="float64"), "price": np.zeros(rows)})


def dated(*days: str | None) -> pd.DataFrame:
    """Rows of these days, in this order."""
    count = len(days)
    return pd.DataFrame({
        "day": pd.to_datetime(list(days)).to_numpy(dtype="datetime64[ns]"), "plan": ["basic"] * count,
        "age": np.arange(float(count)), "left": np.zeros(count),
    })  # fmt: skip


def published(store: Store, known: pd.DataFrame, tested: int, contract: Contract = PLAIN) -> None:
    """Version 1, trained on `known` rows and judged on so many others."""
    staged = store.stage()
    bundle.write_json(staged, "metrics.json", {"rows": tested})
    bundle.seal(staged)
    store.publish(staged, "1")
    seen.record(store, "1", known, contract)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 60), st.integers(0, 60))
def test_what_came_since_is_counted_whether_a_table_grows_or_moves_on(
    tmp_path_factory: pytest.TempPathFactory, trained: int, tested: int, new: int, dropped: int
) -> None:
    """Rows that a champion was trained or judged on are not new; old rows may be gone by now."""
    store = Store(tmp_path_factory.mktemp("store"))
    published(store, numbers(trained), tested)
    now = numbers(trained + tested + new).iloc[min(dropped, trained) :]

    assert recent.fresh(store, "1", now, PLAIN) == new


def test_a_window_is_the_newest_rows_in_their_order() -> None:
    """By number, by share, by time; all of them where nothing is said."""
    rows = dated("2024-03-01", "2024-01-01", None, "2024-03-02", "2024-02-01")

    found = {
        str(span): recent.window(rows, TIMED, span, "retrain.window")["age"].tolist()
        for span in (None, Span(rows=2), Span(share=0.5), Span(seconds=40 * 86400), Span(rows=9))
    }

    assert list(found.values()) == [[0, 1, 2, 3, 4], [0, 3], [0, 3, 4], [0, 3, 4], [0, 1, 2, 3, 4]]


def test_without_a_time_column_the_newest_rows_are_the_last() -> None:
    """And a stretch of time is refused with the setting's name."""
    assert recent.window(numbers(9), PLAIN, Span(rows=2), "retrain.window")["size"].tolist() == [7, 8]
    with pytest.raises(InputError, match=r"retrain\.window: 30 days are meant, and no column .* has the role time"):
        recent.window(numbers(9), PLAIN, Span(seconds=30 * 86400), "retrain.window")


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 5000), st.integers(0, 5000), st.floats(0.01, 0.99))
def test_a_share_is_held_out_of_what_is_new_and_the_rest_of_it_is_learnt(rows: int, new: int, share: float) -> None:
    """At least 200 rows, never more than half; of all rows where none or all are new."""
    new = min(new, rows)

    found = recent.held_out(numbers(rows), PLAIN, Span(share=share), new, "retrain.holdout")

    held_out = round(found["test_size"] * rows)
    wanted = np.ceil(share * rows) if new in (0, rows) else max(np.ceil(share * new), min(200, new))
    assert found["method"] == "newest"
    assert held_out == max(1, min(wanted, rows // 2))


def test_a_number_and_a_stretch_of_time_are_held_out_as_they_are() -> None:
    """Of two rows of the last day one is not enough: a moment stays together."""
    rows = dated(*[f"2024-01-{day:02}" for day in range(1, 21)])

    number = recent.held_out(rows, TIMED, Span(rows=3), 7, "retrain.holdout")
    days = recent.held_out(rows, TIMED, Span(seconds=5 * 86400), 7, "retrain.holdout")

    assert number == {"method": "newest", "folds": 1, "test_size": 3 / 20}
    assert days == {"method": "newest", "folds": 1, "test_size": 5 / 20}
    assert recent.held_out(rows, TIMED, None, 7, "retrain.holdout") == {}


def test_what_was_asked_and_came_true_is_a_row() -> None:
    """Typed as the contract says; the moment of the prediction where no time was sent; unreadable rows are left out."""
    plans: list[Any] = ["basic", "plus", "plus", None]
    cells = {"day": [None] * 4, "plan": plans, "age": [3, None, "?x", 5]}

    found, good = recent.logged(cells, [None] * 4, [True, False, True, None], [0.0, 86400.5, 2.0, 3.0], TIMED)

    assert good.tolist() == [True, True, False, False]
    assert found["day"].tolist() == [pd.Timestamp("1970-01-01"), pd.Timestamp("1970-01-02T00:00:00.5")]
    assert found["plan"].tolist() == ["basic", "plus"]
    assert found["age"].tolist()[0] == 3 and np.isnan(found["age"].tolist()[1])
    assert found["left"].tolist() == [1, 0]


def test_rows_of_the_log_come_after_those_of_the_source() -> None:
    """In the columns of the source."""
    both = recent.combined(numbers(2), numbers(2, start=7)[["price", "size"]], PLAIN)

    assert both["size"].tolist() == [0, 1, 7, 8] and list(both) == ["size", "price"]


def test_a_window_of_rows_is_written_down_and_trains_the_same_again(trained: Path) -> None:
    """lineage.json names the file and its fingerprint; the contract of the project stays."""
    contract = (trained / "data/contract.yaml").read_bytes()
    words = ["+experiment=quick", "retrain.when=always", "retrain.window=3000", "retrain.holdout=400"]

    done = job.run(load(words, trained))

    store = Store(trained / "bundles")
    (row,) = history.rows(store)
    traced = json.loads((store.fetch(str(row.version)) / "lineage.json").read_text("utf8"))
    assert (trained / str(row.data)).is_file() and str(row.data).startswith("data/retrain/")
    assert (traced["data"], traced["fingerprint"], traced["rows"]) == (row.data, row.fingerprint, 3000)
    assert traced["split"]["method"] == "newest" and done.trained is not None
    assert done.trained.prepared.counts["test_rows"] == 400
    assert (trained / "data/contract.yaml").read_bytes() == contract

    again = pipeline_again(trained, str(row.data), traced["split"]["test_size"])

    assert again["fingerprint"] == traced["fingerprint"]
    names = ("model.onnx", "preprocessing.json", "reference.json")
    there = [name for name in names if (store.fetch(str(row.version)) / name).is_file()]
    first, second = (store.fetch(version) for version in store.versions()[-2:])
    assert there and all((first / name).read_bytes() == (second / name).read_bytes() for name in there)


def test_rows_that_a_window_has_left_out_are_not_new(trained: Path) -> None:
    """A champion of the newest rows has not met the others; only what came after it counts."""
    words = ["+experiment=quick", "retrain.when=always", "retrain.window=3000", "retrain.holdout=400"]
    store = Store(trained / "bundles")
    version = str(job.run(load(words, trained)).row.version)  # type: ignore[union-attr]
    registry.promote(store, version, "for a test")

    before = look(trained, *words).fresh
    path = trained / "data/sample.csv"
    head, *lines = path.read_text("utf8").splitlines()
    path.write_text("\n".join([head, *lines, *(f"9{line}" for line in lines[:7])]) + "\n", "utf8")
    after = look(trained, *words).fresh

    assert (before, after) == (0, 7)


def look(root: Path, *words: str) -> RetrainingContext:
    """What triggers look at."""
    config, store = load(list(words), root), Store(root / "bundles")
    now = datetime.datetime.now(datetime.UTC)
    own = reading.read(config).retrain
    return RetrainingContext(config=config, settings=own, store=store, champion=store.champion(), history=(), now=now)


def pipeline_again(root: Path, path: str, test_size: float) -> dict[str, Any]:
    """Train on the written rows with the split that lineage.json names; return the new lineage."""
    from mlgen_runtime.core.progress import Steps
    from mlgen_runtime.training import pipeline

    words = ["+experiment=quick", f"data.path={path}", "split=newest", f"split.test_size={test_size!r}"]
    done = pipeline.train(load(words, root), Steps(pipeline.STEPS))
    folder = Store(root / "bundles").fetch(done.published.version)
    found: dict[str, Any] = json.loads((folder / "lineage.json").read_text("utf8"))
    return found
