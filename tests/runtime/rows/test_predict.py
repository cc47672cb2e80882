"""`predict`: one row out per row in, in order, with the key, the prediction and what surrounds it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from mlgen_runtime.bundle.predictor import Predictor
from mlgen_runtime.cli.__main__ import main
from mlgen_runtime.rows import evaluation as evaluate
from mlgen_runtime.rows import prediction as scoring
from mlgen_runtime.usecase import loading
from mlgen_runtime.usecase.configuration import load


@pytest.fixture
def model(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Predictor:
    """The champion of a trained project, which is the current folder too."""
    monkeypatch.chdir(trained)
    return loading.load_champion(load([], trained))


@pytest.fixture
def sample(model: Predictor) -> pd.DataFrame:
    """Some rows of the sample as they are written."""
    return pd.read_csv("data/sample.csv", dtype=str, keep_default_na=False).head(25)


def save(frame: pd.DataFrame, name: str = "rows.csv") -> str:
    """Write rows to a file and return its name."""
    frame.to_csv(name, index=False)
    return name


def test_every_row_is_answered_in_order(model: Predictor, sample: pd.DataFrame) -> None:
    """What the contract calls an id, or row numbers from 1 where the rows have none; then the predictor's columns."""
    assert main(["predict", f"input={save(sample)}", "output=out.csv"]) == 0
    assert main(["predict", f"input={save(sample.drop(columns='person'))}", "output=bare.csv"]) == 0

    found, bare = pd.read_csv("out.csv"), pd.read_csv("bare.csv")
    expected = scoring.predict(model, sample, "rows.csv")
    assert list(found.columns) == ["person", *expected] and list(bare.columns) == ["row", *expected]
    assert list(found["person"].astype(str)) == list(sample["person"]) and list(bare["row"]) == list(range(1, 26))
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name].astype(str), np.asarray(values).astype(str))


def test_the_key_columns_come_first(sample: pd.DataFrame) -> None:
    """`data.key` names them, and they come out as they went in."""
    keyed = sample.assign(account=[f"00{number}" for number in range(25)])

    assert main(["predict", f"input={save(keyed)}", "output=out.csv", "data.key=[account]"]) == 0

    found = pd.read_csv("out.csv", dtype=str)
    assert list(found.columns)[:2] == ["account", "prediction"]
    assert list(found["account"]) == list(keyed["account"])


def test_the_target_need_not_be_there(model: Predictor, sample: pd.DataFrame) -> None:
    """With it, without it, or full of nonsense: the same answer."""
    target = model.contract.target.name
    tables = [sample, sample.drop(columns=target), sample.assign(**{target: "?"})]

    answers = []
    for table in tables:
        assert main(["predict", f"input={save(table)}", "output=out.csv"]) == 0
        answers.append(Path("out.csv").read_bytes())

    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_the_ending_chooses_the_format(sample: pd.DataFrame, ending: str) -> None:
    """Each holds the same rows."""
    assert main(["predict", f"input={save(sample)}", f"output=deep/out.{ending}"]) == 0

    path = Path("deep") / f"out.{ending}"
    readers = {
        "csv": pd.read_csv,
        "tsv": lambda place: pd.read_csv(place, sep="\t"),
        "parquet": pd.read_parquet,
        "jsonl": lambda place: pd.DataFrame([json.loads(line) for line in place.read_text("utf8").splitlines()]),
    }
    assert main(["predict", f"input={save(sample)}", "output=out.csv"]) == 0
    expected = pd.read_csv("out.csv")
    pd.testing.assert_frame_equal(readers[ending](path), expected, check_dtype=False)
    assert [found.name for found in Path("deep").iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_the_format_of_the_input_makes_no_difference(sample: pd.DataFrame, ending: str) -> None:
    """Parquet and JSON lines with real numbers answer as the CSV does."""
    typed = pd.read_csv(save(sample))
    if ending == "parquet":
        typed.to_parquet("rows.parquet")
    else:
        typed.to_json("rows.jsonl", orient="records", lines=True)

    assert main(["predict", "input=rows.csv", "output=one.csv"]) == 0
    assert main(["predict", f"input=rows.{ending}", "output=two.csv"]) == 0

    assert Path("one.csv").read_bytes() == Path("two.csv").read_bytes()


def test_without_an_output_the_terminal_gets_csv_and_nothing_else(
    sample: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is said about it goes to the error stream, so that a pipe reads rows only."""
    assert main(["predict", f"input={save(sample)}"]) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("person,prediction")
    assert len(printed.out.splitlines()) == 26
    assert "25 predictions" in printed.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "input is not set"),
        (["input=nowhere.csv"], "nowhere.csv"),
        (["input=rows.csv", "output=out.xlsx"], r"'.xlsx'.*\.csv"),
        (["input=rows.csv", "version=99"], "'99'.*published: 1"),
        (["input=rows.csv", "data.key=[nonsense]"], "nonsense"),
    ],
)
def test_a_wrong_setting_is_one_line(
    sample: pd.DataFrame, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """It names the value and what was expected; nothing is written."""
    save(sample)

    assert main(["predict", *words]) == 2

    [line] = capsys.readouterr().err.strip().splitlines()
    assert pd.Series([line]).str.contains(message).all(), line
    assert not list(Path().glob("out*"))


def test_missing_columns_are_named(model: Predictor, sample: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, in one line."""
    names = [column.name for column in model.contract.inputs[:2]]

    assert main(["predict", f"input={save(sample.drop(columns=names))}", "output=out.csv"]) == 2

    [line] = capsys.readouterr().err.strip().splitlines()
    assert all(name in line for name in names)


def test_a_cell_that_cannot_be_read_is_named_with_its_row(
    model: Predictor, sample: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Column, value and row; no output is left behind."""
    name = next(column.name for column in model.contract.inputs if column.type in ("number", "integer"))
    broken = sample.copy()
    broken.loc[3, name] = "many"

    assert main(["predict", f"input={save(broken)}", "output=out.csv"]) == 2

    [line] = capsys.readouterr().err.strip().splitlines()
    assert name in line
    assert "'many'" in line
    assert "row 4" in line
    assert not Path("out.csv").exists()


def test_missing_and_unseen_values_are_answered(model: Predictor, sample: pd.DataFrame) -> None:
    """Empty cells and categories that training did not know get a finite answer."""
    odd = sample.astype(object)
    for number, column in enumerate(model.contract.inputs):
        odd.loc[number % 25, column.name] = (
            "" if column.type in ("number", "integer", "boolean", "datetime") else "unseen"
        )

    outputs = scoring.predict(model, odd, "rows")

    for name, values in outputs.items():
        if name != "prediction" or not model.contract.labels:
            assert np.isfinite(np.asarray(values, dtype=float)).all()


def test_a_gap_that_batch_would_put_aside_is_told(
    model: Predictor, sample: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every row is answered, and the one that lacks something is named with its column."""
    column = next(column for column in model.contract.inputs if not column.nullable)
    sample.loc[3, column.name] = "NA"

    assert main(["predict", f"input={save(sample)}", "output=out.csv"]) == 0

    told = capsys.readouterr().err
    assert f"note: 1 row lacks what the contract wants, such as row 4: {column.name} is empty" in told
    assert len(pd.read_csv("out.csv")) == 25


def test_keys_with_a_gap_stay_whole_numbers(model: Predictor, sample: pd.DataFrame) -> None:
    """To the last digit, in every format of the output."""
    sample["person"] = ["9007199254740993", "", *map(str, range(23))]

    for ending in ("csv", "jsonl", "parquet"):
        assert main(["predict", f"input={save(sample)}", f"output=out.{ending}"]) == 0
    assert Path("out.csv").read_text("utf8").splitlines()[1].startswith("9007199254740993,")
    first, second = map(json.loads, Path("out.jsonl").read_text("utf8").splitlines()[:2])
    assert (first["person"], second["person"]) == (9007199254740993, None)
    assert pq.read_table("out.parquet")["person"].to_pylist()[:2] == [9007199254740993, None]


def test_one_row_at_a_time_answers_as_all_rows_together(model: Predictor, sample: pd.DataFrame) -> None:
    """Serving and scoring a file cannot differ."""
    from mlgen_runtime import contract

    names = [column.name for column in model.contract.inputs]
    columns = evaluate.rows(contract.conform(sample[names], model.contract), model.contract)
    together = model.predict(columns)

    for row in range(len(sample)):
        alone = model.predict({name: values[row : row + 1] for name, values in columns.items()})
        assert {name: values[0] for name, values in alone.items()} == {
            name: values[row] for name, values in together.items()
        }


def test_without_a_champion_the_next_step_is_named(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first training there is nobody to ask."""
    monkeypatch.chdir(project)

    assert main(["predict", "input=data/sample.csv"]) == 2

    assert "train" in capsys.readouterr().err
