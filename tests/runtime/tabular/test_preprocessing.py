"""Raw columns to the matrix: every kind of column, every way of writing a cell, and what cannot be read."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toy
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from mlgen_runtime.tabular import preprocessing
from mlgen_runtime.tabular.encoding import Encoding
from mlgen_runtime.tabular.preprocessing import Preprocessing

FITTED = preprocessing.fit(toy.frame(), toy.contract())
#: One raw row that every column can read.
ROW: dict[str, list[Any]] = {
    "amount": [1.5],
    "size": [3],
    "open": [True],
    "kind": ["b"],
    "code": ["c7"],
    "when": ["2024-02-29T13:45:00"],
}


def cell(column: str, value: Any) -> list[float]:
    """The features that one raw value becomes."""
    matrix = FITTED.encode({**ROW, column: [value]})
    wanted = [at for at, name in enumerate(FITTED.features) if name.split(".")[0] == column]
    return [float(value) for value in matrix[0, wanted]]


def test_training_rows_and_raw_rows_give_the_same_matrix() -> None:
    """Lists of plain values, as a request brings them, encode to the bits that the conformed frame encodes to."""
    rows = toy.frame(50, seed=3)
    lists = {
        name: [None if value is None or value != value else value for value in rows[name].tolist()]
        for name in ("amount", "size", "open", "kind", "code")
    }
    lists["when"] = [None if str(value) == "NaT" else value.isoformat() for value in rows["when"]]

    assert np.array_equal(FITTED.encode(lists), FITTED.frame(rows), equal_nan=True)


@pytest.mark.parametrize("value", [1.5, "1.5", " 1.5 ", np.float64(1.5), np.float32(1.5)])
def test_numbers_may_be_written_as_text(value: Any) -> None:
    """A number and its text are the same number."""
    assert cell("amount", value) == [1.5]


@pytest.mark.parametrize("value", [None, float("nan"), "", "  ", "NA", "?", float("inf"), np.nan])
def test_missing_numbers_stay_missing_where_training_had_some(value: Any) -> None:
    """Every spelling of nothing becomes NaN."""
    assert np.isnan(cell("amount", value)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("column", ["amount", "size"])
def test_an_array_is_read_as_its_cells_are(column: str, dtype: Any) -> None:
    """Whole columns take a quicker path, to the same bits: infinite and missing ones, the edges of a float32."""
    edge = np.finfo(np.float32).max
    small = [0.1, 1e-45] if column == "amount" else [7.0, -3.0]
    values = np.array([*small, np.nan, np.inf, -np.inf, edge, -edge, -0.0], dtype=dtype)
    rows = {name: cells * len(values) for name, cells in ROW.items()}

    by_column, by_cell = (FITTED.encode(rows | {column: given}) for given in (values, list(map(float, values))))

    assert by_column.tobytes() == by_cell.tobytes()


def test_one_number_that_does_not_fit_is_named_among_many() -> None:
    """It is infinite as a float32, which is not what anybody meant; a gap before it is none of the matter."""
    values = np.array([1.0, np.nan, np.inf, 1e39, 2.0])

    with pytest.raises(InputError, match=r"column 'amount' holds .*1e\+39.*, expected a number that fits"):
        FITTED.encode({name: cells * len(values) for name, cells in ROW.items()} | {"amount": values})


def test_rows_can_be_put_together_in_parts() -> None:
    """Who scores in chunks needs no matrix of all rows."""
    rows = toy.frame(50, seed=3)
    read = FITTED.read({name: rows[name].to_numpy() for name in rows})

    parts = [read.matrix(start, start + 20) for start in range(0, 50, 20)]

    assert np.concatenate(parts).tobytes() == FITTED.frame(rows).tobytes()


def test_missing_numbers_become_the_median_where_training_had_none() -> None:
    """A model never saw this column empty, so an empty cell takes the value that does the least harm."""
    assert cell("size", None) == [float(np.median(toy.frame()["size"]))]


def test_rare_and_unseen_levels_share_a_code_and_missing_has_its_own() -> None:
    """A level seen once in training is encoded as one never seen; a missing cell is neither."""
    kind = next(encoding for encoding in FITTED.encodings if encoding.column == "kind")

    assert kind.levels == ("a", "b", "c")
    assert cell("kind", "rare") == cell("kind", "never seen") == [3.0]
    assert cell("kind", None) == cell("kind", " ") == cell("kind", float("nan")) == [4.0]


def test_numbers_find_the_category_that_is_their_text() -> None:
    """A category of 3.0 is "3", however the client's language writes it."""
    contract = Contract(
        vocabulary=VOCABULARY,
        task="regression",
        columns=(Column(name="season", type="category"), Column(name="goal", role="target")),
    )
    frame = pd.DataFrame({"season": pd.Series(["1", "2", "3", "3", "2", "1"], dtype=object)})
    fitted = preprocessing.fit(frame, contract)

    read = fitted.encode({"season": ["3", 3, 3.0, np.int64(3), 4]})

    assert read[:4, 0].tolist() == [2.0] * 4
    assert np.isnan(read[4, 0])


def test_many_cells_of_a_category_are_read_as_each_of_them() -> None:
    """Also those that Python calls equal although their texts differ, and levels that come again and again."""
    cells = ["never", True, 1, 1.0, "1", "True", None, "never", " ", "True", False, 0, "a", "never"]
    encoding = Encoding(column="kind", kind="category", levels=("1", "True", "a"), other=3, missing=4)
    fitted = Preprocessing((encoding,))

    read = fitted.encode({"kind": cells})[:, 0].tolist()

    assert read == [fitted.encode({"kind": [value]})[0, 0] for value in cells]
    assert read == [3, 1, 0, 0, 0, 1, 4, 3, 4, 1, 3, 3, 2, 3]


@pytest.mark.parametrize(
    "value",
    [
        "2024-02-29T13:45:00",
        "2024-02-29 13:45",
        "2024-02-29T14:45:00+01:00",
        datetime.datetime(2024, 2, 29, 13, 45),
        np.datetime64("2024-02-29T13:45"),
    ],
)
def test_a_moment_becomes_its_parts(value: Any) -> None:
    """Zones turn to UTC; Monday is weekday 0; only parts that vary in training are features."""
    names = [name.split(".")[1] for name in FITTED.features if name.startswith("when.")]

    read = dict(zip(names, cell("when", value), strict=True))

    assert read == pytest.approx(
        {"year": 2024, "month": 2, "day": 29, "weekday": 3, "hour": 13, "elapsed": 19782.572917}, rel=1e-6
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", "abc", "a number"),
        ("amount", "1_000", "a number"),
        ("amount", 1e300, "a number"),
        ("amount", [1.0], "a number"),
        ("amount", {}, "a number"),
        ("open", "maybe", "true or false"),
        ("open", 2, "true or false"),
        ("kind", ["a"], "a text"),
        ("when", "yesterday", "a date"),
        ("when", "2024-02-30", "a date"),
        ("when", 20240229, "a date"),
    ],
)
def test_a_wrong_value_is_named_with_its_column(column: str, value: Any, expected: str) -> None:
    """The message names the column, shows the value and says what was expected."""
    with pytest.raises(InputError, match=f"column '{column}' holds .*expected {expected}"):
        FITTED.encode({**ROW, column: [value]})


def test_columns_of_different_length_are_refused() -> None:
    """No row may borrow from another."""
    with pytest.raises(InputError, match="differ in length"):
        FITTED.encode({**ROW, "size": [1, 2]})


def test_preprocessing_survives_json() -> None:
    """What the bundle holds is all there is: reading it back encodes the same."""
    again = Preprocessing.from_dict(json.loads(json.dumps(FITTED.to_dict())))

    assert again == FITTED
    assert np.array_equal(again.frame(toy.frame()), FITTED.frame(toy.frame()), equal_nan=True)


def test_many_levels_keep_the_most_frequent_ones() -> None:
    """A column of a thousand levels gets as many codes as the boosters have bins."""
    levels = [f"v{number}" for number in range(1000) for _ in range(2)] + ["v7"] * 5
    frame = pd.DataFrame({"code": pd.Series(levels, dtype=object)})
    contract = Contract(
        vocabulary=VOCABULARY,
        task="regression",
        columns=(Column(name="code", type="category"), Column(name="goal", role="target")),
    )

    fitted = preprocessing.fit(frame, contract).encodings[0]

    assert len(fitted.levels) == preprocessing.MOST_LEVELS
    assert "v7" in fitted.levels
    assert fitted.other == preprocessing.MOST_LEVELS
