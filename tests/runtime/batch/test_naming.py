"""Names of columns in the places where answers go: what a place can hold arrives there, what it cannot is refused by
name before anything is written, and both are what the databases themselves do."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from mlgen_runtime.batch.pump import after
from mlgen_runtime.batch.sink import Run, naming, open_sink
from mlgen_runtime.core.errors import InputError
from mlgen_runtime.usecase.batches import Field, Form, Portion
from pyarrow import parquet

pytest_plugins = ["postgres"]

KINDS = ("sqlite:///p.db#t", "postgresql", "delta://delta", "p.parquet", "folder")
#: Names that a header or a label may have, each with something that a language of queries or of files means.
ODD = (
    "a\nb", "a\tb", 'a"b', '"', "a\\b", "a'b", "a%b", "%s", "%(a)s", ":x", "a:b", "[a]", "a](b", "a.b", "a b ", "a (b)",
    "a?b", "a;b", "a,b", "{a}", "$a", "select", "AbC", "é", "ä" * 31, "x" * 63, "a\x01b", "batch_number", "-- a", "名",
)  # fmt: skip


def form(key: str, *figures: str) -> Form:
    """A key, the prediction, and figures."""
    fields = (Field(key, "integer"), Field("prediction", "text"), *(Field(name, "number") for name in figures))
    return Form(fields, (key,), lasting=True)


@pytest.fixture(params=KINDS, ids=["SQLite", "PostgreSQL", "Delta", "Parquet", "a folder"])
def address(request: pytest.FixtureRequest) -> str:
    """A place of each kind."""
    if request.param == "postgresql":
        return f"{request.getfixturevalue('database')}#t"
    return str(request.param)


def written(address: str, root: Path, wanted: Form, number: int) -> None:
    """Three rows, by a run of its own."""
    sink = open_sink(address, root, False)
    run = Run(f"r{number}", "j", "s", "f", "1", "2026-01-31")
    table = pa.table([[1, 2, 3], list("abc"), *([[0.1, 0.2, 0.3]] * (len(wanted.fields) - 2))], schema=wanted.schema)
    try:
        sink.check(wanted)
        with sink.hold(run, wanted, False):
            standing = sink.begin()
            portion = Portion(table, (), 3, 3, np.array([1, 2, 3]))
            sink.write(portion, after(portion, standing))
            sink.finish(after(portion, standing))
    finally:
        sink.close()


def names(address: str, root: Path) -> list[str]:
    """The names of the columns that are there now."""
    if address.startswith("sqlite"):
        with closing(sqlite3.connect(root / "p.db")) as database:
            return [column[0] for column in database.execute("SELECT * FROM t").description]
    if address.startswith("postgresql"):
        with psycopg.connect(address.partition("#")[0]) as connection:
            return [column.name for column in connection.execute("SELECT * FROM t").description or ()]
    if address.startswith("delta"):
        return [field.name for field in DeltaTable(root / "delta").schema().fields]
    place = root / address
    return list(parquet.read_schema(place if place.is_file() else next(place.glob("*.parquet"))).names)


def test_odd_names_are_held_as_they_are(address: str, tmp_path: Path) -> None:
    """As the key and as a figure, by a first run and by one that replaces its rows."""
    key, *figures = ODD
    for number in (1, 2):
        written(address, tmp_path, form(key, *figures), number)

    assert names(address, tmp_path) == [key, "prediction", *figures, "model_version", "run_id", "scored_at"]


@pytest.mark.parametrize("key", ODD)
def test_any_of_them_is_a_key_in_a_database(key: str, tmp_path: Path) -> None:
    """Statements compare and merge by it."""
    for number in (1, 2):
        written("sqlite:///p.db#t", tmp_path, form(key), number)

    with closing(sqlite3.connect(tmp_path / "p.db")) as database:
        assert database.execute("SELECT count(*), max(run_id) FROM t").fetchone() == (3, "r2")


#: Columns that cannot stand in one table of a kind, and the words for it.
REFUSED: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "SQLite": [
        (
            ("probability_Yes", "probability_yes"),
            "takes 'probability_Yes' (a column of the answers) and 'probability_yes'",
        ),
        (("Run_ID",), "takes 'Run_ID' (a column of the answers) and 'run_id' (a stamp of the run) for one column"),
        (("a\0b",), "has no column 'a\\x00b' (a column of the answers), for no name can hold a NUL character"),
        (tuple(f"p{number}" for number in range(2000)), "holds 2,000 columns, and the answers have 2,005"),
    ],
    "PostgreSQL": [
        (("x" * 64,), f"cuts names off after 63 bytes, and '{'x' * 64}' (a column of the answers) has 64"),
        (("ä" * 32,), "has 64"),
        (("a\0b",), "for no name can hold a NUL character"),
        (tuple(f"p{number}" for number in range(1600)), "holds 1,600 columns, and the answers have 1,605"),
    ],
    "Delta": [
        (("Ä", "ä"), "takes 'Ä' (a column of the answers) and 'ä' (a column of the answers) for one column"),
        (("Scored_at",), "takes 'Scored_at'"),
    ],
    "Parquet": [(("scored_at",), "takes 'scored_at' (a column of the answers) and 'scored_at' (a stamp of the run)")],
}
ADDRESSES = {
    "SQLite": "sqlite:///p.db#t",
    "PostgreSQL": "postgresql://me:secret@host/shop#t",
    "Delta": "delta://delta",
    "Parquet": "p.parquet",
}


@pytest.mark.parametrize(
    ("kind", "figures", "words"), [(kind, *case) for kind, cases in REFUSED.items() for case in cases]
)
def test_what_cannot_be_held_is_refused_by_name(kind: str, figures: tuple[str, ...], words: str) -> None:
    """One line: the deployment and the place without its password, the column and where it is from, the way out."""
    columns = [(field.name, "a column of the answers") for field in form("id", *figures).fields]

    with pytest.raises(InputError) as refused:
        naming.of(ADDRESSES[kind]).check(columns, ADDRESSES[kind])

    message = str(refused.value)
    assert words in message and "\n" not in message and "secret" not in message
    assert message.startswith("batch (batch.output=")
    assert "in the source" in message or "choose another place" in message


@pytest.mark.parametrize(
    ("kind", "figures"), [(kind, case[0]) for kind in ("SQLite", "Delta", "Parquet") for case in REFUSED[kind]]
)
def test_the_sink_itself_refuses_before_it_writes(kind: str, figures: tuple[str, ...], tmp_path: Path) -> None:
    """In a dry run as in a run: nothing is there afterwards."""
    with pytest.raises(InputError, match=r"batch \(batch\.output="):
        written(ADDRESSES[kind], tmp_path, form("id", *figures), 1)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "figures"), [(kind, case[0]) for kind, cases in REFUSED.items() for case in cases])
def test_what_is_refused_could_not_be_written(
    kind: str,
    figures: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """The rules are those of the databases and of the libraries: without ours, theirs stop the run."""
    address = f"{request.getfixturevalue('database')}#t" if kind == "PostgreSQL" else ADDRESSES[kind]
    monkeypatch.setattr(naming.Naming, "check", lambda *given: None)

    with pytest.raises(Exception):  # noqa: B017  # each has an error of its own
        written(address, tmp_path, form("id", *figures), 1)


def test_other_kinds_hold_what_one_cannot() -> None:
    """The way out that a message names is one."""
    columns: list[tuple[str, Any]] = [(name, "") for name in ("probability_Yes", "probability_yes", "x" * 80)]

    assert naming.PARQUET.check(columns, "p.parquet") is None
    for one, kind in itertools.product(columns, (naming.SQLITE, naming.DELTA)):
        assert kind.check([one], "p") is None
