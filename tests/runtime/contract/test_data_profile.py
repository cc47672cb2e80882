"""The data profile: its figures against pandas, scikit-learn and SciPy, and a page of whatever the data hold."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlgen_runtime.config.settings import CheckSettings
from mlgen_runtime.contract import report_page
from mlgen_runtime.contract.data_profile import ColumnProfile, DataProfile, association, distribution, profile
from mlgen_runtime.contract.data_profile.profile import drawn
from mlgen_runtime.contract.forecast import Forecast
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.contract.view import View
from mlgen_runtime.core.jsonable import plain
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.timeseries.contract.vocabulary import VOCABULARY as SERIES
from scipy.stats import chi2_contingency
from sklearn.metrics import roc_auc_score

RANDOM = np.random.default_rng(7)
SETTINGS = CheckSettings(
    path="data/contract.yaml", write=False, out_of_range_share=0.05, new_category_share=0.05, null_share=0.05,
    mostly_null_share=0.5, severity={},
)  # fmt: skip
ROWS = 400


def frame() -> pd.DataFrame:
    """Numbers, whole numbers, categories with gaps, dates and a flag, all of which have something to do with `y`."""
    strength = RANDOM.normal(size=ROWS)
    return pd.DataFrame(
        {
            "size": np.where(RANDOM.random(ROWS) < 0.1, np.nan, strength + RANDOM.normal(size=ROWS)),
            "rooms": RANDOM.integers(1, 6, ROWS),
            "town": pd.Series(np.where(strength > 0, "north", RANDOM.choice(["east", "south"], ROWS))).where(
                RANDOM.random(ROWS) > 0.05, None
            ),
            "day": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "flag": strength > 0.5,
            "price": 100 + 10 * strength + RANDOM.normal(size=ROWS),
            "sold": np.where(strength + RANDOM.normal(size=ROWS) > 1, "yes", "no"),
            "kind": np.where(strength > 0.6, "a", np.where(strength > -0.6, "b", "c")),
        }
    )


FEATURES = (
    Column(name="size", type="number", nullable=True, unit="m2"),
    Column(name="rooms", type="integer", minimum=1, maximum=5),
    Column(name="town", type="category", categories=("east", "north", "south"), nullable=True),
    Column(name="day", type="datetime", role="time"),
    Column(name="flag", type="boolean"),
)
TARGETS = {
    "regression": Column(name="price", role="target", type="number"),
    "binary": Column(name="sold", role="target", type="category", categories=("no", "yes")),
    "multiclass": Column(name="kind", role="target", type="category", categories=("a", "b", "c")),
}


def contract(task: str, columns: tuple[Column, ...] = FEATURES) -> Contract:
    return Contract(task=task, columns=(*columns, TARGETS[task]), vocabulary=VOCABULARY)


def profiled(rows: pd.DataFrame, made: Contract) -> DataProfile:
    """The profile as the verb makes it."""
    return profile(View(rows, made, SETTINGS, None, labelled=True))


def column(found: DataProfile, name: str) -> ColumnProfile:
    return next(one for one in found.columns if one.column.name == name)


def test_counts_and_spreads_are_those_of_pandas() -> None:
    """Missing, distinct, quartiles, and the counts of bars and categories."""
    rows = frame()

    found = profiled(rows, contract("binary"))

    for name in ("size", "rooms", "town", "day", "flag", "sold"):
        one = column(found, name)
        assert (one.missing, one.distinct) == (int(rows[name].isna().sum()), int(rows[name].nunique()))
        assert sum(one.distribution.counts) + one.missing == ROWS
    described = rows["size"].describe()
    shown = column(found, "size").summary
    assert [shown[name] for name in ("minimum", "first_quartile", "median", "third_quartile", "maximum")] == (
        pytest.approx(described[["min", "25%", "50%", "75%", "max"]].tolist())
    )
    assert (shown["mean"], shown["standard_deviation"]) == pytest.approx((described["mean"], described["std"]))
    town = column(found, "town").distribution
    assert dict(zip(town.names, town.counts, strict=True)) == rows["town"].value_counts().to_dict()
    assert column(found, "rooms").distribution.names == ("1", "2", "3", "4", "5")
    assert list(column(found, "rooms").distribution.counts) == rows["rooms"].value_counts().sort_index().tolist()


def test_ids_beyond_what_floats_tell_apart_are_counted_as_they_are() -> None:
    """Four hundred whole numbers from 2^53 + 1 on are four hundred."""
    rows = pd.DataFrame({"key": np.arange(ROWS) + 2**53 + 1, "sold": RANDOM.choice(["no", "yes"], ROWS)})

    assert column(profiled(rows, contract("binary", (Column(name="key", type="integer"),))), "key").distinct == ROWS


def test_bars_are_numpy_s_histogram() -> None:
    """Every value is in the bin whose edges are around it, as numpy counts them."""
    values = frame()["size"].to_numpy()

    shape = distribution.of_numbers(values)

    counts, _ = np.histogram(values[~np.isnan(values)], bins=np.array(shape.edges))
    assert list(shape.counts) == counts.tolist()
    assert not shape.cut


def test_far_values_do_not_squeeze_all_others_into_one_bar() -> None:
    """The outer bars reach to them, and no row is lost."""
    values = np.append(RANDOM.normal(size=999), 1e9)

    shape = distribution.of_numbers(values)

    assert shape.cut and sum(shape.counts) == 1000
    assert max(shape.counts) < 300
    assert shape.edges[-1] == 1e9


@pytest.mark.parametrize(
    ("task", "name", "expected"),
    [
        ("regression", "size", lambda rows: rows[["size", "price"]].corr(method="spearman").iloc[0, 1]),
        ("regression", "day", lambda rows: rows["price"].rank().corr(pd.Series(range(ROWS)))),
        ("binary", "rooms", lambda rows: roc_auc_score(rows["sold"] == "yes", rows["rooms"])),
        ("binary", "size", lambda rows: roc_auc_score(*_known(rows["sold"] == "yes", rows["size"]))),
    ],
)
def test_measures_of_numbers_are_those_of_the_libraries(task: str, name: str, expected: Any) -> None:
    """Spearman's correlation as pandas has it, the area under the curve as scikit-learn has it."""
    rows = frame()

    one = column(profiled(rows, contract(task)), name)

    assert one.association is not None
    assert one.association.value == pytest.approx(expected(rows), abs=1e-12)
    assert one.association.rows == int(rows[name].notna().sum())


def _known(truth: pd.Series, values: pd.Series) -> tuple[pd.Series, pd.Series]:
    return truth[values.notna()], values[values.notna()]


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_cramers_v_is_bergsma_s(task: str) -> None:
    """From SciPy's chi-squared of pandas' table."""
    rows = frame()
    table = pd.crosstab(rows["town"], rows[TARGETS[task].name]).to_numpy()
    n, (r, k) = table.sum(), table.shape
    phi = max(0.0, chi2_contingency(table, correction=False).statistic / n - (r - 1) * (k - 1) / (n - 1))
    room = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1

    one = column(profiled(rows, contract(task)), "town")

    assert one.association is not None and one.association.measure == "cramers_v"
    assert one.association.value == pytest.approx(np.sqrt(phi / room))


def test_the_correlation_ratio_is_that_of_an_analysis_of_variance() -> None:
    """Epsilon squared of the ranks: the adjusted R squared of the groups' means."""
    rows = frame()
    ranks = rows["price"].where(rows["town"].notna()).rank()
    groups = ranks.groupby(rows["town"])
    inside, total = (groups.var() * (groups.count() - 1)).sum(), ranks.var() * (ranks.count() - 1)
    n, k = ranks.count(), groups.ngroups

    one = column(profiled(rows, contract("regression")), "town")

    assert one.association is not None and one.association.measure == "correlation_ratio"
    assert one.association.value**2 == pytest.approx(1 - (inside / (n - k)) / (total / (n - 1)))


def test_categories_without_a_relation_are_not_praised_for_their_number() -> None:
    """A column of a hundred random categories tells next to nothing; uncorrected, V would be about a half."""
    groups, classes = RANDOM.integers(0, 100, 400), RANDOM.integers(0, 2, 400)

    found = association.cramers_v(groups, classes)
    ratio = association.correlation_ratio(groups, RANDOM.normal(size=400))

    assert found is not None and found.value < 0.25
    assert ratio is not None and ratio.value < 0.35


def test_the_target_in_each_bin_is_pandas_group_mean() -> None:
    """A mean of an amount, a share of the positive class, the shares of several; also where the value is missing."""
    rows = frame()

    for task, truth in (("regression", rows["price"]), ("binary", (rows["sold"] == "yes").astype(float))):
        one = column(profiled(rows, contract(task)), "town")
        assert one.target is not None and one.target_missing is not None
        expected = truth.groupby(rows["town"]).mean()
        assert dict(zip(one.distribution.names, one.target, strict=True)) == pytest.approx(expected.to_dict())
        assert one.target_missing.tolist() == pytest.approx([truth[rows["town"].isna()].mean()])

    several = column(profiled(rows, contract("multiclass")), "town").target
    assert several is not None
    assert several == pytest.approx(pd.crosstab(rows["town"], rows["kind"], normalize="index").to_numpy())


def test_the_balance_of_the_target_is_told() -> None:
    """Shares of classes, on the page and for machines; an amount has its histogram."""
    rows = frame()
    found = profiled(rows, contract("binary"))
    counts = rows["sold"].value_counts()

    page = report_page.page(contract("binary"), [], found, "data/contract.yaml")

    assert found.overall == pytest.approx((rows["sold"] == "yes").mean())
    assert f"{counts['no']} ({counts['no'] / ROWS:.1%})" in page
    assert f"Always answering no would be right in {counts['no'] / ROWS:.1%} of the rows" in page
    assert found.to_dict()["columns"]["sold"]["distribution"]["counts"] == [counts["no"], counts["yes"]]
    amount = profiled(rows, contract("regression")).target
    assert amount is not None and amount.distribution.kind == "histogram"


def test_machines_get_json() -> None:
    """Everything is plain: names, counts, edges, measures, no NaN; dates are written as dates."""
    found = json.loads(json.dumps(plain(profiled(frame(), contract("multiclass")).to_dict()), allow_nan=False))

    assert found["rows"] == found["rows_drawn"] == ROWS
    assert found["columns"]["day"]["distribution"]["edges"][0] == "2024-01-01 00:00"
    assert {"measure", "value", "strength", "rows"} == found["columns"]["size"]["association"].keys()
    assert "association" not in found["columns"]["kind"]


@pytest.mark.parametrize(
    ("rows", "columns", "expected"), [(50, 5, 50), (300_000, 5, 100_000), (300_000, 1_000, 20_000)]
)
def test_a_long_or_wide_table_is_sampled(rows: int, columns: int, expected: int) -> None:
    """Never more rows than there are, the same ones every time, fewer where columns are many."""
    chosen = drawn(rows, columns)

    assert len(chosen) == len(set(chosen.tolist())) == expected
    assert (chosen == drawn(rows, columns)).all()


def test_a_sample_is_said_and_gaps_are_counted_in_all_rows() -> None:
    """120,000 rows: 100,000 are drawn, missing cells are those of the whole table."""
    rows = pd.DataFrame({"size": RANDOM.normal(size=120_000), "sold": RANDOM.choice(["no", "yes"], 120_000)})
    rows.loc[::3, "size"] = np.nan
    made = contract("binary", FEATURES[:1])

    found = profiled(rows, made)

    assert (found.drawn, column(found, "size").missing) == (100_000, 40_000)
    assert "100,000 of the 120,000 rows" in report_page.page(made, [], found, "data/contract.yaml")


ODD = {
    "two rows": pd.DataFrame({"size": [1.0, 2.0], "town": ["east", "south"], "sold": ["no", "yes"]}),
    "one row": pd.DataFrame({"size": [1.0], "town": ["east"], "sold": ["no"]}),
    "no value": pd.DataFrame({"size": [None, None], "town": [None, None], "sold": ["no", "yes"]}),
    "one value": pd.DataFrame({"size": [3.0] * 9, "town": ["east"] * 9, "sold": ["no"] * 9}),
    "no target": pd.DataFrame({"size": [1.0, 2.0], "town": ["east", "south"], "sold": [None, None]}),
    "huge": pd.DataFrame({"size": [1e300, -1e300, 0.0], "town": ["east"] * 3, "sold": ["no", "yes", "no"]}),
    "unreadable": pd.DataFrame({"size": ["x", "1", "2"], "town": ["east"] * 3, "sold": ["no", "yes", "no"]}),
}


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("rows", ODD.values(), ids=ODD.keys())
def test_there_is_a_page_for_whatever_there_is(rows: pd.DataFrame, task: str) -> None:
    """Few rows, empty columns, one value, no target: figures that cannot be had are left out, and nothing breaks."""
    made = contract(task, (FEATURES[0], FEATURES[2]))
    rows = rows.assign(price=np.arange(len(rows), dtype=float)) if task == "regression" else rows

    found = profiled(rows, made)
    page = report_page.page(made, [], found, "data/contract.yaml")

    assert not re.search(r"\bnan\b|\binf\b|None", page.partition("</style>")[2])
    json.dumps(plain(found.to_dict()), allow_nan=False)


def test_unreadable_cells_are_not_missing() -> None:
    """A cell that is no number is counted as such."""
    one = column(profiled(ODD["unreadable"], contract("binary", FEATURES[:1])), "size")

    assert (one.missing, one.unreadable, sum(one.distribution.counts)) == (0, 1, 2)


def test_names_and_categories_cannot_become_markup() -> None:
    """Column names, categories, labels and notes are shown as they are written, everywhere."""
    evil = "</style><script>alert(1)</script>\"'><b>&"
    columns = (
        Column(name=f"n{evil}", type="number", unit=evil, note=evil),
        Column(name=f"c{evil}", type="category", categories=(evil, "x")),
        Column(name="y", role="target", type="category", categories=("no", evil)),
    )
    made = Contract(task="binary", columns=columns, vocabulary=VOCABULARY, source=evil)
    cells = RANDOM.choice([evil, "x"], 60)
    rows = pd.DataFrame({f"n{evil}": RANDOM.normal(size=60), f"c{evil}": cells, "y": RANDOM.choice(["no", evil], 60)})

    page = report_page.page(made, [], profiled(rows, made), "data/contract.yaml")

    assert "<script" not in page and "<b>&" not in page
    assert page.count("</style>") == 1
    assert "&lt;script&gt;" in page


def test_a_wide_table_has_a_page_of_bounded_size() -> None:
    """Of hundreds of columns all are listed and 150 are drawn; all figures are there for machines."""
    names = [f"column {number}" for number in range(600)]
    columns = tuple(Column(name=name, type="number") for name in names)
    rows = pd.DataFrame(RANDOM.normal(size=(200, 600)), columns=names).assign(sold=RANDOM.choice(["no", "yes"], 200))
    made = contract("binary", columns)

    found = profiled(rows, made)
    page = report_page.page(made, [], found, "data/contract.yaml")

    assert page.count("<article") == 150 and page.count("<tr>") > 600
    assert "The last 450 are only in the table above" in page
    assert len(page) < 2_000_000
    assert len(found.to_dict()["columns"]) == 601


def test_series_are_told_apart_with_their_coverage() -> None:
    """From when to when each goes and how many of its months are there, the least complete first."""
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    whole = pd.DataFrame({"shop": "whole", "month": months, "sales": np.arange(24.0)})
    holed = pd.DataFrame({"shop": "holed", "month": months[6:18], "sales": 5.0}).drop(index=[3, 4, 5])
    made = Contract(
        task="forecasting",
        vocabulary=SERIES,
        columns=(
            Column(name="shop", role="series", type="category"),
            Column(name="month", role="time", type="datetime"),
            Column(name="sales", role="target", type="number"),
        ),
        forecast=Forecast(horizon=3, frequency="MS", season=12),
    )

    found = profiled(pd.concat([whole, holed], ignore_index=True), made)

    assert found.series is not None and found.series.count == 2
    first, second = found.series.listed
    assert (first.name, first.rows, first.steps, first.coverage) == ("holed", 9, 12, 0.75)
    assert (second.name, second.first, second.last, second.coverage) == ("whole", "2020-01-01", "2021-12-01", 1.0)
    assert "75.0%" in report_page.page(made, [], found, "data/contract.yaml")


def test_columns_that_are_ignored_are_shown_too() -> None:
    """A column that leaks the target is left out of the model, and shown with how it goes with the target."""
    rows = frame().assign(copy=lambda table: (table["sold"] == "yes").astype(int))
    made = contract(
        "binary", (FEATURES[1], Column(name="copy", role="ignore", type="integer", note="leaks the target"))
    )

    one = column(profiled(rows, made), "copy")

    assert one.association is not None and one.association.value == 1.0
