"""The split: scikit-learn's rows, whole groups, later moments, and a word where it cannot be drawn."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from mlgen_runtime import contract
from mlgen_runtime.contract import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows import reading as data
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.rows.settings import DataSettings, SplitSettings
from mlgen_runtime.rows.split import Split, split

REAL = os.environ.get("MLGEN_REAL_DATA")
SETTINGS: Any = SplitSettings
TABLES = ("adult_income", "telco_churn", "titanic", "bike_sharing", "california_housing", "wine_quality", "penguins")


def labelled(labels: list[str], **columns: Any) -> tuple[pd.DataFrame, Contract]:
    """Conformed rows with a target of these labels, and their contract."""
    roles = {"shop": ("group", "category"), "day": ("time", "datetime")}
    entries = [Column(name=name, role=roles[name][0], type=roles[name][1]) for name in columns]
    goal = Column(name="y", role="target", type="category", categories=tuple(sorted(set(labels))))
    found = Contract(vocabulary=VOCABULARY, task="multiclass", columns=(*entries, goal))
    return contract.conform(pd.DataFrame({**columns, "y": labels}), found), found


def drawn(rows: tuple[pd.DataFrame, Contract], method: str = "auto", size: float = 0.2, seed: int = 42) -> Split:
    """One part of some rows held out, and nothing fitted again on them."""
    frame, found = rows
    return split(frame, found, found.task, SETTINGS(method=method, folds=1, test_size=size), seed, refit=False)


def folded(rows: tuple[pd.DataFrame, Contract], method: str = "auto", count: Any = 5, seed: int = 42) -> Split:
    """The folds of some rows, all of which the served model learns from."""
    frame, found = rows
    return split(frame, found, found.task, SETTINGS(method=method, folds=count, test_size=0.2), seed, refit=True)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from("aaabbc"), min_size=15, max_size=200), st.floats(0.1, 0.6), st.integers(0, 2**31))
def test_random_and_stratified_rows_are_scikit_learn_s(labels: list[str], size: float, seed: int) -> None:
    from sklearn.model_selection import train_test_split

    labels = [*labels, *"abcabc"]
    rows = labelled(labels)
    positions = np.arange(len(labels))

    for method, strata in (("random", None), ("stratified", labels)):
        found = drawn(rows, method, size, seed)
        train, test = train_test_split(positions, test_size=size, random_state=seed, stratify=strata)
        assert (found.train == train).all() and (found.test == test).all()


@pytest.mark.skipif(REAL is None, reason="MLGEN_REAL_DATA is not set")
@pytest.mark.parametrize("name", TABLES)
def test_real_tables_are_split_as_their_reference_scores_were(name: str) -> None:
    folder = Path(str(REAL)) / name
    meta = yaml.safe_load((folder / "meta.yaml").read_text("utf8"))
    source = DataSettings(
        path=meta["read"]["file"],
        version=None,
        test_path=None,
        target=meta["target"],
        positive=None,
        key=[],
        drop=[],
        separator=None,
        encoding="utf-8",
        na_values=["NA"],
        decimal=None,
        thousands=None,
        date_format=None,
        zone=None,
    )
    raw = data.read(source, folder)
    found = infer(raw, target=meta["target"])

    rows = drawn((contract.conform(raw, found), found))

    assert found.task == meta["task"]
    assert hashlib.sha256(",".join(map(str, rows.test)).encode()).hexdigest() == meta["split"]["test_index_sha256"]


def test_auto_is_stratified_for_classes_and_grouped_where_there_is_a_group() -> None:
    assert drawn(labelled(["a", "b"] * 20)).method == "stratified"
    assert drawn(labelled(["a", "b"] * 20, shop=list("pqrst") * 8)).method == "group"


def test_a_class_with_one_row_turns_strata_off_with_a_note() -> None:
    found = drawn(labelled(["a"] * 30 + ["b"] * 30 + ["c"]))

    assert found.method == "random" and found.notes == ("not stratified: class 'c' has one row",)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=10, max_size=120), st.integers(0, 1000))
def test_a_group_is_never_on_both_sides_and_no_row_is_lost(groups: list[int], seed: int) -> None:
    shops = [f"shop {group}" for group in [*groups, 98, 99]]

    found = drawn(labelled(["a", "b"] * (len(shops) // 2) + ["a"] * (len(shops) % 2), shop=shops), "group", seed=seed)

    assert not {shops[i] for i in found.train} & {shops[i] for i in found.test}
    assert sorted([*found.train, *found.test]) == list(range(len(shops)))


def test_the_time_split_tests_the_latest_rows_and_keeps_a_moment_together() -> None:
    days = pd.to_datetime(["2024-01-05", "2024-01-01", "2024-01-05", "2024-01-03", "2024-01-02", None])

    found = drawn(labelled(["a", "b"] * 3, day=days), "time")

    assert sorted(found.test) == [0, 2]
    assert list(found.train) == [5, 1, 4, 3]
    assert found.notes[0].endswith("from 2024-01-05T00:00:00 on") and found.notes[1] == "1 row without day trains"


def test_the_newest_rows_are_the_latest_by_the_time_column() -> None:
    days = pd.to_datetime(["2024-01-05", "2024-01-01", "2024-01-05", "2024-01-03", "2024-01-02", None])

    found = drawn(labelled(["a", "b"] * 3, day=days), "newest")

    assert found.method == "newest"
    assert sorted(found.test) == [0, 2] and list(found.train) == [5, 1, 4, 3]


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 500), st.data())
def test_without_a_time_column_the_newest_rows_are_the_last_of_the_file(rows: int, data: st.DataObject) -> None:
    held_out = data.draw(st.integers(1, rows - 1))

    found = drawn(labelled((["a", "b"] * rows)[:rows]), "newest", held_out / rows)

    assert found.test.tolist() == list(range(rows - held_out, rows))
    assert found.train.tolist() == list(range(rows - held_out))
    assert found.notes == (f"test rows are the last {held_out:,} of the file",)


def test_a_test_file_is_the_test() -> None:
    frame, found = labelled(["a", "b"] * 5)

    asked = SETTINGS(method="random", folds="auto", test_size=0.2)
    rows = split(frame, found, "multiclass", asked, 42, refit=True, test_frame=frame.head(4))

    assert rows.held_apart
    assert rows.method == "file" and rows.train.tolist() == list(range(10)) and rows.test.tolist() == [10, 11, 12, 13]


@pytest.mark.parametrize(
    ("method", "columns", "message"),
    [
        ("group", {}, "needs one column with the role group, found none"),
        ("time", {}, "needs one column with the role time"),
        ("group", {"shop": ["x"] * 10}, "all rows have the same 'shop'"),
        ("time", {"day": pd.to_datetime(["2024-01-01"] * 10)}, "all rows have the same 'day'"),
    ],
)
def test_a_split_that_cannot_be_drawn_says_what_to_do(method: str, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        drawn(labelled(["a", "b"] * 5, **columns), method)


def test_one_row_is_too_few_to_hold_any_out() -> None:
    with pytest.raises(InputError, match="there are 1 rows, too few"):
        drawn(labelled(["a"]), "random")


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("aaabbc"), min_size=10, max_size=200), st.integers(2, 9), st.integers(0, 1000))
def test_every_row_is_judged_once_by_a_fold_that_did_not_learn_it(labels: list[str], count: int, seed: int) -> None:
    """Random and stratified folds: sizes differ by one row at most, and so do the shares of a class."""
    labels = [*labels, *"ab"]
    codes = np.unique(labels, return_inverse=True)[1]
    for method in ("random", "stratified"):
        found = folded(labelled(labels), method, count, seed)

        assert sorted(found.test) == list(range(len(labels))) == found.train.tolist()
        assert not found.held_apart
        assert np.ptp([len(part.held) for part in found.parts]) <= 1
        for number, part in enumerate(found.parts):
            assert sorted([*part.learn, *part.held]) == list(range(len(labels)))
            assert (found.test[found.fold == number] == part.held).all()
        if method == "stratified":
            shares = [np.bincount(codes[part.held], minlength=codes.max() + 1) for part in found.parts]
            assert np.ptp(shares, axis=0).max() <= 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=10, max_size=120), st.integers(2, 8), st.integers(0, 1000))
def test_a_group_is_in_one_fold(groups: list[int], count: int, seed: int) -> None:
    shops = [f"shop {group}" for group in [*groups, 98, 99]]

    found = folded(labelled(["a", "b"] * (len(shops) // 2) + ["a"] * (len(shops) % 2), shop=shops), "auto", count, seed)

    assert found.method == "group" and sorted(found.test) == list(range(len(shops)))
    for part in found.parts:
        assert not {shops[i] for i in part.learn} & {shops[i] for i in part.held}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 20) | st.none(), min_size=6, max_size=80), st.integers(2, 6))
def test_later_rows_are_judged_by_what_was_there_before(moments: list[int | None], count: int) -> None:
    """A moment stays together, no fold learns from what is not before it, and rows without a moment only teach."""
    given = [None if moment is None else pd.Timestamp("2024-01-01") + pd.Timedelta(days=moment) for moment in moments]
    days = pd.Series([*given, pd.Timestamp("2023-01-01"), pd.Timestamp("2025-01-01")])

    found = folded(labelled((["a", "b"] * len(days))[: len(days)], day=days), "time", count)

    assert len(set(found.test)) == len(found.test) and found.train.tolist() == list(range(len(days)))
    assert not days[found.test].isna().any()
    for part in found.parts:
        assert days[part.learn].max() < days[part.held].min()
    assert days[found.test].max() == days.max()


def test_few_rows_are_folded_and_many_are_not() -> None:
    """auto: five folds up to 50,000 rows; one part beyond, for the newest rows, and where nothing is fitted again."""
    few, many = labelled(["a", "b"] * 50), labelled(["a", "b"] * 25_001)

    assert len(folded(few, count="auto").parts) == 5
    assert len(folded(many, count="auto").parts) == 1 and len(folded(many, count="auto").train) == 50_002
    assert len(folded(many, count=2).parts) == 2
    assert len(folded(few, "newest", "auto").parts) == 1
    frame, found = few
    single = SETTINGS(method="random", folds="auto", test_size=0.2)
    assert split(frame, found, "multiclass", single, 42, refit=False).held_apart


def test_folds_that_leave_nothing_to_serve_are_refused() -> None:
    frame, found = labelled(["a", "b"] * 10)
    asked = SETTINGS(method="random", folds=4, test_size=0.2)

    with pytest.raises(InputError, match="split.folds=4: each fold's model .*train.refit=false.* set split.folds=1"):
        split(frame, found, "multiclass", asked, 42, refit=False)
    with pytest.raises(InputError, match="split.folds=40: there are only 20 rows"):
        folded((frame, found), "random", 40)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("split=tmie", "did you mean 'time'"),
        ("split.method=tmie", "did you mean 'time'.*conf/split/auto.yaml"),
        ("split.test_size=2", "split.test_size.*above 0 and below 1.*conf/split/auto.yaml"),
        ("test_size=0.3", "did you mean 'split.test_size' in conf/split/auto.yaml"),
    ],
)
def test_a_wrong_setting_of_the_split_is_refused_by_name(configure: Any, changed: str, words: str) -> None:
    """The nearest method or setting, and the file it stands in."""
    with pytest.raises(InputError, match=words):
        configure(changed)
