"""Reading rows: every kind of file gives the same rows, and a wrong one says what is wrong with it."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlgen_runtime import contract
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data import tables
from mlgen_runtime.rows import reading as data
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.settings import DataSettings

SETTINGS = DataSettings(
    path="rows.csv",
    version=None,
    test_path=None,
    target=None,
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
TEXT = "code,amount,day,goal\n007,1.5, ,yes\n012,NA,2024-01-31,no\n"


def read(folder: Path, path: str = "rows.csv", **changes: Any) -> pd.DataFrame:
    """Read a file of the folder."""
    return data.read(dataclasses.replace(SETTINGS, path=path, **changes), folder)


def write(folder: Path, text: str | bytes, name: str = "rows.csv") -> Path:
    """Write a file into the folder and return the folder."""
    (folder / name).write_bytes(text.encode("utf8") if isinstance(text, str) else text)
    return folder


def table(rows: int = 60) -> pd.DataFrame:
    """A typed table with gaps."""
    return pd.DataFrame(
        {
            "amount": [None if i % 7 == 0 else i / 8 for i in range(rows)],
            "kind": ["ä", "b", None] * (rows // 3),
            "goal": ["no", "yes"] * (rows // 2),
        }
    )


def test_cells_of_a_csv_stay_as_they_are_written(tmp_path: Path) -> None:
    frame = read(write(tmp_path, TEXT))

    assert frame["code"].tolist() == ["007", "012"] and frame["day"][0] == " "
    assert frame["amount"].tolist() == ["1.5", "NA"]  # what NA means is the contract's to say


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows.tsv", "rows.parquet", "rows.jsonl", "rows.jsonl.gz"])
def test_every_kind_of_file_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    expected = table()
    found = infer(expected, target="goal")
    place = tmp_path / name
    if ".parquet" in name:
        expected.to_parquet(place)
    elif ".jsonl" in name:
        expected.to_json(place, orient="records", lines=True, force_ascii=False)
    else:
        expected.to_csv(place, index=False, sep="\t" if ".tsv" in name else ",")

    frame = read(tmp_path, name)

    assert infer(frame, target="goal") == found
    typed = contract.conform(frame, found)
    assert tables.fingerprint(typed) == tables.fingerprint(contract.conform(expected, found))


def test_a_table_and_a_query_of_a_database_are_read(tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    url = f"sqlite:///{(tmp_path / 'shop.db').as_posix()}"
    table().to_sql("customers", sqlalchemy.create_engine(url), index=False)

    assert len(read(tmp_path, f"{url}#customers")) == 60
    assert read(tmp_path, f"{url}#select kind from customers where goal = 'yes'").shape == (30, 1)
    with pytest.raises(InputError, match="names no table"):
        read(tmp_path, url)
    with pytest.raises(InputError, match="no such table: clients; check the address"):
        read(tmp_path, f"{url}#clients")


def test_a_password_is_never_shown_or_stored(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, path="postgresql://ann:secret@host/shop#customers")

    assert tables.source(settings, tmp_path) == "postgresql://ann:***@host/shop#customers"


def test_the_source_is_relative_to_the_project(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, path=str(tmp_path / "data" / "rows.csv"))

    assert tables.source(settings, tmp_path) == "data/rows.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n1;2\n", r"has one column with the separator ',', but 1 ';' in its first line"),
        ("a,b\n1,2\n1,2,3\n", "row 2: '1,2,3' has 3 cells, expected 2; mend that row"),
        ("a,a\n1,2\n", "the column name 'a' stands there more than once"),
        ("", "is empty"),
        ("a,b\n", "has a header and no rows"),
        (b"a,b\n1,\xe4\n", r"row 1: .*byte 0xe4 is not utf-8; mend the row, or try data.encoding=cp1252"),
    ],
)
def test_a_broken_csv_says_what_is_wrong(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, text))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rosw.csv", "did you mean 'rows.csv'"),
        ("nowhere/rows.csv", "nor a folder"),
        ("rows.xlsx", "unknown kind '.xlsx'.*save the sheet as CSV"),
        ("rows", "unknown kind ''"),
    ],
)
def test_a_missing_or_unknown_file_names_the_nearest_or_the_kinds(path: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, TEXT), path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.parquet", b"no parquet", "is no Parquet file"),
        ("rows.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "is no complete gzip file"),
        ("rows.jsonl", b'{"a": 1}\n{"a": \n', "row 2: .*not valid JSON"),
        ("rows.jsonl", b"[1, 2]\n", "expected one JSON object a line"),
    ],
)
def test_a_damaged_file_is_refused_by_name(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, content, name), name)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"target": "gaol"}, r"data.target: rows.csv has no column 'gaol' \(did you mean 'goal'\?\)"),
        ({"drop": ["amuont"]}, "data.drop.*did you mean 'amount'"),
        ({"key": ["codes"]}, "data.key.*did you mean 'code'"),
        ({"encoding": "utf-9"}, "no such encoding"),
    ],
)
def test_a_misspelt_column_names_the_nearest(setting: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, TEXT), **setting)


def test_separator_encoding_and_dropped_columns_are_followed(tmp_path: Path) -> None:
    write(tmp_path, "a;b;c\nä;1;x\n".encode("cp1252"))

    frame = read(tmp_path, separator=";", encoding="cp1252", drop=["c"])

    assert frame.to_dict("list") == {"a": ["ä"], "b": ["1"]}


def test_line_breaks_and_separators_inside_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    frame = read(write(tmp_path, 'a,b\n"one,\ntwo",1\n"say ""hi""",2\n'))

    assert frame["a"].tolist() == ["one,\ntwo", 'say "hi"']


def test_a_byte_order_mark_and_an_index_without_a_name_are_no_trouble(tmp_path: Path) -> None:
    frame = read(write(tmp_path, "\ufeff,a\n0,x\n1,y\n"))

    assert list(frame.columns) == ["unnamed_0", "a"]


def test_a_test_file_is_read_with_the_same_settings(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "test.csv")

    found = data.read_test(dataclasses.replace(SETTINGS, test_path="test.csv", drop=["day"]), tmp_path)

    assert found is not None and list(found.columns) == ["code", "amount", "goal"]
    assert data.read_test(SETTINGS, tmp_path) is None


def test_one_changed_cell_changes_the_fingerprint() -> None:
    frame = contract.conform(table(), infer(table(), target="goal"))
    other = frame.assign(amount=frame["amount"].where(frame.index != 5, 0.25))

    assert tables.fingerprint(frame) == tables.fingerprint(frame.copy())
    assert tables.fingerprint(frame) != tables.fingerprint(other)
    assert tables.fingerprint(frame) != tables.fingerprint(frame.rename(columns={"kind": "sort"}))
