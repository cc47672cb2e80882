"""One file, several containers: CSV, Parquet, JSON lines, a database and a request hold the same cells."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mlgen_runtime.config.settings import TableSettings
from mlgen_runtime.contract.schema import Column, Contract
from mlgen_runtime.contract.typed import parse
from mlgen_runtime.core import cells
from mlgen_runtime.core.cells import Unreadable
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.data import frames, tables
from mlgen_runtime.data.source import open_source
from mlgen_runtime.rest.records import RequestModel
from mlgen_runtime.rest.refusal import Refused
from mlgen_runtime.rows.contract.proposal import infer
from mlgen_runtime.rows.contract.vocabulary import VOCABULARY
from pyarrow import parquet

WORDS = ("NA", "null", "-999")
LISTED = ("NA", "0.50", "1.0", "7", "TRUE", "b", "basic")
COLUMNS = (
    Column(name="number", type="number", nullable=True),
    Column(name="whole", type="integer", nullable=True),
    Column(name="truth", type="boolean", nullable=True),
    Column(name="amount", type="number", nullable=True, decimal=",", thousands=".", unit="€"),
    Column(name="listed", type="category", nullable=True, categories=LISTED),
    Column(name="open", type="category", nullable=True),
    Column(name="key", role="id", type="integer"),
    Column(name="goal", role="target", type="number"),
)
CONTRACT = Contract(task="regression", columns=COLUMNS, vocabulary=VOCABULARY, missing=WORDS)
NAMES = [column.name for column in CONTRACT.inputs]
MODEL = RequestModel(CONTRACT, 100)


def settled(**changed: Any) -> TableSettings:
    """How a CSV is read."""
    none = dict.fromkeys(("version", "test_path", "target", "separator", "decimal", "thousands", "date_format", "zone"))
    return TableSettings(**{"path": "", "drop": [], "encoding": "utf-8", "na_values": [], **none, **changed})


def text(cell: Any) -> str:
    """A cell as programs write it into a CSV."""
    return "" if cell is None else str(cell)


def csv(rows: list[dict[str, Any]], folder: Path) -> str:
    pd.DataFrame([{name: text(cell) for name, cell in row.items()} for row in rows]).to_csv(
        folder / "t.csv", index=False, lineterminator="\r\n"
    )
    return "t.csv"


def json_lines(rows: list[dict[str, Any]], folder: Path) -> str:
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf8")
    return "t.jsonl"


def parquet_file(rows: list[dict[str, Any]], folder: Path) -> str:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    parquet.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), folder / "t.parquet")
    return "t.parquet"


def database(rows: list[dict[str, Any]], folder: Path) -> str:
    (folder / "t.db").unlink(missing_ok=True)
    with sqlite3.connect(folder / "t.db") as connection:
        names = list(rows[0])
        connection.execute(f"CREATE TABLE t ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO t VALUES ({marks})", [tuple(row.values()) for row in rows])
    connection.close()
    return "sqlite:///t.db#t"


CONTAINERS: dict[str, Callable[[list[dict[str, Any]], Path], str]] = {
    "csv": csv,
    "parquet": parquet_file,
    "jsonl": json_lines,
    "sqlite": database,
}


def meant(column: Column, cell: Any) -> Any:
    """What the contract says that a cell is; a refusal as such."""
    try:
        if column.is_number:
            read = cells.boolean(cell, WORDS) if column.type == "boolean" else cells.number(cell, column.writing)
            return None if math.isnan(read) else read
        return column.levels.read(cell)
    except Unreadable:
        return Unreadable


def found(series: pd.Series, column: Column) -> list[Any]:
    """What a column of a table was read as."""
    values, bad = parse(series, column)
    plain = [None if value is None or value != value else value for value in np.asarray(values, dtype=object).tolist()]
    return [Unreadable if wrong else value for value, wrong in zip(plain, bad.tolist(), strict=True)]


DIGITS = st.from_regex(r"[-+]?[0-9]{1,6}([.,][0-9]{1,3}){0,2}( ?€)?", fullmatch=True)
ODD = st.sampled_from((*LISTED, *WORDS, " ", "?", "nan", "inf", "true", "FALSE", "0.5", "07", "7.0", "basic ", "x"))
#: Text that CSV and databases can hold, and that no CSV takes for a missing cell.
TEXTS = st.one_of(DIGITS, ODD, st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=4))
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "whole numbers": st.integers(-(2**40), 2**40),
    "numbers": st.floats(-1e15, 1e15).filter(lambda value: abs(value) > 1e-30),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cell_is_the_same_in_every_container(kind: str, container: str, tmp_path: Path, data: st.DataObject) -> None:
    """The same value, the same gap, the same refusal, the rows in their order: read whole, and in batches."""
    drawn = data.draw(st.lists(st.none() | KINDS[kind], min_size=1, max_size=8))
    rows = [{**dict.fromkeys((*NAMES, "key"), cell), "row": number} for number, cell in enumerate(drawn)]
    if container in ("csv", "sqlite"):  # neither tells an empty text from a missing one, nor do they need to
        assume(all(cell is None or cell != "" for cell in drawn))
    expected = {c.name: [meant(c, cell) for cell in drawn] for c in CONTRACT.columns if c.role != "target"}
    named = CONTAINERS[container](rows, tmp_path)

    frame = tables.read(named, settled(), tmp_path)
    source = open_source(named, settled(), tmp_path, (), "batch.input")
    batches = [batch.table for batch in source.batches(3)]
    source.close()

    assert [int(cell) for cell in frame["row"]] == list(range(len(rows)))
    for column in CONTRACT.columns:
        if column.role == "target" or (column.decimal == "," and kind == "numbers" and container == "csv"):
            continue  # a program's 1.5 is no number in a text that writes 1,5
        assert found(frame[column.name], column) == expected[column.name], column.name
        pieces = [cell for table in batches for cell in found(frames.series(table[column.name]), column)]
        assert pieces == expected[column.name], column.name


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_request_takes_what_a_file_holds(kind: str, data: st.DataObject) -> None:
    """A cell that a file may hold is served, as the same thing; one that is refused there is refused here."""
    name = data.draw(st.sampled_from(NAMES))
    cell = data.draw(st.none() | KINDS[kind])
    column = next(column for column in CONTRACT.columns if column.name == name)
    expected = meant(column, cell)

    try:
        columns, _ = MODEL.decode(json.dumps({"records": [dict.fromkeys(NAMES) | {name: cell}]}).encode())
    except Refused:
        assert expected is Unreadable
    else:
        assert meant(column, columns[name][0]) == expected
        assert expected is not Unreadable


@pytest.mark.parametrize("missing", ["NA", " ", "null"])
def test_a_word_for_missing_is_refused_where_no_cell_may_be_empty(missing: str) -> None:
    """As `batch` puts such a row aside, a request is refused; a category that is called so is served."""
    columns = (
        Column(name="plan", type="category", categories=("a", "NA") if missing == "NA" else ("a",)),
        Column(name="goal", role="target", type="number"),
    )
    model = RequestModel(Contract(task="regression", columns=columns, vocabulary=VOCABULARY, missing=WORDS), 10)
    body = json.dumps({"records": [{"plan": missing}]}).encode()

    if missing == "NA":
        assert model.decode(body)[0] == {"plan": ("NA",)}
    else:
        with pytest.raises(Refused):
            model.decode(body)


@pytest.mark.parametrize("first", [9007199254740993, 2**62])
@pytest.mark.parametrize("container", CONTAINERS)
def test_keys_are_exact_in_every_container(container: str, first: int, tmp_path: Path) -> None:
    """Whole numbers with one empty cell beside them, above 2^53: no float in between, and as many as there are."""
    numbers = [first + step for step in range(400)]
    rows = [{"id": number, "x": step % 7, "goal": ("no", "yes")[step % 2]} for step, number in enumerate(numbers)]
    rows[7]["other"] = None
    rows = [
        row | {"other": None if step == 3 else number}
        for step, (row, number) in enumerate(zip(rows, numbers, strict=True))
    ]

    frame = tables.read(CONTAINERS[container](rows, tmp_path), settled(), tmp_path)

    assert [int(cell) for cell in frame["id"]] == numbers
    assert [None if pd.isna(cell) else int(cell) for cell in frame["other"]] == [
        None if s == 3 else n for s, n in enumerate(numbers)
    ]
    roles = {column.name: (column.role, column.type) for column in infer(frame, target="goal").columns}
    assert roles["id"] == ("id", "integer")


@pytest.mark.parametrize(
    "content",
    [
        b"\r\n  \na,b\n1,x\n2,y\n",
        b"sep=;\r\na;b\r\n1;x\r\n2;y\r\n",
        b'"sep=;"\n\na;b\n1;x\n2;y\n',
        "a,b\n1,x\n2,y\n".encode("utf-16"),
        "sep=\t\na\tb\n1\tx\n2\ty\n".encode("utf-16-le").join((b"\xff\xfe", b"")),
        b"\xef\xbb\xbfa,b\n1,x\n2,y\n",
    ],
    ids=["blank lines first", "Excel's separator", "quoted", "UTF-16", "Excel's Unicode text", "with a mark"],
)
def test_a_header_is_found_where_it_is(content: bytes, tmp_path: Path) -> None:
    """By whoever reads the file."""
    (tmp_path / "t.csv").write_bytes(content)

    frame = tables.read("t.csv", settled(), tmp_path)
    (batch,) = open_source("t.csv", settled(), tmp_path, (), "batch.input").batches(9)

    assert frame.to_dict("list") == {"a": ["1", "2"], "b": ["x", "y"]}
    assert batch.table.to_pydict() == {"a": ["1", "2"], "b": ["x", "y"]}


def test_a_request_may_hold_objects_where_the_contract_names_what_is_in_them() -> None:
    """As JSON lines do; another contract knows no such field."""
    columns = (Column(name="at.city", type="category"), Column(name="goal", role="target", type="number"))
    model = RequestModel(Contract(task="regression", columns=columns, vocabulary=VOCABULARY), 10)

    for record in ({"at": {"city": "Ulm"}}, {"at.city": "Ulm"}):
        assert model.decode(json.dumps({"records": [record]}).encode())[0] == {"at.city": ("Ulm",)}
        assert model.columns([record]) == {"at.city": ("Ulm",)}
    with pytest.raises(Refused, match="at"):
        model.decode(b'{"records": [{"at": {"town": "Ulm"}}]}')
    with pytest.raises(Refused):
        MODEL.decode(b'{"records": [{"number": {"a": 1}}]}')


def nested_parquet(folder: Path) -> str:
    rows = [{"at": {"city": "Ulm", "zip": 89073}, "tags": ["a"]}, {"at": None, "tags": None}]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "t.parquet")
    return "t.parquet"


def nested_lines(folder: Path) -> str:
    (folder / "t.jsonl").write_text('{"at": {"city": "Ulm", "zip": 89073}, "tags": ["a"]}\n{"tags": null}\n', "utf8")
    return "t.jsonl"


@pytest.mark.parametrize("write", [nested_parquet, nested_lines])
def test_an_object_is_columns_and_a_list_is_refused_by_name(write: Callable[[Path], str], tmp_path: Path) -> None:
    """Dotted names for what is in an object; a list is no cell, and is never taken for its text."""
    frame = tables.read(write(tmp_path), settled(), tmp_path)

    assert frame["at.city"].tolist()[0] == "Ulm" and int(frame["at.zip"].tolist()[0]) == 89073
    assert pd.isna(frame["at.city"].tolist()[1])
    assert parse(frame["tags"], Column(name="tags", type="category", nullable=True))[1].tolist() == [True, False]
    with pytest.raises(InputError, match=r"column 'tags' holds \['a'\] in row 1, expected .*data.drop=\[tags\]"):
        infer(frame.assign(goal=["no", "yes"]), target="goal")
